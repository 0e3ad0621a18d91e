"""Made-up ensembles and images for the tests of the library."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import streams
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.scoring import input_moments, ranking

LOGISTIC = [{"kind": "linear", "units": 4, "bias": False}]
PERCEPTRON = [
    {"kind": "linear", "units": 7},
    {"kind": "tanh"},
    {"kind": "linear", "units": 5, "bias": False},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]
CONVOLUTIONAL = [
    {"kind": "conv", "filters": 3, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "relu"},
    {"kind": "conv", "filters": 5, "size": 2, "bias": False},
    {"kind": "tanh"},
    {"kind": "linear", "units": 6},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]


# The settings of a fit that every criterion can read.
PSGD = {
    "objective": {"kind": "likelihood", "softmax": "once"},
    "optimiser": {
        "kind": "psgd",
        "floor": 0.3,
        "scale": 0.5,
        "normalisation": "images",
        "start": "measured",
    },
    "batch_size": 8,
    "initial_weights": {"distribution": "torch_default"},
}


def ties(replicates: int, name: str = "ties") -> list[np.random.Generator]:
    """Return a fresh stream for each replicate."""
    return [streams.generator("test", name, r) for r in range(replicates)]


def uint8_images(n: int, image: tuple[int, ...] = (1, 8, 8), name: str = "images") -> torch.Tensor:
    """Return n random images [n, *image]."""
    generator = streams.generator("test", name)
    return torch.from_numpy(generator.integers(0, 256, (n, *image), dtype=np.uint8))


def classes(n: int, many: int = 4) -> torch.Tensor:
    """Return n random labels."""
    return torch.from_numpy(streams.generator("test", "labels").integers(0, many, n))


def parameters(network: Network, replicates: int, name: str = "weights") -> dict[str, torch.Tensor]:
    """Return random parameters [replicates, ...], none of them zero."""
    generator = streams.generator("test", name)
    return {
        key: torch.from_numpy(generator.normal(0, 0.5, (replicates, *shape)).astype(np.float32))
        for key, shape in network.shapes.items()
    }


def member(tensors: Mapping[str, torch.Tensor], r: int) -> dict[str, torch.Tensor]:
    """Return one network of an ensemble, as an ensemble of one."""
    return {name: tensor[r : r + 1].clone() for name, tensor in tensors.items()}


def masks(
    network: Network, replicates: int, share: float = 0.5, name: str = "masks"
) -> dict[str, np.ndarray]:
    """Return random masks, layer -> boolean [replicates, ...]."""
    generator = streams.generator("test", name)
    return {
        layer.name: generator.random((replicates, *layer.shape)) >= share
        for layer in network.weighted
    }


def checkpoint(
    layers: Sequence[Mapping[str, Any]] = PERCEPTRON,
    image: tuple[int, ...] = (1, 8, 8),
    replicates: Sequence[int] = (1, 2, 3),
    *,
    posterior: bool = False,
) -> Checkpoint:
    """Return a made-up checkpoint; a replicate's numbers do not depend on the others'."""
    network = Network(layers, image)
    members = [parameters(network, 1, name=f"replicate {r}") for r in replicates]
    arrays = {name: torch.cat([each[name] for each in members]).numpy() for name in network.shapes}
    if posterior:
        sigmas = {
            f"{layer.name}.weight.sigma": 0.1 + arrays[f"{layer.name}.weight"] ** 2
            for layer in network.weighted
        }
        noise = {f"{name}.noise": np.abs(array) for name, array in arrays.items()}
        movement = {f"{name}.movement": -0.5 * array for name, array in arrays.items()}
        arrays |= sigmas | noise | movement
    fitted_on = {"train": "1" * 64, "validation": "2" * 64}
    scaling = Scaling.fit("signed", uint8_images(2, image))
    return Checkpoint(layers, image, scaling, arrays, list(replicates), fitted_on)


def scored(
    fitted: Checkpoint, names: Iterable[str], images: torch.Tensor, root: tuple[int | str, ...]
) -> tuple[dict[str, np.ndarray], dict[str, torch.Tensor]]:
    """Return the scores of a checkpoint, and the mean inputs of its layers."""
    parameters = fitted.parameters(torch.device("cpu"))
    measured = input_moments.input_moments(fitted.network, parameters, fitted.scaling, images)
    labels = classes(len(images))
    scores = ranking.scores(fitted, names, PSGD, images, labels, measured, root)
    return scores, input_moments.means(measured)
