"""Chooses the best way of pruning on one half of the images, and states it on the other.

The best of several ways looks better than it is on the images that chose it. So these have no part
in what is then said about it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from prunescape.foundations import streams
from prunescape.label import losses
from prunescape.label.losses import Loss
from prunescape.label.methods import Method


class Choice(NamedTuple):
    """The way of pruning that was chosen for a limit, and the loss measured for it.

    Attributes:
        limit: points of accuracy that may be lost.
        method: position of the method; None if none was shown to stay below the limit.
        point: position of the largest sparsity that was shown to lose less, on images that did not
            choose; None if there is none.
        loss: the loss there, on the same images.
    """

    limit: float
    method: int | None
    point: int | None
    loss: Loss | None


def halves(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the images that choose, and of those on which it is stated.

    Raises ValueError for fewer than 4 images.
    """
    if images < 4:
        raise ValueError(f"label: found {images} images; allowed: 4 or more")
    order = streams.generator(seed, "label", "halves").permutation(images)
    return np.sort(order[: images // 2]), np.sort(order[images // 2 :])


def choose(
    unpruned: np.ndarray,
    methods: Sequence[Method],
    limits: Sequence[float],
    parts: tuple[np.ndarray, np.ndarray],
) -> list[Choice]:
    """Return for each limit the method that removes most, controls left out.

    Of several that remove as much, the one that loses least there.

    Args:
        unpruned: bool [R, N].
        methods: see `methods.read`.
        limits: points of accuracy that may be lost.
        parts: positions of the images that choose, and of the others, as from `halves`.
    """
    choosing, stating = parts
    candidates = [i for i, method in enumerate(methods) if not method.is_control]
    measured = {i: of(unpruned, methods[i], choosing) for i in candidates}
    found = []
    for limit in limits:
        reached = {i: losses.last_within(each, limit) for i, each in measured.items()}
        passing = {i: point for i, point in reached.items() if point is not None}
        if not passing:
            found.append(Choice(limit, None, None, None))
            continue
        best = max(
            passing,
            key=lambda i: (methods[i].points[passing[i]][1], -measured[i][passing[i]].points),
        )
        stated = of(unpruned, methods[best], stating)
        point = losses.last_within(stated, limit)
        found.append(Choice(limit, best, point, None if point is None else stated[point]))
    return found


def of(unpruned: np.ndarray, method: Method, images: np.ndarray | slice) -> list[Loss]:
    """Return what a method costs at each of its sparsities, on some of the images."""
    return [losses.loss(unpruned[:, images], each[:, images]) for each in method.correct]
