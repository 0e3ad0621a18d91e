"""Upper bounds of the accuracy that pruning costs, and the largest sparsity below a limit.

The images are a sample. With one network only they vary, so a bound holds for this network on new
images; with several networks it holds for new networks on new images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from prunescape.report import new_images

ERROR = 0.05
"""With which probability, at most, an upper bound lies below the loss."""


class Loss(NamedTuple):
    """What pruning costs, in points of accuracy: unpruned minus pruned.

    Attributes:
        points: on these images; mean over networks.
        at_most: upper bound for new images, one-sided, of confidence 1 - ERROR.
    """

    points: float
    at_most: float


def loss(unpruned: np.ndarray, pruned: np.ndarray) -> Loss:
    """Return what pruning costs.

    The bound is the upper end of Newcombe's interval (1998) for one network, that of the crossed
    model (`new_images.added`) for several.

    Args:
        unpruned: bool [R, N]: whether network r classifies image n correctly.
        pruned: bool [R, N], the same networks after pruning.

    Raises:
        ValueError: if the shapes differ, or there are fewer than two images.
    """
    if unpruned.shape != pruned.shape or unpruned.ndim != 2 or unpruned.shape[1] < 2:
        raise ValueError(
            f"outcomes {list(unpruned.shape)} and {list(pruned.shape)}: expected the same "
            "[networks, images], two images or more"
        )
    if len(unpruned) == 1:
        reach = -float(special.ndtri(ERROR))
        _, high = new_images.newcombe(unpruned[0], pruned[0], reach)
    else:
        _, high = new_images.added(unpruned.astype(np.int64) - pruned, 1, ERROR)
    return Loss(100 * float(unpruned.mean() - pruned.mean()), 100 * high)


def last_within(found: Sequence[Loss], limit: float) -> int | None:
    """Return the last of the losses, at rising sparsities, that is shown to be below a limit.

    They are tested in their order, up to the first that isn't shown to be below the limit. So the
    statement about the last one has the error of a single test, however many are tested (a fixed
    sequence; Maurer, Hothorn and Lehmacher 1995).

    Args:
        found: losses at rising sparsities.
        limit: points of accuracy.

    Returns:
        Its position; None if not even the first one is shown to be below.
    """
    within = [each.at_most < limit for each in found]
    passed = within.index(False) if False in within else len(within)
    return passed - 1 if passed else None
