"""Masks from scores, in the same way for all criteria: exact numbers or thresholds.

A mask is a boolean array like the scores: [R, out, in] or [R, out, in, height, width], R replicates
first, True = keep. Scores are "higher = keep". Under `exact_k` the number of removed units is
exactly `levels.count(level, units)`, to the nearest integer or rounded down; the replicate's random
stream breaks ties. What an earlier mask removed is removed first, so the masks of a schedule are
nested.

Scopes, the units among which k is counted:
    global: all weights.
    layer: the weights of every layer separately.
    output_unit: the incoming weights of every unit (a row of a linear layer, a filter of a
        convolution) separately.
    floor: all weights, but every layer keeps at least `floor` weights.
    erdos_renyi, erk, allocation: all weights, of which each layer keeps what `allocations.kept`
        gives it.
    input_unit: the input columns of every layer except the last, ranked by the L2 norm of the
        column's scores.
    neuron: the units of every hidden layer, ranked by the L2 norm of the scores of their incoming
        and outgoing weights together; of a module, which says so, the units of several layers that
        can only go together (`coupled_units`).
    n_m: every m inputs of a unit, of which n are kept whatever k is (`groups.keep_n_of_m`).
    block: the blocks of every layer, ranked by `groups.block_strengths`.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from prunescape.foundations import levels
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks import coupled_units
from prunescape.networks.coupled_units import Units
from prunescape.pruning import allocations, groups
from prunescape.pruning.source_units import by_source


def exact_k(
    scores: Arrays,
    level: str,
    scope: str,
    streams: Sequence[np.random.Generator],
    *,
    floor: int = 0,
    group: Sequence[int] = (),
    density: str = "",
    previous: Arrays | None = None,
    rounding: str = "nearest",
    units: Sequence[Units] = (),
) -> Arrays:
    """Remove the share `level` of the units that `scope` names, those with the lowest scores.

    Args:
        scores: layer name -> [R, out, in, ...], in the order of the network; finite.
        level: share to remove, a decimal string in [0, 1].
        scope: the set of units among which k is counted, one of those above.
        streams: one generator a replicate, which breaks ties.
        floor: least number of weights that a layer keeps under `floor` (all, if it has fewer).
        group: n and m of `n_m`; the outputs and the inputs that a `block` spans.
        density: of an `allocation`, path/to/file.py:function.
        previous: an earlier mask; what it removed is removed first.
        rounding: of k, as in `levels.rounded`.
        units: for `neuron`; none: those of layers that feed one another in a row.

    Returns:
        Layer name -> boolean mask of the scores' shape.

    Raises:
        ValueError: for an unknown scope, scores that are not finite, a level below that of
            `previous`, a floor that leaves too few weights to remove, or a level that n of m don't
            give.
    """
    _check(scores, previous)
    selected = choose(_SCOPES, scope, "scope")
    part = _Part(level, rounding, floor, (*group,), density, (*units,))
    replicates = {len(value) for value in scores.values()}
    if replicates != {len(streams)}:
        raise ValueError(f"scores of {max(replicates)} replicates, but {len(streams)} streams")
    ranked = {
        name: np.ascontiguousarray(
            value if previous is None else np.where(previous[name], value, -np.inf)
        )
        for name, value in scores.items()
    }
    members = [
        selected({name: value[r] for name, value in ranked.items()}, part, stream)
        for r, stream in enumerate(streams)
    ]
    kept = {name: np.stack([member[name] for member in members]) for name in scores}
    if previous is not None and any(np.any(kept[name] & ~previous[name]) for name in scores):
        raise ValueError(
            f"level {level}: the earlier mask has removed more already; "
            "the levels of a schedule must not fall"
        )
    return kept


def threshold(scores: Arrays, level: str) -> Arrays:
    """Keep the weights whose score is at least the decimal `level`, which has the score's units.

    `scores` as in `exact_k`; returns masks of the same shapes.
    """
    _check(scores, None)
    return {name: value >= levels.number(level) for name, value in scores.items()}


def pack(masks: Arrays) -> Arrays:
    """Pack boolean masks [R, ...] into bits: uint8 [R, ceil(weights / 8)]."""
    return {name: np.packbits(mask.reshape(len(mask), -1), axis=1) for name, mask in masks.items()}


def unpack(packed: Arrays, shapes: Mapping[str, Sequence[int]]) -> Arrays:
    """Undo `pack`; `shapes` gives each layer's shape without the replicate axis.

    Raises ValueError if a layer is missing or has another number of weights.
    """
    if packed.keys() != shapes.keys():
        raise ValueError(f"mask of layers {sorted(packed)}, expected {sorted(shapes)}")
    masks = {}
    for name, shape in shapes.items():
        bits, weights = packed[name], int(np.prod(shape))
        if bits.shape[1] != -(-weights // 8):
            raise ValueError(
                f"mask of layer {name} doesn't have the {weights} weights of its layer"
            )
        masks[name] = (
            np.unpackbits(bits, axis=1, count=weights).astype(bool).reshape(-1, *shapes[name])
        )
    return masks


def dead_units(masks: Arrays, *, chained: bool = True) -> np.ndarray:
    """Count the dead units of every replicate: int [R].

    A unit (a neuron, or the filter of a convolution) is dead if it keeps no incoming weight or,
    unless it is an output, no outgoing one. Outgoing weights are known only if layers are
    `chained`, so that a layer feeds the next one alone; otherwise only incoming weights count.
    """
    layers = list(masks.values())
    dead = np.zeros(len(layers[0]), dtype=np.int64)
    for index, mask in enumerate(layers):
        reached = mask.reshape(*mask.shape[:2], -1).any(axis=2)
        if chained and index + 1 < len(layers):
            reached &= by_source(layers[index + 1], mask.shape[1]).any(axis=(1, 3))
        dead += (~reached).sum(axis=1)
    return dead


class _Part(NamedTuple):
    """The part of units that goes: a level, how its number is rounded, and the scope's settings."""

    level: str
    rounding: str
    floor: int
    group: tuple[int, ...]
    density: str
    units: tuple[Units, ...]

    def of(self, units: int) -> int:
        """Return how many of `units` go."""
        return levels.count(self.level, units, self.rounding)


