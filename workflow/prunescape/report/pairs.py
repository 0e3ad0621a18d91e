"""Which of several criteria are better than which, all pairs compared on the same networks.

To choose the best one by its mean and then test it against the others errs too often, since chance
helped to choose it. So both directions of all K (K - 1) / 2 pairs are tested, each one-sided, and
Holm's method (1979) adjusts these K (K - 1) p-values. It needs no assumption on how tests depend
on each other, and naming the wrong direction counts as an error too. So the probability of one or
more wrong statements is at most alpha, whichever pairs are looked at afterwards.
"""

import numpy as np

from prunescape.report import intervals
from prunescape.verdicts import rule


def better(
    values: np.ndarray, resolution: float = 0.0, asked: np.ndarray | None = None
) -> np.ndarray:
    """Return the adjusted p-values [K, K] of "the row's criterion is not better than the column's".

    Args:
        values: a measure [K, R], higher = better, of K criteria on the same R replicates.
        resolution: smallest step of a value; see `rule.sample`.
        asked: bool [K, K], which of these are tested, decided without looking at values; all, if
            left out.

    Returns:
        p-values in [0, 1]; 1 on the diagonal, where none is asked, and everywhere with one
        replicate.
    """
    values = np.asarray(values, dtype=np.float64)
    differences = np.round(values[:, None] - values[None], 9)  # below that it is rounding
    p = rule.part_p(rule.sample(differences, resolution), rule.Question(0.0, at_most=False))
    pairs = ~np.eye(len(values), dtype=bool)
    if asked is not None:
        pairs &= asked
    adjusted = np.ones_like(p)
    adjusted[pairs] = intervals.holm(p[pairs])
    return adjusted
