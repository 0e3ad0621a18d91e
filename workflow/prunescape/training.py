"""The training loop: R networks at once, each with its own batches (needs torch).

Data stays in memory as it is on disk; a batch is one indexed read, scaled on the fly. Each
replicate draws its batches, initial weights and posterior samples from streams of its own, which
all fits of a study share.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from prunescape import optimisers, sparse_weights, streams
from prunescape.ensembles import Ensemble
from prunescape.initial_weights import initial_weights
from prunescape.networks import Network
from prunescape.objectives import Batch, objective
from prunescape.preconditioned import PreconditionedSGD
from prunescape.resuming import Progress
from prunescape.scaling import Scaling

Arrays = dict[str, np.ndarray]
BAR = {"unit": "step", "mininterval": 5, "ascii": True}


def fit(
    network: Network,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    start: Arrays | None = None,
    trainable: Arrays | None = None,
    first_epoch: int = 0,
    progress: Progress | None = None,
) -> Arrays:
    """Fit an ensemble and return its estimates.

    Args:
        network: the network of every member.
        scaling: input scaling.
        images: training images [N, C, H, W], uint8 or float32 in [0, 1], on the device to use.
        labels: their classes [N], on the same device.
        settings: a fit of the config: objective, initial_weights, optimiser, batch_size,
            first_epoch_batch_size, epochs, shuffle, sparse_weights.
        root: first parts of all stream names: the run's seed and the study.
        replicates: the replicate of each of M members; members of a replicate share its batches.
        start: weights, biases and buffers [M, ...] to start from instead of `initial_weights`, with
            the state of preconditioned SGD if that goes on.
        trainable: weight name -> boolean [M, ...]; the others keep their value, bit by bit.
        first_epoch: number of the first epoch, which names its batches; for training that goes on.
        progress: where the training keeps how far it is, and goes on from after it was killed.

    Returns:
        Parameter or buffer name -> [M, ...] float32; for a variational fit also `<weight>.sigma`;
        for preconditioned SGD what `PreconditionedSGD.state` returns.

    Raises:
        ValueError: if the loss of a member stops being finite: at the end of that epoch, with the
            replicate, the step, the loss and the setting.
    """
    goal = objective(network, settings["objective"])
    buffers = network.initial_buffers(len(replicates), images.device)
    ensemble = Ensemble(goal.shapes, len(replicates), images.device, buffers)
    if start:
        ensemble.load({name: value for name, value in start.items() if name in ensemble.values})
    else:
        ensemble.load(initial_weights(network, settings["initial_weights"], root, replicates))
    sparse = {
        f"{layer}.weight": mask
        for layer, mask in sparse_weights.masks(network, root, replicates).items()
    }
    _clear(ensemble.tensors, sparse)
    goal.initialise(ensemble)
    held = settings.get("sparse_weights", "held") == "held"
    fixed = Fixed(ensemble, _both(trainable or {}, sparse if held else {}))
    generators = [
        torch.Generator(images.device).manual_seed(streams.seed(*root, "posterior samples", r))
        for r in replicates
    ]
    optimiser = optimisers.optimiser(ensemble, settings, len(images), fixed.free)
    if isinstance(optimiser, PreconditionedSGD) and start and "noise.t" in start:
        optimiser.load(start)
    epochs = settings["epochs"]
    sizes = [settings["batch_size"]] * epochs
    sizes[0] = settings.get("first_epoch_batch_size", sizes[0])
    counts = [-(-len(images) // size) for size in sizes]
    scaling = scaling.to(images.device)
    own = list(dict.fromkeys(replicates))
    members = torch.tensor([own.index(r) for r in replicates], device=images.device)
    done = progress.resume(ensemble, optimiser, generators) if progress else 0
    if done:
        print(f"goes on after epoch {done} of {epochs}", file=sys.stderr)
    with tqdm(total=sum(counts), initial=sum(counts[:done]), **BAR) as bar:
        for epoch, size, batches in list(zip(range(epochs), sizes, counts, strict=True))[done:]:
            order = batch_order(
                len(images), root, own, first_epoch + epoch, settings.get("shuffle", True)
            ).to(images.device)
            losses = torch.zeros(batches, len(replicates), device=images.device)
            for step, chosen in enumerate(order.split(size, dim=1)):
                optimisers.set_rate(
                    optimiser, settings["optimiser"], epoch + step / batches, epochs
                )
                batch = Batch(scaling(_rows(images, chosen)), _rows(labels, chosen))
                if len(own) < len(replicates):
                    batch = Batch(batch.images[members], batch.labels[members])
                if not held:
                    _clear(ensemble.tensors, sparse)
                if isinstance(optimiser, PreconditionedSGD):
                    optimiser.keep_first(goal.loss(ensemble.values, batch.first, training=True))
                penalty = goal.penalty(epoch, batches) / len(images)
                losses[step] = goal.descend(ensemble, batch, generators, penalty)
                optimiser.step()
                bar.update()
            _report(bar, epoch, losses, replicates)
            fixed.check(optimiser)
            network.end_epoch(ensemble.buffers)
            if progress:
                progress.keep(epoch + 1, ensemble, optimiser, generators)
    found = dict(goal.estimates(ensemble))
    if isinstance(optimiser, PreconditionedSGD):
        found |= optimiser.state()
    return {name: t.detach().cpu().numpy() for name, t in found.items()}


class Fixed:
    """The weights of an ensemble that don't train: no gradient, no moment, no change.

    Attributes:
        free: [M, P] in the layout of the ensemble's flat buffer, 1 where weights train and 0 where
            not; None if all do.
    """

    def __init__(self, ensemble: Ensemble, trainable: Mapping[str, np.ndarray]) -> None:
        """`trainable`: parameter name -> boolean [M, ...]; what isn't named trains."""
        self._ensemble = ensemble
        self.free: torch.Tensor | None = None
        if trainable:
            self.free = torch.ones_like(ensemble.flat)
            views = ensemble.views(self.free)
            for name, mask in trainable.items():
                views[name].copy_(torch.from_numpy(mask))
            self._still = self.free == 0
            self._values = ensemble.flat.detach()[self._still]
            ensemble.hold(self.free)

    def check(self, optimiser: torch.optim.Optimizer | PreconditionedSGD) -> None:
        """Raise ValueError if a fixed weight moved or has a gradient or a moment."""
        if self.free is None:
            return
        moments = [
            value
            for value in optimisers.moments(optimiser, self._ensemble)
            if value.shape == self._still.shape
        ]
        if not torch.equal(self._ensemble.flat[self._still], self._values):
            raise ValueError("a weight that a mask holds has moved")
        if any(value[self._still].any() for value in [self._ensemble.flat.grad, *moments]):
            raise ValueError("a weight that a mask holds has a gradient or a moment")


