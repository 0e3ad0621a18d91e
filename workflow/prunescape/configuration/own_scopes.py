"""Checks of a study's own scopes: their names, and the layers that they name."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import blocks_in, mapping, texts_in, texts_of, unknown_name
from prunescape.configuration.words import Place, Problem, plain, shown
from prunescape.pipeline.scopes import BUILT_IN, KINDS, Scope, of_block

_WEIGHTED = ("linear", "conv")
"""Kinds of layers of the config that have weights."""


def check_scope(place: Place, block: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a scope has a name of its own, and that it says which layers it takes."""
    if place[-1] in ("none", *BUILT_IN):
        text = f"found {shown(place[-1])}, a scope of the library"
        yield place, f"{text}; allowed: another name"
    if not {"layers", "except"} & block.keys():
        yield (*place, "layers"), "found neither layers nor except; allowed: either or both"


def kind_of(name: str, scopes: dict[Any, Any]) -> Any:
    """Return how a scope counts: the kind of a study's own, the name of one of the library."""
    return mapping(scopes.get(name)).get("kind") if name in scopes else name


def check_scopes_of_arm(
    place: Place, arm: dict[Any, Any], fits: Any, networks: Any, scopes: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that an arm's scopes exist, and that its networks have the layers that they name.

    Of a network in a file the layers are unknown here: `check_network` looks there.
    """
    known = dict.fromkeys([*BUILT_IN, *scopes])
    for i, name in texts_in(arm.get("scopes")):
        here = (*place, "scopes", i)
        yield from unknown_name(here, name, known, "a scope of the library or of the study")
        if scope := _readable(scopes.get(name)):
            for network in networks_of(arm, fits):
                for keys, text in _problems(scope, mapping(networks).get(network)):
                    at_scope = (*place[:2], "scopes", name, *keys)
                    yield at_scope, f"{text} (in the network {plain(network)})"


def _problems(scope: Scope, layers: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with a scope for a network that is a list of layers; else nothing."""
    if isinstance(layers, list):
        weighted = [each for _, each in blocks_in(layers) if each.get("kind") in _WEIGHTED]
        paths = {str(i): str(i) for i, _ in enumerate(weighted, 1)}
        yield from scope.problems(paths) if paths else ()


def networks_of(arm: dict[Any, Any], fits: Any) -> list[str]:
    """Return the names of the networks that an arm prunes: its own, or those of its fits."""
    settings = [mapping(mapping(fits).get(fit)) for fit in texts_of(arm.get("fits"))]
    of_fits = [name for each in settings for name in texts_of(each.get("networks"))]
    return list(dict.fromkeys(texts_of(arm.get("networks")) or of_fits))


def _readable(block: Any) -> Scope | None:
    """Return the scope that a block describes; None if the schema refuses it."""
    lists = [mapping(block).get(key, []) for key in ("layers", "except")]
    if not all(isinstance(each, list) for each in lists):
        return None
    names = [name for each in lists for name in each]
    named = all(type(name) is int or (isinstance(name, str) and name) for name in names)
    return of_block(block) if named and mapping(block).get("kind") in KINDS else None
