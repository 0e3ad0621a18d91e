"""Fits an ensemble to images and returns its checkpoint (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from prunescape.data.image_tensors import ImageTensors
from prunescape.fitting import parallel_training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.history import Validation
from prunescape.fitting.resuming import Progress
from prunescape.networks import architectures
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.pipeline import fits


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
    processes: int = 1,
    validation: Validation | None = None,
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
        processes: the most processes that share the replicates; on a GPU it is one.
        validation: images, on `device`, on which accuracy is measured now and then.

    Returns:
        A checkpoint without the replicates that diverged in this training or in that of `start`.

    Raises:
        ValueError: a class has no unit, replicates would be one network, or the training fails.
    """
    network, scaling = architectures.of_fit(layers, split.images, split.classes, settings)
    if not start and len(replicates) > 1:
        _refuse_alike(network, settings, len(split.labels))
    begun = [*network.shapes, *network.buffers]
    there = split.to(device)
    fitted = parallel_training.fit(
        network,
        scaling,
        there.images,
        there.labels,
        settings,
        root,
        start.replicates if start else list(replicates),
        {name: start.arrays[name] for name in begun} if start else None,
        progress=progress,
        processes=processes,
        validation=validation,
    )
    return Checkpoint(
        layers,
        tuple(split.images.shape[1:]),
        scaling,
        fitted.arrays,
        fitted.replicates,
        opened(split, start),
        diverged=(*(start.diverged if start else ()), *fitted.diverged),
    )


def _refuse_alike(network: ReplicatedNetwork, settings: Mapping[str, Any], images: int) -> None:
    """Refuse a training in which nothing is drawn, neither for the start nor for the batches."""
    layers = {f"{layer.name}.{part}" for layer in network.weighted for part in ("weight", "bias")}
    zeros = settings["initial_weights"]["distribution"] == "zeros"
    dense = all(layer.nonzero == 1 for layer in network.weighted)
    same = fits.alike(settings, images)
    if zeros and dense and same and layers >= network.shapes.keys():
        raise ValueError(
            f"fits: initial_weights.distribution: zeros with {same}: all replicates would be one "
            "network; allowed: another distribution, or batches that differ"
        )


def opened(split: ImageTensors, start: Checkpoint | None = None) -> dict[str, str]:
    """Return split -> SHA-256 of the data files that a fit learns from, through `start` too."""
    return split.opened | (start.fitted_on if start else {})
