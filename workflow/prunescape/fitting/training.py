"""The training loop: R networks at once, each with its own batches (needs torch).

Data stays in memory as it is on disk; a batch is one indexed read, scaled on the fly. Each
replicate draws its batches, initial weights and posterior samples from streams of its own, which
all fits of a study share.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from prunescape.fitting import divergence, sparse_weights
from prunescape.fitting.divergence import Divergence
from prunescape.fitting.initial_weights import initial_weights
from prunescape.fitting.members import Members
from prunescape.fitting.resuming import Progress
from prunescape.foundations import streams
from prunescape.foundations.files import Arrays
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising import first_images, optimisers
from prunescape.optimising.objectives import Batch, objective
from prunescape.optimising.preconditioned import PreconditionedSGD

BAR = {"unit": "step", "mininterval": 5, "ascii": True}


class Fitted(NamedTuple):
    """What training makes of an ensemble."""

    arrays: Arrays
    """Parameter or buffer name -> [M, ...] float32; for a variational fit also `<weight>.sigma`;
    for preconditioned SGD what `PreconditionedSGD.state` returns."""
    replicates: list[int]
    """The replicate of each of the M members that are left."""
    diverged: list[Divergence]
    """The replicates that are not."""


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
) -> Fitted:
    """Fit an ensemble and return its estimates, but for those of replicates that diverge.

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

    Raises:
        ValueError: if all replicates diverge, at the end of the epoch in which the last one does.
    """
    goal = objective(network, settings["objective"])
    buffers = network.initial_buffers(len(replicates), images.device)
    input_major = goal.input_major if images.device.type == "cpu" else ()
    ensemble = Ensemble(goal.shapes, len(replicates), images.device, buffers, input_major)
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
    generators = [
        torch.Generator(images.device).manual_seed(streams.seed(*root, "posterior samples", r))
        for r in replicates
    ]
    free = _both(trainable or {}, sparse if held else {})
    members = Members(ensemble, replicates, generators, sparse, free, settings, len(images))
    if isinstance(members.optimiser, PreconditionedSGD) and start and "noise.t" in start:
        members.optimiser.load(start)
    epochs = settings["epochs"]
    sizes = [settings["batch_size"]] * epochs
    sizes[0] = settings.get("first_epoch_batch_size", sizes[0])
    counts = [-(-len(images) // size) for size in sizes]
    scaling = scaling.to(images.device)
    done, diverged = 0, []
    if progress:
        members, done, diverged = progress.resume(members)
    if done:
        print(f"goes on after epoch {done} of {epochs}", file=sys.stderr)
    with tqdm(total=sum(counts), initial=sum(counts[:done]), **BAR) as bar:
        for epoch, size, batches in list(zip(range(epochs), sizes, counts, strict=True))[done:]:
            ensemble, optimiser, own = members.ensemble, members.optimiser, members.own
            places = torch.tensor([own.index(r) for r in members.replicates], device=images.device)
            order = batch_order(
                len(images), root, own, first_epoch + epoch, settings.get("shuffle", True)
            ).to(images.device)
            losses = torch.zeros(batches, len(places), device=images.device)
            for step, chosen in enumerate(order.split(size, dim=1)):
                optimisers.set_rate(
                    optimiser, settings["optimiser"], epoch + step / batches, epochs
                )
                batch = Batch(scaling(_rows(images, chosen)), _rows(labels, chosen))
                if len(own) < len(places):
                    batch = Batch(*(each.index_select(0, places) for each in batch))
                if not held:
                    _clear(ensemble.tensors, members.sparse)
                if isinstance(optimiser, PreconditionedSGD):
                    losses[step] = first_images.descend(goal, ensemble, batch, optimiser.first)
                else:
                    penalty = goal.penalty(epoch, batches) / len(images)
                    losses[step] = goal.descend(ensemble, batch, members.generators, penalty)
                optimiser.step()
                bar.update()
            sound = _sound(members)
            if epoch + 1 == epochs:  # nobody looks at what the last step leads to
                with torch.no_grad():
                    logits = network.logits(batch.images, ensemble.values)
                sound &= logits.isfinite().flatten(1).all(1)
            lost = _diverged(epoch + 1, losses, sound, members.replicates, settings)
            for each in lost:
                bar.write(str(each), file=sys.stderr)
            diverged += lost
            members = _left(members, diverged)
            loss = losses[:, losses.isfinite().all(0)].mean()
            bar.set_postfix_str(f"epoch {epoch + 1}, loss {loss:.4f}", refresh=False)
            members.fixed.check(members.optimiser)
            network.end_epoch(members.ensemble.buffers)
            if progress:
                progress.keep(epoch + 1, members, diverged)
    found = dict(goal.estimates(members.ensemble))
    if isinstance(members.optimiser, PreconditionedSGD):
        found |= members.optimiser.state()
    # In the order of their shape, so that nobody sees how the ensemble lays them.
    arrays = {name: np.ascontiguousarray(t.detach().cpu().numpy()) for name, t in found.items()}
    return Fitted(arrays, members.replicates, diverged)


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


def _sound(members: Members) -> torch.Tensor:
    """Return which members have finite parameters: boolean [M]."""
    tensors = members.ensemble.tensors.values()
    return torch.stack([each.detach().isfinite().flatten(1).all(1) for each in tensors]).all(0)


def _diverged(
    epoch: int,
    losses: torch.Tensor,
    sound: torch.Tensor,
    replicates: Sequence[int],
    settings: Mapping[str, Any],
) -> list[Divergence]:
    """Return the replicates that diverged in an epoch.

    A replicate with several members, one an arm, is lost with the first of them: what is left are
    the same replicates of all arms.

    Args:
        epoch: its number, from 1.
        losses: [step, member].
        sound: of each member, whether the last step left something sound.
        replicates: of each member.
        settings: a fit of the config.
    """
    losses = losses.cpu().numpy()
    finite = np.isfinite(losses)
    found: dict[int, Divergence] = {}
    for member in np.flatnonzero(~(finite.all(axis=0) & sound.cpu().numpy())):
        step = len(losses) - 1 if finite[:, member].all() else int(finite[:, member].argmin())
        replicate = replicates[member]
        found.setdefault(
            replicate,
            Divergence(
                replicate,
                epoch,
                step + 1,
                f"{losses[step, member]:.4g}",
                f"{losses[step - 1, member]:.4g}" if step else "",
                divergence.likely(settings, epoch, step + 1),
            ),
        )
    return list(found.values())


def _left(members: Members, diverged: Sequence[Divergence]) -> Members:
    """Return the members of the replicates that have not diverged; ValueError if all have."""
    lost = {each.replicate for each in diverged}
    if lost.issuperset(members.replicates):
        raise ValueError(f"all {len(lost)} replicates diverged; {diverged[-1]}")
    return members.without(lost)