@torch.no_grad()
def _clear(values: Mapping[str, torch.Tensor], masks: Arrays) -> None:
    """Set to zero, in place, what the masks of the same names remove."""
    for name, mask in masks.items():
        values[name].mul_(torch.from_numpy(mask).to(values[name].device))


def _both(left: Arrays, right: Arrays) -> Arrays:
    """Return masks that keep what both keep; a name that one lacks is all kept by it."""
    return {**left, **right, **{name: left[name] & right[name] for name in left.keys() & right}}


def batch_order(
    images: int,
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    epoch: int,
    shuffle: bool = True,
) -> torch.Tensor:
    """Return the order in which each replicate sees the images in an epoch: int64 [R, N].

    Without `shuffle`, a published flaw, every epoch has the order of the files.
    """
    if not shuffle:
        return torch.arange(images).expand(len(replicates), -1)
    orders = [streams.generator(*root, "batches", r, epoch).permutation(images) for r in replicates]
    return torch.from_numpy(np.stack(orders))


def _rows(values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return values [N, ...] at positions [R, B] as [R, B, ...]; copies whole rows."""
    return values.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)


def _report(bar: tqdm, epoch: int, losses: torch.Tensor, replicates: Sequence[int]) -> None:
    """Show an epoch's mean loss; stop when a member's loss [step, member] is not finite."""
    values = losses.cpu().numpy()
    lost = ~np.isfinite(values)
    if lost.any():
        member = lost.any(axis=0).argmax()
        step = lost[:, member].argmax()
        others = sorted({r for r, bad in zip(replicates, lost.any(axis=0), strict=True) if bad})
        before = f", {values[step - 1, member]:.4g} before it" if step else ""
        raise ValueError(
            f"the loss of replicates {others} is not finite in epoch {epoch + 1}: of replicate "
            f"{replicates[member]} it is {values[step, member]} at step {step + 1}{before}; "
            "a lower optimiser.learning_rate (psgd: scale) is the usual remedy"
        )
    bar.set_postfix_str(f"epoch {epoch + 1}, loss {values.mean():.4f}", refresh=False)
