"""Scopes: among whom the removed weights are counted, and in which layers.

Those of the library take all prunable layers. A study may have scopes of its own, which count like
one of these, but in some layers only: the others keep all their weights. Standard library only: the
workflow imports this when it is parsed.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

BUILT_IN = (
    *("global", "layer", "output_unit", "floor", "erdos_renyi", "erk"),
    *("input_unit", "neuron"),
)
GROUPED = ("n_m", "block")
"""Scopes that count groups of weights, whose size the study says: they are a study's own."""
OWN = "allocation"
"""The kind of scope whose layers keep what a function in a user's file says."""
WHOLE = ("input_unit", "neuron")
"""Scopes that count whole units, which have weights in one layer or several."""
KINDS = ("global", "layer", "output_unit", "floor", "erdos_renyi", "erk", "neuron", *GROUPED, OWN)
"""Scopes that can be limited to some layers. All but one count weights or groups of one layer's; of
neurons those are counted that have all of their weights in these layers."""
LayerName = int | str
"""A layer's number (-1: the last), or a pattern of its path in the user's module."""
_SHOWN = 30
"""Most paths that a message lists."""


class Scope(NamedTuple):
    """How a scope counts, and in which layers; without either list, in all.

    Attributes:
        kind: one of BUILT_IN, GROUPED or OWN; "none" of dense networks.
        only: the layers that are pruned.
        but: the layers that are not pruned.
        group: n and m of n_m; the outputs and the inputs of a block.
        density: path/to/file.py:function of an allocation.
    """

    kind: str
    only: Sequence[LayerName] = ()
    but: Sequence[LayerName] = ()
    group: Sequence[int] = ()
    density: str = ""

    def layers(self, paths: Mapping[str, str], key: str) -> list[str]:
        """Return the numbers of the layers that are pruned, in the network's order.

        Args:
            paths: number of each prunable layer -> its path in the user's module (its number again
                in a network that the config lists), in the network's order.
            key: the scope's key in the config, for messages.

        Raises:
            ValueError: for the first of `problems`.
        """
        for place, text in self.problems(paths):
            raise ValueError(f"{'.'.join([key, *place])}: {text}")
        return self._layers(paths)

    def problems(self, paths: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield what is wrong for a network: keys below the scope's, and a text "found ...".

        That is a name of no layer, and lists that leave no layer to prune. `paths` as in `layers`.
        """
        named = [("layers", name) for name in self.only] + [("except", name) for name in self.but]
        unknown = [(key, name) for key, name in named if not _meant(name, paths)]
        for key, name in unknown:
            yield (key,), f"found {name!r}{_unknown(name, paths)}"
        if not unknown and not self._layers(paths):
            yield ("except",), "found all layers that would be pruned; allowed: to leave one"

    def _layers(self, paths: Mapping[str, str]) -> list[str]:
        only = {layer for name in self.only for layer in _meant(name, paths)}
        but = {layer for name in self.but for layer in _meant(name, paths)}
        return [layer for layer in paths if layer not in but and (layer in only or not self.only)]


UNPRUNED = Scope("none")


def scope(config: Mapping[str, Any], study: str, name: str) -> Scope:
    """Return a scope of the library, or of a study: `catalogue.<study>.scopes.<name>`."""
    own = config["catalogue"][study].get("scopes", {})
    return of_block(own[name]) if name in own else Scope(name)


def of_block(block: Mapping[str, Any]) -> Scope:
    """Return the scope that a block of the config describes."""
    group = map(int, block["pattern"].split(":")) if "pattern" in block else block.get("block", ())
    only, but = tuple(block.get("layers", ())), tuple(block.get("except", ()))
    return Scope(block["kind"], only, but, tuple(group), block.get("density", ""))


def _meant(name: LayerName, paths: Mapping[str, str]) -> list[str]:
    """Return the numbers of the layers that a name means; [] if there is none."""
    if isinstance(name, str):
        return [layer for layer, path in paths.items() if path == name or fnmatchcase(path, name)]
    if name < 0:
        return list(paths)[name:][:1] if -name <= len(paths) else []
    return [str(name)] if str(name) in paths else []


def _unknown(name: LayerName, paths: Mapping[str, str]) -> str:
    """Return the rest of a message about a name of no layer: what may be meant and is allowed."""
    numbers = list(paths)
    allowed = f"; allowed: a number from {numbers[0]} to {numbers[-1]}, or -1 for the last"
    named = list(paths.values())
    if named == numbers:
        return allowed
    close = difflib.get_close_matches(str(name), named, n=1)
    listed = ", ".join(named[:_SHOWN]) + ", ..." * (len(named) > _SHOWN)
    perhaps = f", perhaps {close[0]} is meant" if close else ""
    return f"{perhaps}{allowed}; a path, or a pattern of paths ({listed})"
