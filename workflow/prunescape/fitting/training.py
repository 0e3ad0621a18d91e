"""The training loop: R networks at once, each with its own batches (needs torch).

Data stays in memory as it is on disk; a batch is one indexed read, scaled on the fly. A replicate
has random streams for its batches, initial weights, posterior samples and dropout; all fits of a
study use the same ones.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from prunescape.fitting import divergence, history, rewiring, sparse_weights
from prunescape.fitting.augmentation import Augmentation, Draws
from prunescape.fitting.checkpoints import MOVEMENT
from prunescape.fitting.divergence import Divergence
from prunescape.fitting.history import Validation
from prunescape.fitting.initial_weights import initial_weights
from prunescape.fitting.members import Members
from prunescape.fitting.resuming import Progress
from prunescape.fitting.rewiring import Rewiring
from prunescape.foundations import streams
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.scaling import Scaling
from prunescape.optimising import first_images, flat_optimisers, optimiser_moments, optimisers
from prunescape.optimising.distillation import Teacher
from prunescape.optimising.interfaces import Batch, Objective
from prunescape.optimising.objectives import objective
from prunescape.optimising.preconditioned import PreconditionedSGD


class AllDivergedError(ValueError):
    """All replicates of a training diverged.

    Attributes:
        diverged: how each of them did, in the order in which they did.
    """

    def __init__(self, diverged: Sequence[Divergence]) -> None:
        super().__init__(f"all {len(diverged)} replicates diverged; {diverged[-1]}")
        self.diverged = list(diverged)


class Fitted(NamedTuple):
    """The result of training an ensemble."""

    arrays: Arrays
    """Parameter or buffer name -> [M, ...]; a variational fit adds `<weight>.sigma`, preconditioned
    SGD the arrays of `PreconditionedSGD.state`, an optimiser that goes on those of `moments`, a
    training that rewires `<weight>.kept`, its masks in the end, one with the setting movement
    `<parameter>.movement`, the sum over steps of -w g. `history.<name>`: the training's course."""
    replicates: list[int]
    """The replicate numbers of the M members that are left."""
    diverged: list[Divergence]
    """The replicates that diverged and are left out, by epoch, then in the members' order."""


def fit(
    network: ReplicatedNetwork,
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
    shown: bool = True,
    validation: Validation | None = None,
    teacher: Teacher | None = None,
) -> Fitted:
    """Fit an ensemble and return its estimates, without the replicates that diverge.

    Args:
        network: the network of every member.
        scaling: input scaling; its type is the computation's.
        images: training images [N, C, H, W], uint8 or float32 in [0, 1], on the device to use.
        labels: their classes [N], on the same device.
        settings: a fit of the config. With optimiser_state, `fresh` or `kept` (that of `start`),
            the estimates have the optimiser's moments; with span, only the epochs [first, last]
            are trained, at their rates; with rewiring, `trainable` changes.
        root: first parts of all stream names: the run's seed and the study.
        replicates: the replicate numbers of M members; members with the same one share batches.
        start: weights, biases, buffers [M, ...] to start from; state of preconditioned SGD goes on.
        trainable: weight name -> boolean [M, ...]; the other weights keep their bits.
        first_epoch: number of the first epoch, which names the stream of its batches.
        progress: file in which the training keeps its state, to go on after a kill.
        shown: whether stderr shows how far the training is.
        validation: images on which accuracy is measured now and then.
        teacher: of the replicates, if the objective has a distillation.

    Raises:
        AllDivergedError: at the end of the epoch in which the last replicate diverges.
    """
    goal = objective(network, settings["objective"])
    members = _beginning(goal, scaling, images, settings, root, replicates, start, trainable)
    sizes, counts = _batches(settings, len(images))
    training = _training(goal, scaling, images, labels, settings, root, sum(counts), teacher)
    (first, end), done, diverged = settings.get("span", (0, len(sizes))), 0, list[Divergence]()
    members.history = history.begin(len(members.replicates), end - first, validation)
    if progress:
        members, done, diverged = progress.resume(members)
    with _progress_bar(counts[:end], done, first, shown) as bar:
        for epoch in range(max(done, first), end):
            losses, last = training.epoch(members, epoch, sizes[epoch], first_epoch + epoch, bar)
            diverged += training.lost(members, epoch, losses, last if epoch + 1 == end else None)
            _show(bar, epoch + 1, losses, diverged)
            history.keep_losses(members.history, epoch - first, losses)
            members = _left(members, diverged)
            members.fixed.check(members.optimiser)
            network.end_epoch(members.ensemble.buffers)
            training.validate(members, validation, epoch, first, end)
            if progress:
                progress.keep(epoch + 1, members, diverged)
    return Fitted(_estimates(goal, members, settings), members.replicates, diverged)


