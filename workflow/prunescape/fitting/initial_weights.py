"""Weights before training, each replicate's from streams of its own (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prunescape.foundations import streams
from prunescape.foundations.files import Arrays
from prunescape.networks.network import Network


def initial_weights(
    network: Network,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
) -> Arrays:
    """Draw initial weights; biases start at zero but under `torch_default`.

    `distribution`: zeros; normal with standard deviation `scale`; he_uniform: uniform on
    +-sqrt(6 / inputs) (He et al. 2015, equation 10), the usual start before a ReLU; glorot_uniform:
    uniform on +-sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, equation 16); torch_default:
    weights and biases uniform on +-sqrt(1 / inputs), as torch's own layers start. `inputs` counts
    all of a unit's inputs, also those without a weight in sparse layers.

    own: as a module of the user starts; what such a module has beside layers with weights always
    does.
    """
    kind = settings["distribution"]
    starts = {r: network.start(streams.seed(*root, "initial weights", r)) for r in replicates}
    layers = {f"{layer.name}.{part}" for layer in network.weighted for part in ("weight", "bias")}
    arrays = {}
    for name, shape in network.shapes.items():
        if kind == "own" or name not in layers:
            arrays[name] = np.stack([starts[replicate][name] for replicate in replicates])
            continue
        inputs = np.prod(network.shapes[name.replace(".bias", ".weight")][1:])
        members = []
        for replicate in replicates:
            stream = streams.generator(*root, "initial weights", replicate, name)
            if kind == "torch_default":
                member = stream.uniform(-np.sqrt(1 / inputs), np.sqrt(1 / inputs), shape)
            elif name.endswith(".bias") or kind == "zeros":
                member = np.zeros(shape)
            elif kind == "normal":
                member = stream.normal(0.0, settings["scale"], shape)
            else:
                outputs = shape[0] * np.prod(shape[2:]) if kind == "glorot_uniform" else 0
                bound = np.sqrt(6 / (inputs + outputs))
                member = stream.uniform(-bound, bound, shape)
            members.append(member.astype(np.float32))
        arrays[name] = np.stack(members)
    return arrays
