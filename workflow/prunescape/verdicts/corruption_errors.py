"""Mean corruption error: errors under corruptions, relative to those of a baseline.

Hendrycks and Dietterich (2019), arXiv 1903.12261, section 4.1, whose baseline is AlexNet; here it
is whatever a claim says, such as the unpruned network of the same replicate.
"""

from collections.abc import Sequence

import numpy as np


def mean(
    errors: np.ndarray, baseline: np.ndarray, kinds: Sequence[str], *, relative: bool
) -> np.ndarray:
    """Return the mean corruption error of each replicate in per cent, [R]; 100 is the baseline's.

    For each kind, errors are added up over its severities and divided by the baseline's sum; the
    ratios are averaged over kinds. The relative one takes what corruption adds to the clean error,
    of both.

    Args:
        errors: errors in points, [cells, R].
        baseline: those of the baseline, likewise.
        kinds: each cell's kind of noise; if `relative`, `none` for the one clean cell.
        relative: whether the clean errors are subtracted.

    Raises:
        ValueError: if a baseline's sum is 0 or less, so that nothing can be divided by it.
    """
    names = np.array(kinds)
    if relative:
        clean = names == "none"
        errors, baseline = errors - errors[clean], baseline - baseline[clean]
    ratios = []
    for kind in dict.fromkeys(kinds):
        if relative and kind == "none":
            continue
        own, other = (each[names == kind].sum(0) for each in (errors, baseline))
        if (other <= 0).any():
            what = "loses nothing" if relative else "errs on no image"
            raise ValueError(f"the baseline {what} under {kind}, so no ratio can be taken")
        ratios.append(own / other)
    found: np.ndarray = 100 * np.mean(ratios, axis=0)
    return found
