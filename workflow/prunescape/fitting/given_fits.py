"""Makes a checkpoint of weights that the user gives, a file a replicate (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prunescape.data.image_tensors import ImageTensors
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks import architectures, given_weights


def fit(
    split: ImageTensors,
    layers: list[dict[str, Any]] | str,
    settings: Mapping[str, Any],
    weights: Sequence[str],
    replicates: Sequence[int],
) -> tuple[Checkpoint, list[str]]:
    """Return an ensemble with weights from files, and a line on each; nothing is trained.

    Args:
        split: the training images, on which the scaling may be measured. What the weights were
            trained on nobody here can know; `fitted_on` names these images.
        layers: the network's layers, or path/to/file.py:name.
        settings: scaling, dtype and objective, whose kind is `variational` for a posterior.
        weights: safetensors files, one for each replicate.
        replicates: their numbers.

    Raises:
        ValueError: if the last layer doesn't have a unit for each class, or as
            `given_weights.read`.
    """
    network, scaling = architectures.of_fit(layers, split.images, split.classes, settings)
    posterior = settings["objective"]["kind"] == "variational"
    dtype = scaling.scale.dtype
    read = {
        path: given_weights.read(path, network, posterior=posterior, dtype=dtype)
        for path in weights
    }
    lines = [
        "; ".join([f"{path}: the weights of this network", *given.notes])
        for path, given in read.items()
    ]
    members = [given.arrays for given in read.values()]
    checkpoint = Checkpoint(
        layers,
        tuple(split.images.shape[1:]),
        scaling,
        {name: np.stack([member[name] for member in members]) for name in sorted(members[0])},
        list(replicates),
        split.opened,
    )
    return checkpoint, lines
