"""Training after pruning: all arms of a schedule, at some levels, as one ensemble (needs torch).

An ensemble that would need too much memory is trained in groups, one after the other. The bits are
the same, since members don't depend on their company.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch

from prunescape.fitting import parallel_training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.history import Validation
from prunescape.fitting.initial_weights import initial_weights
from prunescape.fitting.resuming import Progress
from prunescape.fitting.training import Fitted
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable
from prunescape.optimising.distillation import Teacher
from prunescape.pruning import selection as packing
from prunescape.pruning.arm_masks import layers_of

TOGETHER = 16_000_000
"""Most parameters, over all networks, that are trained at once; one takes some 90 bytes."""


class Trained(NamedTuple):
    """An arm at a level, with all its replicates."""

    criterion: str
    scope: str
    effect: str
    level: str


def retrain(
    checkpoint: Checkpoint,
    trained: Sequence[Trained],
    masks: Mapping[str, Arrays],
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    first_epoch: int,
    progress: Progress | None = None,
    processes: int = 1,
    validation: Validation | None = None,
) -> Checkpoint:
    """Go on training a checkpoint under masks.

    Args:
        checkpoint: fitted ensemble of R replicates; or, in a chain of steps, the checkpoint of the
            step before, from which every arm goes on with its members.
        trained: the arms to train; criterion "none" is the dense control, which trains all weights.
        masks: level -> packed masks "<criterion>/<scope>/<layer>" of the checkpoint's replicates.
        images: training images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        settings: objective, optimiser, batch_size and epochs. `start` says where members start
            instead of at the checkpoint's weights, as `_before_training` explains.
        root: first parts of all stream names: the run's seed and the study.
        first_epoch: number of the first epoch, the number of epochs that the checkpoint has had.
        progress: file in which the training keeps its state.
        processes: the most processes that share the replicates; on a GPU it is one.
        validation: images, on the same device, on which accuracy is measured now and then.

    Returns:
        A checkpoint of len(trained) * R members; `effect` zero holds removed weights at 0, `freeze`
        at their values before. A replicate that diverges in one arm is missing in all of them, so
        that all arms have the same replicates.

    Raises:
        ValueError: for an effect or a start that is unknown, and if all replicates diverge.
    """
    groups, parts = _groups(checkpoint, trained), list[Checkpoint]()
    fresh = _before_training(checkpoint, images, labels, settings, root, processes)
    for number, group in enumerate(groups):
        starts, free = zip(*(_begin(checkpoint, arm, masks, fresh) for arm in group), strict=True)
        found = parallel_training.fit(
            checkpoint.network,
            checkpoint.scaling,
            images,
            labels,
            settings,
            root,
            [r for start in starts for r in start.replicates],
            _stacked([start.arrays for start in starts]),
            _stacked(free),
            first_epoch,
            progress.part(number) if progress and len(groups) > 1 else progress,
            processes,
            validation,
            _teacher(checkpoint, settings, images.device),
        )
        parts.append(_ended(checkpoint, group, starts, found))
    return _joined(parts)


def _teacher(
    checkpoint: Checkpoint, settings: Mapping[str, Any], device: torch.device
) -> Teacher | None:
    """Return the unpruned networks as teachers, if the objective has a distillation."""
    if "distillation" not in settings["objective"]:
        return None
    return Teacher(checkpoint.network, checkpoint.parameters(device), checkpoint.replicates)


def _groups(checkpoint: Checkpoint, trained: Sequence[Trained]) -> list[Sequence[Trained]]:
    """Return the arms that are trained at once."""
    shapes = checkpoint.network.shapes.values()
    replicates = len(set(checkpoint.replicates))
    arms = max(1, TOGETHER // (replicates * sum(map(prod, shapes))))
    return [trained[first : first + arms] for first in range(0, len(trained), arms)]


def _begin(
    checkpoint: Checkpoint,
    arm: Trained,
    masks: Mapping[str, Arrays],
    fresh: Arrays | None,
) -> tuple[Checkpoint, Arrays]:
    """Return the checkpoint that an arm starts from, and which of its weights are trained.

    `fresh`: what all arms start from instead of the checkpoint's weights, or None.
    """
    shapes, tensors = prunable.shapes(checkpoint.network), prunable.tensors(checkpoint.network)
    start = checkpoint.of_arm(*arm[:3]) if checkpoint.arms else checkpoint
    if arm.criterion == "none":
        kept = {
            name: np.ones((len(start.replicates), *shape), dtype=bool)
            for name, shape in shapes.items()
        }
    else:
        packed = layers_of(masks[arm.level], arm.criterion, arm.scope)
        kept = packing.unpack(packed, shapes)
    if fresh is not None:
        start = replace(start, arrays=fresh)
    arrays = {k: v for k, v in start.arrays.items() if not k.endswith(".sigma")}
    if choose({"zero": True, "freeze": False, "none": False}, arm.effect, "effect"):
        arrays |= {tensors[name]: arrays[tensors[name]] * mask for name, mask in kept.items()}
    return replace(start, arrays=arrays), {tensors[name]: mask for name, mask in kept.items()}


def _ended(
    checkpoint: Checkpoint, trained: Sequence[Trained], starts: Sequence[Checkpoint], found: Fitted
) -> Checkpoint:
    """Return the checkpoint of arms that were trained at once."""
    lost = {each.replicate for each in found.diverged}
    return replace(
        checkpoint,
        arrays=found.arrays,
        replicates=found.replicates,
        arms=[
            tuple(arm)
            for arm, start in zip(trained, starts, strict=True)
            for r in start.replicates
            if r not in lost
        ],
        diverged=(*checkpoint.diverged, *found.diverged),
    )


def _joined(parts: Sequence[Checkpoint]) -> Checkpoint:
    """Return the members of all parts, without the replicates that diverged in any part."""
    if len(parts) == 1:
        return parts[0]
    diverged = {each.replicate: each for part in parts for each in part.diverged}
    kept = [[i for i, r in enumerate(part.replicates) if r not in diverged] for part in parts]
    if not all(kept):
        raise ValueError("; ".join(["all replicates diverged", *map(str, diverged.values())]))
    chosen = list(zip(parts, kept, strict=True))
    return replace(
        parts[0],
        arrays=_stacked(
            [{name: array[own] for name, array in part.arrays.items()} for part, own in chosen]
        ),
        replicates=[part.replicates[i] for part, own in chosen for i in own],
        arms=[arm for part, own in chosen for arm in _arms(part, own)],
        diverged=tuple(diverged.values()),
    )


def _arms(part: Checkpoint, members: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the arms of some members of a retrained checkpoint."""
    arms = part.arms or []
    return [arms[member] for member in members]


