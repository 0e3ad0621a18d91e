"""Fits an ensemble to images and returns its checkpoint (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from prunescape.data.image_tensors import ImageTensors
from prunescape.fitting import training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.resuming import Progress
from prunescape.foundations.choices import choose
from prunescape.networks import architectures
from prunescape.networks.ensembles import DTYPES
from prunescape.networks.scaling import Scaling


def fit(
    split: ImageTensors,
    layers: list[dict[str, Any]] | str,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    *,
    device: torch.device | str = "cpu",
    start: Checkpoint | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Fit an ensemble of networks.

    Args:
        split: the training images, on the CPU, where the scaling is measured.
        layers: the networks' layers, or path/to/file.py:name.
        settings: a fit of the config.
        root: first parts of the random streams' names.
        replicates: numbers of the replicates to fit; with `start`, its replicates are fitted.
        device: where to train.
        start: point estimates to start from.
        progress: file in which the training's state is kept, so that it goes on after a kill.

    Returns:
        A checkpoint without the replicates that diverged in this training or in that of `start`.

    Raises:
        ValueError: the last layer doesn't have a unit for each class, or the training fails.
    """
    dtype = choose(DTYPES, settings.get("dtype", "float32"), "dtype")
    scaling = Scaling.fit(settings["scaling"], split.images, dtype)
    shape = tuple(split.images.shape[1:])
    network = architectures.network(layers, scaling.shape(shape))
    if network.outputs != split.classes:
        raise ValueError(
            f"networks: the last layer has {network.outputs} units, expected one for each of the "
            f"{split.classes} classes of the data set"
        )
    begun = [*network.shapes, *network.buffers]
    there = split.to(device)
    fitted = training.fit(
        network,
        scaling,
        there.images,
        there.labels,
        settings,
        root,
        start.replicates if start else list(replicates),
        {name: start.arrays[name] for name in begun} if start else None,
        progress=progress,
    )
    return Checkpoint(
        layers,
        shape,
        scaling,
        fitted.arrays,
        fitted.replicates,
        opened(split, start),
        diverged=(*(start.diverged if start else ()), *fitted.diverged),
    )


def opened(split: ImageTensors, start: Checkpoint | None = None) -> dict[str, str]:
    """Return split -> SHA-256 of the data files that a fit learns from, through `start` too."""
    return split.opened | (start.fitted_on if start else {})
