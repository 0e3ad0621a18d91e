"""Checks of a study's own scopes: their names, and the layers that they name."""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    levels_in,
    mapping,
    step_levels,
    texts_in,
    texts_of,
    unknown_name,
)
from prunescape.configuration.words import Place, Problem, plain, shown
from prunescape.foundations import plain_functions, user_files
from prunescape.pipeline.scopes import BUILT_IN, GROUPED, KINDS, OWN, WHOLE, Scope, of_block
from prunescape.pruning import allocations

WEIGHTED = ("linear", "conv")
"""Kinds of layers of the config that have weights."""


def check_scope(place: Place, block: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a scope has a name of its own, and that it says what differs from the library's.

    That is which layers it takes, or the size of its groups of weights.
    """
    if place[-1] in ("none", *BUILT_IN):
        text = f"found {shown(place[-1])}, a scope of the library"
        yield place, f"{text}; allowed: another name"
    kind = block.get("kind")
    yield from _check_density((*place, "density"), block)
    if not {"layers", "except"} & block.keys() and kind not in (*GROUPED, OWN):
        yield (*place, "layers"), "found neither layers nor except; allowed: either or both"
    for of, key, allowed in (
        ("n_m", "pattern", 'a text such as "2:4"'),
        ("block", "block", "a list such as [4, 1]"),
        (OWN, "density", "path/to/file.py:function"),
    ):
        if kind == of and key not in block:
            yield (*place, key), f"found nothing, but kind {of} needs it; allowed: {allowed}"
        if kind != of and key in block:
            yield (*place, key), f"found with kind {shown(kind)}; allowed: with kind: {of} only"
    if group := _pattern(block):
        text, (n, m) = f"found {shown(block['pattern'])}", group
        if n >= m:
            yield (*place, "pattern"), f"{text}, which removes nothing; allowed: n below m"
        elif not _level(n, m):
            text += f", whose level {1 - Fraction(n, m)} can't be written"
            yield (*place, "pattern"), f"{text}; allowed: a share that is a decimal, or n of 1"


def _check_density(place: Place, block: dict[Any, Any]) -> Iterator[Problem]:
    """Check the source of the function in a user's file that shares weights among layers."""
    named = block.get("density")
    if isinstance(named, str) and user_files.NAMED.fullmatch(named):
        try:
            plain_functions.load(named, allocations.PARAMETERS)
        except ValueError as error:
            yield place, f"found {shown(named)}: {error}"


def _level(n: int, m: int) -> str:
    """Return the level at which n of m weights stay, as a config spells it; "" if it can't."""
    share, rest = 1 - Fraction(n, m), Fraction(n, m).denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest == 1:
        return f"{Decimal(share.numerator) / Decimal(share.denominator):f}"
    return f"{Fraction(n, m).denominator}x" if Fraction(n, m).numerator == 1 else ""


def _pattern(block: Any) -> tuple[int, int] | None:
    """Return n and m of a scope of kind n_m; None of others and if the schema refuses them."""
    text = mapping(block).get("pattern")
    if mapping(block).get("kind") != "n_m" or not isinstance(text, str):
        return None
    found = re.fullmatch("([1-9][0-9]*):([1-9][0-9]*)", text, flags=re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def check_groups_of_arm(
    place: Place, arm: dict[Any, Any], schedules: dict[Any, Any], scopes: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that scopes of groups and units have no threshold, and n of m only their own level."""
    for i, name in texts_in(arm.get("scopes")):
        if kind_of(name, scopes) not in (*GROUPED, *WHOLE):
            continue
        if arm.get("selection") == "threshold":
            text = f"found {shown(name)} with selection threshold, which sees single weights"
            yield (*place, "scopes", i), f"{text}; allowed: exact_k with it"
        elif (group := _pattern(scopes.get(name))) and group[0] < group[1] and _level(*group):
            yield from _check_levels(place, arm, schedules, name, group)


def _check_levels(
    place: Place, arm: dict[Any, Any], schedules: dict[Any, Any], name: str, group: tuple[int, int]
) -> Iterator[Problem]:
    n, m = group
    why = f"(scope {plain(name)} keeps {n} of {m}; other levels: in an entry with other scopes)"
    given: list[tuple[Place, str, Fraction]] = [
        ((*place, "levels", i), level, share) for i, level, share in levels_in(arm.get("levels"))
    ]
    for i, schedule in texts_in(arm.get("schedules")):
        steps = step_levels(schedules.get(schedule))
        given += [((*place, "schedules", i), level, share) for _, level, share in steps]
    for here, level, share in given:
        if share != 1 - Fraction(n, m):
            yield here, f"found the level {shown(level)}; allowed: {_level(n, m)!r} {why}"


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
        weighted = [each for _, each in blocks_in(layers) if each.get("kind") in WEIGHTED]
        paths = {str(i): str(i) for i, _ in enumerate(weighted, 1)}
        found = list(scope.problems(paths)) if paths else []
        yield from found
        if scope.kind == "neuron" and paths and not found:
            pruned = {int(layer) for layer in scope.layers(paths, "")}
            if not pruned & {layer + 1 for layer in pruned}:
                text = "found no layer with the one that follows it, where its units' weights are"
                yield ("kind",), f"{text}; allowed: two layers in a row"


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
    plain_block = {key: mapping(block).get(key, []) for key in ("kind", "layers", "except")}
    return of_block(plain_block) if named and plain_block["kind"] in KINDS else None
