"""The training loop: R networks at once, each with its own batches (needs torch).

Data stays in memory as it is on disk; a batch is one indexed read, scaled on the fly. Each
replicate draws its batches, initial weights and posterior samples from streams of its own, which
all fits of a study share.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from prunescape import streams
from prunescape.ensembles import Ensemble
from prunescape.networks import Network
from prunescape.objectives import objective
from prunescape.scaling import Scaling

Arrays = dict[str, np.ndarray]


def fit(
    network: Network,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    start: Arrays | None = None,
) -> Arrays:
    """Fit an ensemble and return its estimates.

    Args:
        network: the network of every member.
        scaling: input scaling.
        images: training images [N, C, H, W], uint8 or float32 in [0, 1], on the device to use.
        labels: their classes [N], on the same device.
        settings: a fit of the config: objective, initial_weights, optimiser, batch_size, epochs.
        root: first parts of all stream names: the run's seed and the study.
        replicates: numbers of the members.
        start: weights and biases [R, ...] to start from instead of `initial_weights`.

    Returns:
        Parameter name -> [R, ...] float32; for a variational fit also `<weight>.sigma`.

    Raises:
        ValueError: if the loss of a member stops being finite; names the epoch and the setting.
    """
    goal = objective(network, settings["objective"])
    ensemble = Ensemble(goal.shapes, len(replicates), images.device)
    ensemble.load(start or initial_weights(network, settings["initial_weights"], root, replicates))
    goal.initialise(ensemble)
    generators = [
        torch.Generator(images.device).manual_seed(streams.seed(*root, "posterior samples", r))
        for r in replicates
    ]
    optimiser = _optimiser(ensemble, settings["optimiser"])
    epochs, size = settings["epochs"], settings["batch_size"]
    batches = -(-len(images) // size)
    scaling = scaling.to(images.device)
    progress = tqdm(total=epochs * batches, unit="step", mininterval=5, ascii=True)
    with progress:
        for epoch in range(epochs):
            order = batch_order(len(images), root, replicates, epoch).to(images.device)
            total = torch.zeros(len(replicates), device=images.device)
            for chosen in order.split(size, dim=1):
                batch = scaling(_rows(images, chosen))
                losses = goal.loss(ensemble, batch, _rows(labels, chosen), generators)
                ensemble.backward(losses.sum())
                goal.add_penalty(ensemble, epoch, len(images), batches)
                optimiser.step()
                total += losses.detach() * (chosen.shape[1] / len(images))
                progress.update()
            _report(progress, epoch, total, replicates)
    return {name: t.detach().cpu().numpy() for name, t in goal.estimates(ensemble).items()}


def batch_order(
    images: int, root: tuple[int | str, ...], replicates: Sequence[int], epoch: int
) -> torch.Tensor:
    """Return the order in which each replicate sees the images in an epoch: int64 [R, N]."""
    orders = [streams.generator(*root, "batches", r, epoch).permutation(images) for r in replicates]
    return torch.from_numpy(np.stack(orders))


def _rows(values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return values [N, ...] at positions [R, B] as [R, B, ...]; copies whole rows."""
    return values.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)


def initial_weights(
    network: Network,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
) -> Arrays:
    """Draw initial weights; biases start at zero.

    `distribution`: zeros; normal with standard deviation `scale`; or he_uniform: uniform on
    +-sqrt(6 / inputs) (He et al. 2015, equation 10), the usual start before a ReLU.
    """
    arrays = {}
    for name, shape in network.shapes.items():
        members = []
        for replicate in replicates:
            stream = streams.generator(*root, "initial weights", replicate, name)
            if name.endswith(".bias") or settings["distribution"] == "zeros":
                member = np.zeros(shape)
            elif settings["distribution"] == "normal":
                member = stream.normal(0.0, settings["scale"], shape)
            else:
                bound = np.sqrt(6 / np.prod(shape[1:]))
                member = stream.uniform(-bound, bound, shape)
            members.append(member.astype(np.float32))
        arrays[name] = np.stack(members)
    return arrays


def _optimiser(ensemble: Ensemble, settings: Mapping[str, Any]) -> torch.optim.Optimizer:
    rate = settings["learning_rate"]
    if settings["kind"] == "adam":
        return torch.optim.Adam([ensemble.flat], lr=rate, fused=True)
    return torch.optim.SGD([ensemble.flat], lr=rate, momentum=settings["momentum"], fused=True)


def _report(progress: tqdm, epoch: int, losses: torch.Tensor, replicates: Sequence[int]) -> None:
    """Show the epoch's mean loss; stop when a member's loss is not finite."""
    values = losses.cpu().numpy()
    lost = [r for r, value in zip(replicates, values, strict=True) if not np.isfinite(value)]
    if lost:
        raise ValueError(
            f"the loss of replicates {lost} is not finite in epoch {epoch + 1}; "
            "a lower optimiser.learning_rate is the usual remedy"
        )
    progress.set_postfix_str(f"epoch {epoch + 1}, loss {values.mean():.4f}", refresh=False)
