"""Weights before training, drawn from the replicate's random streams (needs torch)."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from prunescape.fitting import sparse_weights
from prunescape.foundations import streams
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Shape

Settings = Mapping[str, Any]


def initial_weights(
    network: ReplicatedNetwork,
    settings: Settings,
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    dtype: torch.dtype = torch.float32,
) -> Arrays:
    """Draw initial weights; biases start at zero, except under `torch_default`.

    `distribution`: zeros; normal with standard deviation `scale`; he_uniform: uniform on
    +-sqrt(6 / inputs) (He et al. 2015, equation 10), the usual start before a ReLU; glorot_uniform:
    uniform on +-sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, equation 16); torch_default:
    weights and biases uniform on +-sqrt(1 / inputs), as torch's own layers start; own: the values
    that a user's module starts with. `inputs` counts all of a unit's inputs, also those without a
    weight in sparse layers; with `fan_in: nonzero`, which he_uniform and torch_default have, only
    those that have one. With `biases: drawn` the biases of normal, he_uniform and glorot_uniform
    are drawn like their layer's weights.

    Whatever the distribution, a user's module starts its other parameters, frozen parameters and
    buffers itself. Raises ValueError for another distribution.
    """
    kind = settings["distribution"]
    draw = choose(_DISTRIBUTIONS, kind, "initial_weights.distribution")
    starts = {r: network.start(streams.seed(*root, "initial weights", r)) for r in replicates}
    layers = {f"{layer.name}.{part}" for layer in network.weighted for part in ("weight", "bias")}
    started = [name for name in network.buffers if all(name in start for start in starts.values())]
    arrays = {name: np.stack([starts[r][name] for r in replicates]) for name in started}
    biases = choose(
        {"zero": False, "drawn": True}, settings.get("biases", "zero"), "initial_weights.biases"
    )
    drawn, numbers = biases or kind == "torch_default", torch.empty(0, dtype=dtype).numpy().dtype
    fans = _fans(network, settings)
    for name, shape in network.shapes.items():
        if draw is None or name not in layers:
            arrays[name] = np.stack([starts[replicate][name] for replicate in replicates])
            continue
        inputs = fans[name.rpartition(".")[0]]
        is_zero = name.endswith(".bias") and not drawn
        members = []
        for replicate in replicates:
            stream = streams.generator(*root, "initial weights", replicate, name)
            member = np.zeros(shape) if is_zero else draw(stream, shape, inputs, settings)
            members.append(member.astype(numbers))
        arrays[name] = np.stack(members)
    return arrays


def _fans(network: ReplicatedNetwork, settings: Settings) -> dict[str, int]:
    """Return layer -> how many inputs of a unit count, by the setting fan_in."""
    counted = {"all": lambda layer: prod(layer.shape[1:]), "nonzero": sparse_weights.nonzero}
    count = choose(counted, settings.get("fan_in", "all"), "initial_weights.fan_in")
    return {layer.name: count(layer) for layer in network.weighted}


def _zeros(_: np.random.Generator, shape: Shape, _inputs: int, _settings: Settings) -> np.ndarray:
    return np.zeros(shape)


def _normal(stream: np.random.Generator, shape: Shape, _: int, settings: Settings) -> np.ndarray:
    return stream.normal(0.0, settings["scale"], shape)


def _he_uniform(stream: np.random.Generator, shape: Shape, inputs: int, _: Settings) -> np.ndarray:
    return _uniform(stream, shape, 6 / inputs)


def _glorot_uniform(
    stream: np.random.Generator, shape: Shape, inputs: int, _: Settings
) -> np.ndarray:
    return _uniform(stream, shape, 6 / (inputs + shape[0] * prod(shape[2:])))


def _torch_default(
    stream: np.random.Generator, shape: Shape, inputs: int, _: Settings
) -> np.ndarray:
    return _uniform(stream, shape, 1 / inputs)


def _uniform(stream: np.random.Generator, shape: Shape, square: float) -> np.ndarray:
    bound = np.sqrt(square)
    return stream.uniform(-bound, bound, shape)


Draw = Callable[[np.random.Generator, Shape, int, Settings], np.ndarray]
_DISTRIBUTIONS: dict[str, Draw | None] = {
    "zeros": _zeros,
    "normal": _normal,
    "he_uniform": _he_uniform,
    "glorot_uniform": _glorot_uniform,
    "torch_default": _torch_default,
    "own": None,
}
"""Name -> function that draws a tensor, given its shape and a unit's number of inputs, or None."""
