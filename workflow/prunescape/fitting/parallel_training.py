"""Trains an ensemble in several processes, each with some of the replicates (needs torch).

The result has the bits of a training in one process, since members don't depend on their company.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from prunescape.fitting import training
from prunescape.fitting.history import Validation
from prunescape.fitting.resuming import Progress
from prunescape.fitting.training import AllDivergedError, Fitted
from prunescape.foundations.files import Arrays
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.scaling import Scaling
from prunescape.optimising.distillation import Teacher
from prunescape.running import processes as sharing


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
    processes: int = 1,
    validation: Validation | None = None,
    teacher: Teacher | None = None,
) -> Fitted:
    """Fit an ensemble as `training.fit` does; `processes` is the most processes at once.

    A GPU is one process's. All members of a replicate are trained in the same process, as they are
    lost together if one diverges. The first process shows how far the training is.

    Raises:
        ValueError: if a process fails.
        AllDivergedError: if all replicates diverge.
    """
    own = list(dict.fromkeys(replicates))
    limit = processes if images.device.type == "cpu" else 1
    begun = progress.begun() if progress else 0
    parts = sharing.divided(len(own), begun or limit)
    places = [_places(replicates, {own[i] for i in part}) for part in parts]
    kept = progress.shares(len(parts)) if progress else [None] * len(parts)

    def share(number: int) -> Fitted:
        try:
            return training.fit(
                network,
                scaling,
                images,
                labels,
                settings,
                root,
                [replicates[i] for i in places[number]],
                _rows(start, places[number]),
                _rows(trainable, places[number]),
                first_epoch,
                kept[number],
                shown=number == 0,
                validation=validation,
                teacher=teacher and teacher.of([own[i] for i in parts[number]]),
            )
        except AllDivergedError as error:
            return Fitted({}, [], error.diverged)

    return _joined(sharing.spread(share, len(parts), limit), replicates)


def _places(replicates: Sequence[int], chosen: set[int]) -> list[int]:
    """Return the positions of the members of some replicates."""
    return [i for i, replicate in enumerate(replicates) if replicate in chosen]


def _rows(arrays: Arrays | None, places: Sequence[int]) -> Arrays | None:
    """Return some members' rows of arrays [M, ...]; all of them as they are."""
    if not arrays or len(places) == len(next(iter(arrays.values()))):
        return arrays
    return {name: array[places] for name, array in arrays.items()}


def _joined(parts: Sequence[Fitted], replicates: Sequence[int]) -> Fitted:
    """Return the members of all parts, in the order of `replicates`."""
    turn = {replicate: place for place, replicate in enumerate(dict.fromkeys(replicates))}
    diverged = sorted(
        (each for part in parts for each in part.diverged),
        key=lambda each: (each.epoch, turn[each.replicate]),
    )
    filled = [part for part in parts if part.replicates]
    if not filled:
        raise AllDivergedError(diverged)
    if len(filled) == 1:
        return filled[0]._replace(diverged=diverged)
    lost = {each.replicate for each in diverged}
    left = [replicate for replicate in replicates if replicate not in lost]
    places = [i for part in filled for i in _places(left, set(part.replicates))]
    order = np.argsort(places)
    arrays = {
        name: np.concatenate([part.arrays[name] for part in filled])[order]
        for name in filled[0].arrays
    }
    return Fitted(arrays, left, diverged)
