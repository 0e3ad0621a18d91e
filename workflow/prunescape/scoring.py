"""Scores of a checkpoint by every criterion of its study (needs torch)."""

from collections.abc import Iterable

import numpy as np
import torch

from prunescape import criteria, streams
from prunescape.checkpoints import Checkpoint
from prunescape.moments import input_moments

Arrays = dict[str, np.ndarray]


def scores(
    checkpoint: Checkpoint,
    names: Iterable[str],
    images: torch.Tensor,
    root: tuple[int | str, ...],
) -> tuple[Arrays, Arrays]:
    """Score every weight of a checkpoint by the criteria `names`.

    Args:
        checkpoint: the fitted ensemble.
        names: criteria.
        images: training images [N, C, H, W], on the device that is to be used.
        root: first parts of the random streams' names: the run's seed and the study.

    Returns:
        "<criterion>/<layer>" -> scores [R, out, in, ...], and "<layer>" -> mean input
        [R or 1, in, ...] over the training images.

    Raises:
        ValueError: if a criterion needs a posterior and the fit has none.
    """
    names = list(names)
    device = images.device
    parameters = checkpoint.parameters(device)
    moments = input_moments(checkpoint.network, parameters, checkpoint.scaling.to(device), images)
    weights = checkpoint.tensors(".weight", device)
    statistics = {"input_deviation": {layer: m[1].unsqueeze(1) for layer, m in moments.items()}}
    needed = criteria.needed(names)
    if "sigma" in needed:
        if not any(name.endswith(".sigma") for name in checkpoint.arrays):
            raise ValueError(f"criteria {sorted(names)}: some need a posterior; the fit has none")
        statistics["sigma"] = checkpoint.tensors(".weight.sigma", device)
    if "noise" in needed:
        statistics["noise"] = _noise(weights, checkpoint.replicates, root)
    scored = {
        f"{name}/{layer}": value.cpu().numpy()
        for name in names
        for layer, value in criteria.score(name, weights, statistics).items()
    }
    return scored, {layer: mean.cpu().numpy() for layer, (mean, _) in moments.items()}


def _noise(
    weights: dict[str, torch.Tensor], replicates: list[int], root: tuple[int | str, ...]
) -> dict[str, torch.Tensor]:
    return {
        layer: torch.as_tensor(
            np.stack(
                [
                    streams.generator(*root, "random criterion", r, layer).random(weight.shape[1:])
                    for r in replicates
                ]
            ),
            device=weight.device,
        )
        for layer, weight in weights.items()
    }
