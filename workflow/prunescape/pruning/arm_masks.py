"""Makes, reads and checks packed masks, for all arms of a study at one level."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from prunescape.foundations import files, streams
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks import coupled_units
from prunescape.networks.coupled_units import Units
from prunescape.pipeline.scopes import GROUPED, Scope
from prunescape.pruning import groups
from prunescape.pruning import selection as select


class Pruned(NamedTuple):
    """An arm whose masks are made.

    Attributes:
        criterion: whose scores rank the weights.
        scope: name of the scope.
        floor: least number of weights that a layer keeps in a scope of kind floor.
        within: the fields of its `Scope`; None: the library's of that name.
    """

    criterion: str
    scope: str
    floor: int = 0
    within: Sequence | None = None


def masks(
    scores: Arrays,
    arms: Iterable[Sequence],
    selection: str,
    level: str,
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    previous: Arrays | None = None,
    rounding: str = "nearest",
    paths: Mapping[str, str] | None = None,
    units: Sequence[Units] = (),
) -> Arrays:
    """Return packed masks "<criterion>/<scope>/<layer>": uint8 [R, ceil(weights / 8)].

    Layers that a study's own scope leaves out keep all weights, and don't count for the level.

    Args:
        scores: "<criterion>/<layer>" -> [R, out, in, ...]; after a step of a schedule, when arms
            differ in their weights, "<criterion>/<scope>/<layer>".
        arms: the fields of `Pruned` for every arm.
        selection: exact_k or threshold.
        level: the level, a decimal string.
        root: first parts of the streams that break ties: the run's seed and the study.
        replicates: numbers of the members.
        previous: packed masks of the same arms at the step before.
        rounding: of the number of units that go under exact_k: nearest or down.
        paths: number of each prunable layer -> its path, by which own scopes may name it.
        units: of a module, for the scope neuron.

    Raises:
        ValueError: for an unknown selection, scope or layer, for an arm without scores, for the
            scope neuron of a module whose units aren't said, and wherever `selection.exact_k`
            raises one.
    """
    by_threshold = choose({"exact_k": False, "threshold": True}, selection, "selection")
    packed: Arrays = {}
    for arm in (Pruned(*each) for each in arms):
        names = arm.criterion, arm.scope
        every = layers_of(scores, *(names if previous else names[:1]))
        scope = Scope(*(arm.within or [arm.scope]))
        key = f"catalogue.{root[-1]}.scopes.{arm.scope}"
        layers, own = _counted(every, scope, paths, units, key)
        if by_threshold:
            kept = select.threshold(layers, level)
        else:
            ties = [streams.generator(*root, "ties", *names, r) for r in replicates]
            shapes = {name: value.shape[1:] for name, value in every.items()}
            before = previous and select.unpack(layers_of(previous, *names), shapes)
            of_arm: dict[str, Any] = {
                "floor": arm.floor,
                "group": scope.group,
                "density": scope.density,
            }
            of_all: dict[str, Any] = {"previous": before, "rounding": rounding, "units": own}
            kept = select.exact_k(layers, level, scope.kind, ties, **of_arm, **of_all)
        whole = {name: np.ones(value.shape, dtype=bool) for name, value in every.items()} | kept
        packed |= {f"{arm.criterion}/{arm.scope}/{k}": v for k, v in select.pack(whole).items()}
    return packed


def _counted(
    scores: Arrays,
    scope: Scope,
    paths: Mapping[str, str] | None,
    units: Sequence[Units],
    key: str,
) -> tuple[Arrays, Sequence[Units]]:
    """Return the scores of the layers in which a scope counts, and the units that it may count.

    Neurons of some layers are told by their units; their scores are those of all layers.

    ValueError if whole units of a module are to go, but nobody says which there are.
    """
    layers = _within(scores, scope, paths, key)
    if scope.kind != "neuron":
        return layers, units
    is_module = paths is not None and list(paths) != list(paths.values())
    if is_module and not units:
        raise ValueError("scope neuron: found scores without the module's units; run score anew")
    if len(layers) == len(scores):
        return layers, units
    shapes = {name: value.shape[1:] for name, value in scores.items()}
    return scores, coupled_units.inside(units or coupled_units.chained(shapes), layers, key)


def _within(scores: Arrays, scope: Scope, paths: Mapping[str, str] | None, key: str) -> Arrays:
    """Return the scores of the layers in which a scope counts, and of their biases."""
    weights = [name for name in scores if not name.endswith(".bias")]
    chosen = scope.layers(paths or dict(zip(weights, weights, strict=True)), key)
    return {name: value for name, value in scores.items() if name.removesuffix(".bias") in chosen}


def read(
    path: str | os.PathLike, shapes: Mapping[str, Sequence[int]]
) -> tuple[Arrays, Sequence[int]]:
    """Return the packed masks of a file and the replicates that they belong to.

    Args:
        path: file that `prune` wrote.
        shapes: layer -> shape of its weights [out, in, ...], for the network that is pruned.

    Raises:
        ValueError: if the file can't be read or holds masks of another network; names the file.
    """
    packed, replicates = files.read_members(path)
    for name, bits in packed.items():
        _, _, layer = name.split("/") if name.count("/") == 2 else ("", "", name)
        width = -(-math.prod(shapes[layer]) // 8) if layer in shapes else None
        if bits.dtype != np.uint8 or bits.shape[1:] != (width,):
            expected = ", ".join(f"{k} {list(shape)}" for k, shape in shapes.items())
            raise ValueError(
                f"{path}: masks of another network: {name} is {list(bits.shape)} {bits.dtype}, "
                f"expected the bits of the weights of {expected}"
            )
    return packed, replicates


def of_replicates(arrays: Arrays, has: Sequence[int], wanted: Sequence[int]) -> Arrays:
    """Select from arrays [R, ...] of the replicates `has` those of the replicates `wanted`.

    Raises ValueError if one is missing.
    """
    missing = sorted(set(wanted) - set(has))
    if missing:
        raise ValueError(f"masks of replicates {list(has)}, without {missing}")
    rows = [list(has).index(replicate) for replicate in wanted]
    return {name: array[rows] for name, array in arrays.items()}


def empty_layers(packed: Arrays, replicates: Sequence[int]) -> list[str]:
    """Return a line for every layer of an arm in which some replicates keep no weight.

    That is allowed but shown: min_layer_kept is 0 in the table, and the report's front page lists
    these arms.
    """
    found = []
    for name, bits in packed.items():
        empty = [r for r, row in zip(replicates, bits, strict=True) if not row.any()]
        if empty:
            arm, _, layer = name.rpartition("/")
            found.append(f"{arm}: nothing is kept in layer {layer} of replicates {empty}")
    return found


def leftovers(
    scores: Arrays,
    arms: Iterable[Sequence],
    paths: Mapping[str, str] | None = None,
    *,
    chained: bool = False,
) -> list[str]:
    """Return a line for every layer that a scope's groups of weights don't fill.

    Args:
        scores: as of `masks`.
        arms: as of `masks`.
        paths: as of `masks`.
        chained: whether the scores are of a step's networks, with the scope in their names.
    """
    found = []
    for arm in {each.scope: each for each in (Pruned(*each) for each in arms)}.values():
        scope = Scope(*(arm.within or [arm.scope]))
        if scope.kind in GROUPED:
            every = layers_of(scores, *(arm.criterion, arm.scope)[: 1 + chained])
            for name, value in _within(every, scope, paths, f"scopes.{arm.scope}").items():
                if text := groups.leftover(value.shape[1:], scope.kind, scope.group):
                    found.append(f"scope {arm.scope}: layer {name}: {text}")
    return found


def layers_of(arrays: Arrays, *path: str) -> Arrays:
    """Return layer -> array of the entries "<path>/<layer>"; ValueError if there are none."""
    prefix = "/".join(path) + "/"
    layers = {
        name.removeprefix(prefix): value
        for name, value in sorted(arrays.items(), key=lambda item: (len(item[0]), item[0]))
        if name.startswith(prefix)
    }
    if not layers:
        raise ValueError(f"no entry {prefix}<layer> in the file")
    return layers