def _progress_bar(counts: Sequence[int], done: int, first: int, shown: bool) -> tqdm:
    """Return a bar that counts steps, so many each epoch, from the epoch `first` on.

    `done` epochs were trained before the training was interrupted.
    """
    if done:
        print(f"goes on after epoch {done} of {len(counts)}", file=sys.stderr)
    steps, before = sum(counts[first:]), sum(counts[first:done])
    return tqdm(
        total=steps, initial=before, unit="step", mininterval=5, ascii=True, disable=not shown
    )


def _beginning(
    goal: Objective,
    scaling: Scaling,
    images: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    start: Arrays | None,
    trainable: Arrays | None,
) -> Members:
    """Return the members before the first step; the arguments are those of `fit`."""
    network = goal.network
    dtype = scaling.scale.dtype
    buffers = network.initial_buffers(len(replicates), images.device)
    input_major = goal.input_major if images.device.type == "cpu" else ()
    ensemble = Ensemble(goal.shapes, len(replicates), images.device, buffers, input_major, dtype)
    if start:
        ensemble.load({name: value for name, value in start.items() if name in ensemble.values})
    else:
        drawn = initial_weights(network, settings["initial_weights"], root, replicates, dtype)
        ensemble.load(drawn)
    sparse = {
        f"{layer}.weight": mask
        for layer, mask in sparse_weights.masks(network, root, replicates).items()
    }
    _clear(ensemble.tensors, sparse)
    goal.initialise(ensemble, [(*root, "initial sigmas", r) for r in replicates])
    generators = [
        torch.Generator(images.device).manual_seed(streams.seed(*root, "posterior samples", r))
        for r in replicates
    ]
    free = _both(trainable or {}, sparse)
    if settings.get("movement"):
        for name in prunable.tensors(network).values():
            ensemble.buffers[f"{name}{MOVEMENT}"] = torch.zeros_like(ensemble.tensors[name])
    members = Members(ensemble, replicates, generators, free, settings, len(images))
    if isinstance(members.optimiser, PreconditionedSGD):
        members.optimiser.begin([(*root, "initial noise", r) for r in replicates], start or {})
    elif settings.get("optimiser_state") == "kept":
        optimiser_moments.restore(members.optimiser, ensemble, start or {}, members.fixed.free)
    return members


