"""Physically smaller networks, without the units that have no inputs or no outputs (needs torch).

The output of a unit without inputs is a constant, which the next layer's biases absorb. So the
smaller dense network computes the same function.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from prunescape.exports.portable import Portable
from prunescape.foundations.files import Arrays
from prunescape.pruning.source_units import by_source

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda value: np.maximum(value, 0),
    "tanh": np.tanh,
    "max_pool": np.asarray,
}
"""Kind of a layer that acts on every unit separately -> its function, applied to a constant."""


def compact(model: Portable) -> Portable:
    """Return a network without the hidden neurons and filters that have no effect.

    The last layer keeps all units, and so does a layer before k_winners, since its units compete.
    Every other layer keeps at least one unit.
    """
    layers = [dict(layer) for layer in model.layers]
    arrays = {name: value.astype(np.float64) for name, value in model.arrays.items()}
    places = [i for i, layer in enumerate(layers) if "units" in layer or "filters" in layer]
    hidden = [
        (str(number + 1), str(number + 2), [layer["kind"] for layer in layers[start + 1 : end]])
        for number, (start, end) in enumerate(pairwise(places))
    ]
    hidden = [each for each in hidden if set(each[2]) <= ACTIVATIONS.keys()]
    for name, following, between in hidden:
        weight = arrays[f"{name}.weight"]
        idle = ~np.asarray(weight.reshape(len(weight), -1).any(axis=1))
        if not idle.any():
            continue
        constant = arrays.get(f"{name}.bias", np.zeros(len(weight)))
        for kind in between:
            constant = ACTIVATIONS[kind](constant)
        passed = by_source(arrays[f"{following}.weight"][None], len(weight))[0].sum(axis=2)
        layers[places[int(following) - 1]]["bias"] = True
        bias = arrays.get(f"{following}.bias", np.zeros(len(passed)))
        arrays[f"{following}.bias"] = bias + passed[:, idle] @ constant[idle]
        # One idle unit may stay, so that the layer isn't empty; its constant must not count twice.
        by_source(arrays[f"{following}.weight"][None], len(weight))[0][:, idle] = 0
        _take(arrays, name, following, _at_least_one(~idle))
    for name, following, _ in reversed(hidden):
        sources = by_source(arrays[f"{following}.weight"][None], len(arrays[f"{name}.weight"]))[0]
        used = np.asarray(sources.any(axis=(0, 2)))
        arrays[f"{name}.weight"][~used] = 0  # also for an unused unit that stays
        _take(arrays, name, following, _at_least_one(used))
    for number, place in enumerate(places, 1):
        key = "units" if "units" in layers[place] else "filters"
        layers[place][key] = len(arrays[f"{number}.weight"])
    found = {name: value.astype(np.float32) for name, value in arrays.items()}
    return replace(model, layers=layers, arrays=found)


def _at_least_one(kept: np.ndarray) -> np.ndarray:
    """Return which units stay: the first one, if `kept` has none."""
    return kept if kept.any() else np.arange(len(kept)) == 0


def _take(arrays: Arrays, name: str, following: str, kept: np.ndarray) -> None:
    """Keep some units of a layer, in place: its rows and the next layer's columns."""
    own, after = arrays[f"{name}.weight"], arrays[f"{following}.weight"]
    sources = by_source(after[None], len(own))[0][:, kept]
    width = after.shape[1] // len(own) * int(kept.sum())
    arrays[f"{following}.weight"] = sources.reshape(len(after), width, *after.shape[2:])
    arrays[f"{name}.weight"] = own[kept]
    if f"{name}.bias" in arrays:
        arrays[f"{name}.bias"] = arrays[f"{name}.bias"][kept]