def _before_training(
    checkpoint: Checkpoint,
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Mapping[str, Any],
    root: tuple[int | str, ...],
    processes: int,
) -> Arrays | None:
    """Return the parameters [R, ...] from which all arms start; None: from the checkpoint's.

    By settings' `start`: `initial`, those that the fit drew before its training (Frankle and Carbin
    2019, arXiv 1803.03635); `redrawn`, newly drawn ones; `rewound`, those that the fit had before
    the epochs of `span`, which is found by training anew up to there, with the same bits (Renda et
    al. 2020, arXiv 2003.02389); `rewound_rate`, the checkpoint's: the rate alone goes back. Frozen
    parameters keep the checkpoint's values.
    """
    if "start" not in settings:
        return None
    names = {"initial": root, "redrawn": (*root, "redrawn"), "rewound": root, "rewound_rate": None}
    name = choose(names, settings["start"], "start")
    if name is None:
        return None
    network, replicates = checkpoint.network, list(dict.fromkeys(checkpoint.replicates))
    begin, dtype = settings["initial_weights"], checkpoint.scaling.scale.dtype
    drawn = initial_weights(network, begin, name, replicates, dtype)
    found = drawn | {name: checkpoint.arrays[name][: len(replicates)] for name in network.frozen}
    if settings["start"] != "rewound" or not settings["span"][0]:
        return found
    # The average of the parameters is no part of the way: it moves no weight.
    optimiser = {k: v for k, v in settings["optimiser"].items() if k != "average"}
    until = {**settings, "optimiser": optimiser, "span": [0, settings["span"][0]]}
    fitted = parallel_training.fit(
        network,
        checkpoint.scaling,
        images,
        labels,
        until,
        root,
        replicates,
        found,
        processes=processes,
    )
    if fitted.replicates != replicates:
        raise ValueError(f"start: rewound: found replicates {fitted.replicates} of {replicates}")
    return fitted.arrays | {name: found[name] for name in network.frozen}


def _stacked(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