def _batches(settings: Mapping[str, Any], images: int) -> tuple[list[int], list[int]]:
    """Return the size of the batches of every epoch, and their number."""
    sizes = [settings["batch_size"]] * settings["epochs"]
    sizes[0] = settings.get("first_epoch_batch_size", sizes[0])
    return sizes, [-(-images // size) for size in sizes]


class _Training(NamedTuple):
    """Values that are the same in all steps; the first fields are arguments of `fit`."""

    goal: Objective
    scaling: Scaling
    images: torch.Tensor
    labels: torch.Tensor
    settings: Mapping[str, Any]
    root: tuple[int | str, ...]
    rewiring: Rewiring | None
    teacher: Teacher | None

    def epoch(
        self, members: Members, epoch: int, size: int, stream: int, bar: tqdm
    ) -> tuple[torch.Tensor, Batch]:
        """Train the members for an epoch; return the losses [step, M] and the last batch.

        Args:
            members: updated in place.
            epoch: the epoch's number in this training, which decides rate and penalty.
            size: batch size.
            stream: the epoch's number in the name of its batches' random stream.
            bar: progress bar, advanced at every step.
        """
        own, device = members.own, self.images.device
        places = torch.tensor([own.index(r) for r in members.replicates], device=device)
        order = self._order(own, stream, size).to(device)
        steps = order.split(size, dim=1)
        singles = self._singles(own, stream, len(steps))
        augmentation = Augmentation(self.settings.get("augmentation", {}), self.root)
        shape = self.images.shape[2], self.images.shape[3]
        draws = augmentation.draw(own, stream, order.shape[1], len(steps), shape, device)
        losses = torch.zeros(len(steps), len(places), device=device)
        teacher = self.teacher and self.teacher.of(own)
        for step, chosen in enumerate(steps):
            batch = self._batch(chosen, augmentation, draws.of_step(step, size), teacher)
            batch = _of_members(batch, places)
            single = None
            if singles is not None:
                single = _of_members(self._batch(singles[:, step, None]), places)
            if self.goal.network.random:
                names = [(*self.root, "network", r, stream, step) for r in members.replicates]
                self.goal.network.reseed([streams.seed(*name) for name in names])
            losses[step] = self._step(members, batch, single, epoch, step, len(steps))
            bar.update()
        return losses, batch

    def lost(
        self, members: Members, epoch: int, losses: torch.Tensor, last: Batch | None
    ) -> list[Divergence]:
        """Return the replicates that diverged in an epoch.

        `losses` [step, M] are its steps', `last` the batch of the training's very last step, else
        None: no later step shows the loss after that one.
        """
        sound = _sound(members)
        if last is not None:
            sound &= _finite_logits(self.goal.network, members, last)
        return _diverged(epoch + 1, losses, sound, members.replicates, self.settings)

    def validate(
        self, members: Members, validation: Validation | None, epoch: int, first: int, end: int
    ) -> None:
        """Note the members' accuracy if it is due after `epoch`, of `first` up to `end`."""
        if not validation or not validation.due(epoch, end):
            return
        history.keep_accuracy(
            members.history,
            epoch - first,
            self.goal.network,
            members.ensemble.values,
            self.scaling,
            validation,
            self.settings["batch_size"],
        )

    def _order(self, own: Sequence[int], stream: int, size: int) -> torch.Tensor:
        """Return the positions [R, N] of an epoch's images, batch by batch."""
        images = len(self.images)
        if self.settings.get("replacement", False):
            drawn = -(-images // size) * size
            return _drawn(images, drawn, [(*self.root, "batches", r, stream) for r in own])
        return batch_order(images, self.root, own, stream, self.settings.get("shuffle", True))

    def _singles(self, own: Sequence[int], stream: int, steps: int) -> torch.Tensor | None:
        """Return the positions [R, steps] of the images that show the noise, if they are drawn."""
        place = self.settings["optimiser"].get("noise_image", "batch")
        if not choose({"batch": False, "separate": True}, place, "optimiser.noise_image"):
            return None
        names = [(*self.root, "noise images", r, stream) for r in own]
        return _drawn(len(self.images), steps, names).to(self.images.device)

    def _batch(
        self,
        chosen: torch.Tensor,
        augmentation: Augmentation | None = None,
        draws: Draws | None = None,
        teacher: Teacher | None = None,
    ) -> Batch:
        """Return the images at the replicates' positions [R, B], with what teachers say of them."""
        images, labels = _rows(self.images, chosen), _rows(self.labels, chosen)
        if augmentation and draws:
            batch = Batch(self.scaling(augmentation.moved(images, draws)), labels)
            batch = augmentation.mixed(batch, draws)
        else:
            batch = Batch(self.scaling(images), labels)
        if teacher:
            batch = batch._replace(teacher=teacher.logits(batch.images))
        return batch

    def _step(
        self,
        members: Members,
        batch: Batch,
        single: Batch | None,
        epoch: int,
        step: int,
        steps: int,
    ) -> torch.Tensor:
        """Take one step of an epoch; return the members' losses [M] before the step."""
        ensemble, optimiser = members.ensemble, members.optimiser
        rates, epochs = self.settings["optimiser"], self.settings["epochs"]
        optimisers.set_rate(optimiser, rates, epoch + step / steps, epochs, 1 / steps)
        if isinstance(optimiser, PreconditionedSGD):
            loss = first_images.descend(self.goal, ensemble, batch, optimiser.first, single)
        else:
            penalty = self.goal.penalty(epoch, steps) / len(self.images)
            number = epoch * steps + step + 1
            if self.rewiring and self.rewiring.due(number):
                with ensemble.unheld():
                    loss = self.goal.descend(ensemble, batch, members.generators, penalty)
                self.rewiring.update(members, number)
                return loss
            loss = self.goal.descend(ensemble, batch, members.generators, penalty)
        if self.settings.get("movement"):
            _move(ensemble)
        optimiser.step()
        return loss


def _training(
    goal: Objective,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    steps: int,
    teacher: Teacher | None,
) -> _Training:
    """Return what is the same in all `steps`; the other arguments are those of `fit`."""
    changes = rewiring.begin(settings, goal.network, steps, root)
    there = scaling.to(images.device)
    return _Training(goal, there, images, labels, settings, root, changes, teacher)


def _of_members(batch: Batch, places: torch.Tensor) -> Batch:
    """Return the batch of members, of which some may have the same replicate's."""
    return batch.of_members(places) if len(batch.labels) < len(places) else batch


@torch.no_grad()
def _move(ensemble: Ensemble) -> None:
    """Add a step's -w g to what has been summed (Sanh et al. 2020, section 3)."""
    for name, total in ensemble.buffers.items():
        if name.endswith(MOVEMENT):
            of = name.removesuffix(MOVEMENT)
            total.addcmul_(ensemble.tensors[of], ensemble.gradients[of], value=-1)


def _show(bar: tqdm, epoch: int, losses: torch.Tensor, diverged: Sequence[Divergence]) -> None:
    """Show the replicates that an epoch lost, of all that diverged, and the others' mean loss."""
    for each in diverged:
        if each.epoch == epoch:
            bar.write(str(each), file=sys.stderr)
    loss = losses[:, losses.isfinite().all(0)].mean()
    bar.set_postfix_str(f"epoch {epoch}, loss {loss:.4f}", refresh=False)


def _estimates(goal: Objective, members: Members, settings: Mapping[str, Any]) -> Arrays:
    """Return a checkpoint's arrays, contiguous whatever the ensemble's memory layout."""
    average = flat_optimisers.average(members.optimiser)
    if average is not None:  # the training has ended: nothing reads the last values any more
        with torch.no_grad():
            members.ensemble.flat.copy_(average)
    found = dict(goal.estimates(members.ensemble))
    if isinstance(members.optimiser, PreconditionedSGD):
        found |= members.optimiser.state()
    elif "optimiser_state" in settings:
        found |= optimiser_moments.named(members.optimiser, members.ensemble)
    if "rewiring" in settings:
        found |= {f"{name}{rewiring.KEPT}": mask for name, mask in members.kept.items()}
    arrays = {name: np.ascontiguousarray(t.detach().cpu().numpy()) for name, t in found.items()}
    return arrays | members.history


@torch.no_grad()
def _clear(values: Mapping[str, torch.Tensor], masks: Arrays) -> None:
    """Set values to zero in place where the mask of the same name is False."""
    for name, mask in masks.items():
        values[name].mul_(torch.from_numpy(mask).to(values[name].device))


def _both(left: Arrays, right: Arrays) -> Arrays:
    """Return masks that keep what both keep; a missing mask keeps everything."""
    return {**left, **right, **{name: left[name] & right[name] for name in left.keys() & right}}


def batch_order(
    images: int,
    root: tuple[int | str, ...],
    replicates: Sequence[int],
    epoch: int,
    shuffle: bool = True,
) -> torch.Tensor:
    """Return the replicates' orders of the images in an epoch: int64 [R, N].

    Without `shuffle` (a published flaw) every epoch has the order of the files.
    """
    if not shuffle:
        return torch.arange(images).expand(len(replicates), -1)
    orders = [streams.generator(*root, "batches", r, epoch).permutation(images) for r in replicates]
    return torch.from_numpy(np.stack(orders))


def _drawn(images: int, count: int, names: Sequence[streams.Name]) -> torch.Tensor:
    """Return `count` positions of images from each random stream, with replacement: [R, count]."""
    drawn = [streams.generator(*name).integers(images, size=count) for name in names]
    return torch.from_numpy(np.stack(drawn))


def _rows(values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return values [N, ...] at positions [R, B] as [R, B, ...]; copies whole rows."""
    rows: torch.Tensor = values.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)
    return rows


def _sound(members: Members) -> torch.Tensor:
    """Return which members have finite parameters: boolean [M]."""
    tensors = members.ensemble.tensors.values()
    return torch.stack([each.detach().isfinite().flatten(1).all(1) for each in tensors]).all(0)


@torch.no_grad()
def _finite_logits(network: ReplicatedNetwork, members: Members, batch: Batch) -> torch.Tensor:
    """Return which members have finite logits for all images of a batch: boolean [M]."""
    logits = network.logits(batch.images, members.ensemble.values)
    return logits.isfinite().flatten(1).all(1)


def _diverged(
    epoch: int,
    losses: torch.Tensor,
    sound: torch.Tensor,
    replicates: Sequence[int],
    settings: Mapping[str, Any],
) -> list[Divergence]:
    """Return the replicates that diverged in an epoch.

    A replicate with several members, one an arm, is lost if one of them diverges, so all arms keep
    the same replicates.

    Args:
        epoch: the epoch's number, from 1.
        losses: [step, member].
        sound: [member], whether the parameters after the last step, and after the last epoch their
            logits too, are finite.
        replicates: the replicate numbers of the members.
        settings: a fit of the config.
    """
    values = losses.cpu().numpy()
    finite = np.isfinite(values)
    found: dict[int, Divergence] = {}
    for member in map(int, np.flatnonzero(~(finite.all(axis=0) & sound.cpu().numpy()))):
        step = len(values) - 1 if finite[:, member].all() else int(finite[:, member].argmin())
        replicate = replicates[member]
        found.setdefault(
            replicate,
            Divergence(
                replicate,
                epoch,
                step + 1,
                f"{values[step, member]:.4g}",
                f"{values[step - 1, member]:.4g}" if step else "",
                divergence.likely(settings, epoch, step + 1),
            ),
        )
    return [found[replicate] for replicate in dict.fromkeys(replicates) if replicate in found]


def _left(members: Members, diverged: Sequence[Divergence]) -> Members:
    """Return the members of the replicates that have not diverged; AllDivergedError if all have."""
    lost = {each.replicate for each in diverged}
    if lost.issuperset(members.replicates):
        raise AllDivergedError(diverged)
    return members.without(lost)