def _check(scores: Arrays, previous: Arrays | None) -> None:
    for name, value in scores.items():
        if not np.isfinite(value).all():
            raise ValueError(f"layer {name} has scores that are not finite")
        if previous is not None and (name not in previous or previous[name].shape != value.shape):
            raise ValueError(f"the earlier mask of layer {name} doesn't have the scores' shape")


def _keep_highest(scores: np.ndarray, removed: int, stream: np.random.Generator) -> np.ndarray:
    """Return a mask that removes exactly the `removed` lowest of flat scores."""
    kept = np.ones(scores.size, dtype=bool)
    # Always drawn, even if no scores are equal, so that ties have the same order at every level.
    lot = stream.random(scores.size)
    if removed == 0:
        return kept
    cut = np.partition(scores, removed - 1)[removed - 1]
    kept[scores < cut] = False
    tied = np.flatnonzero(scores == cut)
    excess = removed - (scores.size - int(kept.sum()))
    kept[tied[np.argsort(lot[tied])[:excess]]] = False
    return kept


def _global(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    flat = np.concatenate([value.ravel() for value in member.values()])
    kept = _keep_highest(flat, part.of(flat.size), stream)
    return _split(kept, member)


def _layer(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    return {
        name: _keep_highest(value.ravel(), part.of(value.size), stream).reshape(value.shape)
        for name, value in member.items()
    }


def _output_unit(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    kept = {}
    for name, value in member.items():
        rows = value.reshape(len(value), -1)
        removed = part.of(rows.shape[1])
        units = [_keep_highest(row, removed, stream) for row in rows]
        kept[name] = np.stack(units).reshape(value.shape)
    return kept


def _floor(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    flat = np.concatenate([value.ravel() for value in member.values()])
    safe = np.concatenate(
        [
            _keep_highest(value.ravel(), max(value.size - part.floor, 0), stream)
            for value in member.values()
        ]
    )
    removed, free = part.of(flat.size), np.flatnonzero(~safe)
    if removed > free.size:
        raise ValueError(
            f"level {part.level} removes {removed} weights, but a floor of {part.floor} a layer "
            f"leaves only {free.size} to remove (key: floor)"
        )
    kept = np.ones(flat.size, dtype=bool)
    kept[free] = _keep_highest(flat[free], removed, stream)
    return _split(kept, member)


def _allocated(kind: str, member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    total = sum(value.size for value in member.values())
    shapes = {name: value.shape for name, value in member.items()}
    kept = allocations.kept(kind, shapes, total - part.of(total), part.density)
    return {
        name: _keep_highest(value.ravel(), value.size - kept[name], stream).reshape(value.shape)
        for name, value in member.items()
    }


def _n_m(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    n, m = part.group
    if levels.share(part.level) != 1 - Fraction(n, m):
        raise ValueError(f"level {part.level}: {n} of {m} weights are kept, a level of {1 - n / m}")
    return {
        name: groups.keep_n_of_m(value, (n, m), stream.random(value.shape))
        for name, value in member.items()
    }


def _block(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    kept, (outputs, inputs) = {}, part.group
    for name, value in member.items():
        strengths = groups.block_strengths(value, (outputs, inputs))
        blocks = _keep_units(strengths.ravel(), part, stream).reshape(strengths.shape)
        whole = groups.spread(blocks, (outputs, inputs), *value.shape[:2])
        kept[name] = whole & ~np.isneginf(value)
    return kept


def _input_unit(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    kept = {name: ~np.isneginf(value) for name, value in member.items()}
    for name in list(member)[:-1]:
        weights = member[name].reshape(*member[name].shape[:2], -1)
        strength = _square(weights).sum(axis=(0, 2))
        strength[np.isneginf(weights).all(axis=(0, 2))] = -np.inf
        columns = _keep_units(strength, part, stream)
        kept[name][:, ~columns] = False
    return kept


def _neuron(member: Arrays, part: _Part, stream: np.random.Generator) -> Arrays:
    kept = {name: ~np.isneginf(value) for name, value in member.items()}
    shapes = {name: value.shape for name, value in member.items()}
    for units in part.units or coupled_units.chained(shapes):
        strength, gone = np.zeros(units.size), np.ones(units.size, dtype=bool)
        for layer, own in units.weights():
            rows = np.moveaxis(member[layer], own.axis, 0)[list(own.positions)]
            rows = rows.reshape(len(rows), -1)
            np.add.at(strength, list(own.units), _square(rows).sum(axis=1))
            np.logical_and.at(gone, list(own.units), np.isneginf(rows).all(axis=1))
        strength[gone] = -np.inf
        whole = _keep_units(strength, part, stream)
        for layer, own in units.weights():
            out = np.asarray(own.positions)[~whole[list(own.units)]]
            np.moveaxis(kept[layer], own.axis, 0)[out] = False
    return kept


def _keep_units(strength: np.ndarray, part: _Part, stream: np.random.Generator) -> np.ndarray:
    """Return which units stay; strength -inf marks units that an earlier mask removed entirely."""
    units = _keep_highest(strength, part.of(strength.size), stream)
    if (units & np.isneginf(strength)).any():
        raise ValueError(
            f"level {part.level}: the earlier mask has removed more already; "
            "the levels of a schedule must not fall"
        )
    return units


def _square(scores: np.ndarray) -> np.ndarray:
    """Square scores for an L2 norm; removed weights (-inf) add 0, the least possible."""
    return np.where(np.isneginf(scores), 0.0, scores.astype(np.float64) ** 2)


def _split(flat: np.ndarray, like: Arrays) -> Arrays:
    ends = np.cumsum([value.size for value in like.values()])[:-1]
    parts = np.split(flat, ends)
    return {
        name: part.reshape(value.shape)
        for (name, value), part in zip(like.items(), parts, strict=True)
    }


_SCOPES: dict[str, Callable[[Arrays, _Part, np.random.Generator], Arrays]] = {
    "global": _global,
    "layer": _layer,
    "output_unit": _output_unit,
    "floor": _floor,
    "erdos_renyi": partial(_allocated, "erdos_renyi"),
    "erk": partial(_allocated, "erk"),
    "allocation": partial(_allocated, "allocation"),
    "input_unit": _input_unit,
    "neuron": _neuron,
    "n_m": _n_m,
    "block": _block,
}
