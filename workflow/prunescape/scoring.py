"""Scores of a checkpoint by every criterion of its study (needs torch)."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
import torch

from prunescape import criteria, streams
from prunescape.checkpoints import Checkpoint
from prunescape.gradients import full_gradient
from prunescape.moments import Moments, input_moments
from prunescape.objectives import objective
from prunescape.preconditioned import preconditioner

Arrays = dict[str, np.ndarray]


def scores(
    checkpoint: Checkpoint,
    names: Iterable[str],
    fit: Mapping[str, Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    moments: Moments,
    root: tuple[int | str, ...],
) -> Arrays:
    """Score every weight of a checkpoint by the criteria `names`.

    Args:
        checkpoint: the fitted ensemble.
        names: criteria.
        fit: the fit of the config that made the checkpoint; objective, optimiser and batch_size
            are read by criteria that need a gradient or a preconditioner.
        images: training images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        moments: of the layers' inputs over the training images, as `input_moments` returns them;
            may be empty if no criterion needs them.
        root: first parts of the random streams' names: the run's seed and the study.

    Returns:
        "<criterion>/<layer>" -> scores [R, out, in, ...].

    Raises:
        ValueError: if a criterion needs a posterior or a preconditioner and the fit has none.
    """
    names, device = list(names), images.device
    weights = checkpoint.tensors(".weight", device)
    statistics = {"input_deviation": {layer: m[1].unsqueeze(1) for layer, m in moments.items()}}
    needed = criteria.needed(names)
    if "sigma" in needed:
        if not any(name.endswith(".sigma") for name in checkpoint.arrays):
            raise ValueError(f"criteria {sorted(names)}: some need a posterior; the fit has none")
        statistics["sigma"] = checkpoint.tensors(".weight.sigma", device)
    if "gradient" in needed:
        slopes = full_gradient(
            objective(checkpoint.network, fit["objective"]),
            checkpoint.parameters(device),
            checkpoint.scaling.to(device),
            images,
            labels,
        )
        statistics["gradient"] = {layer: slopes[f"{layer}.weight"] for layer in weights}
    if "preconditioner" in needed:
        if fit["optimiser"]["kind"] != "psgd":
            raise ValueError(f"criteria {sorted(names)}: hg needs optimiser.kind: psgd")
        statistics["preconditioner"] = {
            layer: preconditioner(
                noise,
                fit["optimiser"],
                parameters=sum(map(prod, checkpoint.network.shapes.values())),
                images=len(images),
                batch_size=fit["batch_size"],
            )
            for layer, noise in checkpoint.tensors(".weight.noise", device).items()
        }
    if "noise" in needed:
        statistics["noise"] = _noise(weights, checkpoint.replicates, root)
    return {
        f"{name}/{layer}": value.cpu().numpy()
        for name in names
        for layer, value in criteria.score(name, weights, statistics).items()
    }


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


def scores_by_arm(
    checkpoint: Checkpoint,
    fit: Mapping[str, Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    root: tuple[int | str, ...],
) -> tuple[Arrays, list[int]]:
    """Score the members of each arm of a retrained checkpoint by the arm's own criterion.

    Args:
        checkpoint: a retrained ensemble.
        fit: the settings that it was trained with.
        images: training images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        root: first parts of the random streams' names.

    Returns:
        "<criterion>/<scope>/<layer>" -> scores [R, out, in, ...], and the R replicates.
    """
    found: Arrays = {}
    for criterion, scope in dict.fromkeys(arm[:2] for arm in checkpoint.arms or []):
        if criterion == "none":
            continue
        members = checkpoint.of_arm(criterion, scope)
        measured = {}
        if "input_deviation" in criteria.needed([criterion]):
            parameters = members.parameters(images.device)
            scaling = members.scaling.to(images.device)
            measured = input_moments(members.network, parameters, scaling, images)
        scored = scores(members, [criterion], fit, images, labels, measured, root)
        found |= {
            f"{criterion}/{scope}/{name.removeprefix(criterion + '/')}": value
            for name, value in scored.items()
        }
    return found, list(dict.fromkeys(checkpoint.replicates))
