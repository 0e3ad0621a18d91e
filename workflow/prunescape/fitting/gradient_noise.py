"""The exact covariance of the gradient noise, and how well SGD's online estimate ranks it.

Preconditioned SGD divides by an estimate C from one image a batch (Mandt, Hoffman and Blei 2017,
arXiv 1704.04289). This module computes C exactly, from every single image's gradient, and compares
the two (needs torch).
"""

from collections.abc import Iterable, Mapping
from itertools import chain, count, islice
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch.func import grad, vmap

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.training import batch_order
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.optimising import first_images
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import Likelihood, objective, point_estimate
from prunescape.optimising.preconditioned import NoiseCovariance

STEPS = 3000  # batches for the estimate at fixed weights
CHUNK = 100  # images at a time: R * 100 gradients are in memory at once

Tensors = dict[str, torch.Tensor]


def exact(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> Tensors:
    """Return the variance of one image's gradient over all training images.

    Args:
        goal: the training's objective, with a network of linear layers only: this library's
            convolutions don't work under torch.func.
        parameters: weights and biases [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].

    Returns:
        Parameter name -> [R, ...] float64: the mean over the images of (g_n - g)^2.
    """

    def loss(member: Parameters, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        alone = {name: value[None] for name, value in member.items()}
        return goal.loss(alone, Batch(image[None, None], label[None, None])).squeeze()

    of_images = vmap(grad(loss), in_dims=(None, 0, 0))
    of_members = vmap(of_images, in_dims=(0, None, None))
    sums = {name: torch.zeros_like(p, dtype=torch.float64) for name, p in parameters.items()}
    squares = {name: torch.zeros_like(value) for name, value in sums.items()}
    for chunk, classes in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        for name, gradients in of_members(parameters, scaling(chunk), classes).items():
            sums[name] += gradients.double().sum(1)
            squares[name] += gradients.double().square().sum(1)
    n = len(images)
    return {name: (squares[name] / n - (sums[name] / n).square()).clamp_min(0) for name in sums}


def online(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    batches: Iterable[torch.Tensor],
) -> Tensors:
    """Return preconditioned SGD's estimate of this variance at fixed weights.

    Args:
        goal: the training's objective.
        parameters: weights and biases [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].
        batches: for every batch, the positions of its images [R, S].

    Returns:
        Parameter name -> [R, ...] float32.
    """
    members = len(next(iter(parameters.values())))
    ensemble = Ensemble(goal.shapes, members, images.device, dtype=scaling.scale.dtype)
    ensemble.load(parameters)
    noise, first = NoiseCovariance(ensemble.flat), torch.zeros_like(ensemble.flat)
    views = ensemble.views(first)
    for chosen in batches:
        shown = images.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)
        first_images.descend(goal, ensemble, Batch(scaling(shown), labels[chosen]), views)
        noise.update(first, ensemble.gradient)
    return ensemble.views(noise.values)


def check(
    checkpoint: Checkpoint,
    fit: Mapping[str, Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    root: tuple[int | str, ...],
) -> list[dict[str, float]]:
    """Compare estimates of C with the exact one at the weights of a checkpoint.

    Args:
        checkpoint: an ensemble that preconditioned SGD fitted.
        fit: the fit of the config that made it.
        images: the training images [N, C, H, W].
        labels: their classes [N].
        root: the run's seed and the study.

    Returns:
        A row a replicate: its number, and Spearman's rank correlations, over all parameters, of the
        exact C with two estimates. `noise_rank_fixed` takes the estimate at fixed weights,
        `noise_rank_trained` the last one of the training, which averages over earlier weights.
        `floored` is the share of the parameters whose last estimate lies below the floor.
    """
    goal = point_estimate(objective(checkpoint.network, fit["objective"]), "check_noise")
    parameters = checkpoint.parameters(images.device)
    of_fit = goal, parameters, checkpoint.scaling.to(images.device), images, labels
    truth = exact(*of_fit)
    name, replicates = (*root, "noise check"), checkpoint.replicates
    orders = (batch_order(len(images), name, replicates, epoch) for epoch in count())
    batches = chain.from_iterable(order.split(fit["batch_size"], dim=1) for order in orders)
    fixed = online(*of_fit, islice(batches, STEPS))
    trained = {name: torch.as_tensor(checkpoint.arrays[f"{name}.noise"]) for name in truth}
    return [
        {
            "replicate": replicate,
            "noise_rank_fixed": rank_correlation(truth, fixed, r),
            "noise_rank_trained": rank_correlation(truth, trained, r),
            "floored": share_below(fit["optimiser"]["floor"], trained, r),
        }
        for r, replicate in enumerate(replicates)
    ]


def share_below(floor: float, noise: Tensors, member: int) -> float:
    """Return the share of one member's entries that lie below the floor, in [0, 1]."""
    below = torch.cat([values[member].flatten() < floor for values in noise.values()])
    return float(below.double().mean())


def rank_correlation(one: Tensors, other: Tensors, member: int) -> float:
    """Return Spearman's rank correlation of one member's entries in two sets of tensors."""

    def entries(tensors: Tensors) -> np.ndarray:
        return np.concatenate([tensors[name][member].flatten().cpu().numpy() for name in one])

    return float(stats.spearmanr(entries(one), entries(other)).statistic)
