"""Which of several arms are worth their cost, and which of them could be.

An arm is on the front if none that costs no more has a higher mean. Means of a few replicates err,
so the front alone says too much. The arms that could be on it are those of which no other arm that
costs no more is shown to be better: all such pairs are tested together (`pairs.better`), so the
probability that one or more arms are wrongly ruled out is at most alpha.
"""

from typing import NamedTuple

import numpy as np

from prunescape.report import pairs

ALPHA = 0.05
SAME = 1.05
"""Costs within this ratio count as equal: CPU seconds vary by so much from run to run."""


class Front(NamedTuple):
    """Of K arms, bool [K] each."""

    best: np.ndarray
    """No arm that costs no more has a higher mean."""
    ruled_out: np.ndarray
    """An arm that costs no more is shown to be better."""


def front(values: np.ndarray, costs: np.ndarray, resolution: float = 0.0) -> Front:
    """Return which arms are on the front of a measure and costs, and which can't be on it.

    Args:
        values: a measure [K, R], higher = better, of K arms on the same R replicates, 1 or more.
        costs: [K] > 0, in one unit; within `SAME` they count as equal.
        resolution: smallest step of a value; see `rule.sample`.
    """
    values, costs = np.asarray(values, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    no_dearer = costs[:, None] <= costs * SAME  # of [i, j]: arm i costs no more than j
    means = values.mean(1)
    best = ~(no_dearer & (means[:, None] > means)).any(0)
    p = pairs.better(values, resolution=resolution, asked=no_dearer)
    return Front(best, np.any(p < ALPHA, axis=0))
