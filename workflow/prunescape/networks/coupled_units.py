"""Units of a module that can only go together, as data (no torch).

A filter's output is read by all layers that follow, and where a residual sum adds the outputs of
several layers, a channel of the sum is a filter of each of them. What belongs to such a unit lies
in many tensors: rows of the weights that make it, columns of those that read it, and the numbers
of BatchNorm between them. `module_units` finds them.
"""

from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from prunescape.foundations.files import Arrays


class Part(NamedTuple):
    """What units have in one tensor.

    Attributes:
        tensor: its name in the network, such as "3.weight" or "own.norm.running_mean".
        axis: of the positions, without the axis of replicates.
        positions: which ones belong to a unit.
        units: to which unit each of them belongs.
    """

    tensor: str
    axis: int
    positions: Sequence[int]
    units: Sequence[int]


class Units(NamedTuple):
    """Units that are alike, such as the channels of a stage: its part in every tensor.

    Attributes:
        size: how many units.
        parts: what they have.
    """

    size: int
    parts: Sequence[Part]

    def weights(self) -> list[tuple[str, Part]]:
        """Return (layer, part) for the parts in weights of layers, which pruning may remove."""
        return [
            (part.tensor.removesuffix(".weight"), part)
            for part in self.parts
            if part.tensor.endswith(".weight") and not part.tensor.startswith("own.")
        ]

    def made_by(self) -> list[str]:
        """Return the layers whose outputs they are."""
        return [layer for layer, part in self.weights() if part.axis == 0]


def chained(shapes: Mapping[str, Sequence[int]]) -> list[Units]:
    """Return the neurons and filters of hidden layers, each of which feeds the next layer alone.

    After a convolution is flattened, each of its filters feeds a run of inputs.

    Args:
        shapes: layer -> [out, in, ...] of its weights, in running order.

    Raises:
        ValueError: if a layer's inputs can't come from the units of the layer before.
    """
    found = []
    for (name, (size, *_)), (following, (_, inputs, *_)) in pairwise(shapes.items()):
        if inputs % size:
            raise ValueError(f"{inputs} inputs can't come from {size} units")
        every, sources = range(size), [i // (inputs // size) for i in range(inputs)]
        made = Part(f"{name}.weight", 0, every, every)
        read = Part(f"{following}.weight", 1, range(inputs), sources)
        found.append(Units(size, [made, read]))
    return found


def inside(units: Sequence[Units], layers: Container[str], key: str) -> list[Units]:
    """Return those units that have all of their weights in some layers.

    Args:
        units: as in a network.
        layers: the layers' names.
        key: of the scope in the config that says so, for the message.

    Raises:
        ValueError: if there are none.
    """
    found = [each for each in units if all(layer in layers for layer, _ in each.weights())]
    if not found:
        raise ValueError(
            f"{key}: found layers that have no unit for themselves, which all layers that make it "
            "or read it would have to be among; allowed: more layers"
        )
    return found


def read(described: Sequence[Any]) -> list[Units]:
    """Return units from JSON, in which tuples are lists."""
    return [Units(size, [Part(*part) for part in parts]) for size, parts in described]


def gone(units: Units, kept: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which units keep no weight: bool [size].

    `kept`: layer -> boolean mask [out, in, ...] of one replicate.
    """
    empty = np.ones(units.size, dtype=bool)
    for layer, part in units.weights():
        rows = np.moveaxis(kept[layer], part.axis, 0)
        some = np.asarray(rows.reshape(len(rows), -1).any(axis=1))[list(part.positions)]
        np.logical_and.at(empty, list(part.units), ~some)
    return empty


def without(arrays: Arrays, units: Sequence[Units], gone: Sequence[np.ndarray]) -> Arrays:
    """Return the tensors of a network that are left when units are taken out.

    Args:
        arrays: name -> numbers of one replicate; parts of other tensors are passed over.
        units: as in a network.
        gone: for each of them, which ones are taken out: bool [size].
    """
    kept: dict[tuple[str, int], np.ndarray] = {}
    for each, out in zip(units, gone, strict=True):
        for part in each.parts:
            if part.tensor in arrays:
                length = arrays[part.tensor].shape[part.axis]
                own = kept.setdefault((part.tensor, part.axis), np.ones(length, dtype=bool))
                own[np.asarray(part.positions)[out[list(part.units)]]] = False
    left = dict(arrays)
    for (name, axis), own in kept.items():
        left[name] = np.compress(own, left[name], axis=axis)
    return left
