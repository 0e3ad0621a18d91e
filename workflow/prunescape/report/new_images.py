"""How far a difference between networks holds on new images, and for one network alone.

Verdicts are about training: replicates vary, the test images are these. Here the images vary too.
All arrays hold whether a network classified an image correctly; differences and intervals are in
shares of images, in [-1, 1].
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from prunescape.report.intervals import quantile


class NewImages(NamedTuple):
    """A difference left - right with its 95 % interval for new replicates and new images.

    Attributes:
        mean: difference of the shares of correct images.
        low: lower end of the interval.
        high: upper end of the interval.
        error: standard error.
        freedom: Satterthwaite's degrees of freedom.
    """

    mean: float
    low: float
    high: float
    error: float
    freedom: float


def crossed(left: np.ndarray, right: np.ndarray) -> NewImages:
    """Return the 95 % interval of the difference left - right for new replicates on new images.

    Replicates and images are crossed random factors: every replicate sees every image. With the
    mean squares of a two-way analysis of variance of the R x N differences,
    SE^2 = (MS_R + MS_I - MS_RI) / (R N), with Satterthwaite's degrees of freedom. The variance is
    at least that of one image more or less a replicate, since replicates that agree exactly prove
    nothing.

    Args:
        left: bool [R, N], a row a replicate, a column an image.
        right: bool [R, N]; row r belongs to the same replicate as row r of `left`.

    Raises:
        ValueError: if the shapes differ, or there are fewer than 2 replicates or 2 images.
    """
    if left.shape != right.shape or left.ndim != 2 or min(left.shape) < 2:
        raise ValueError(
            f"outcomes {list(left.shape)} and {list(right.shape)}: expected the same "
            "[replicates, images], two or more each"
        )
    mean, squares, freedoms = _analysed(left.astype(np.int64) - right)
    r, n = left.shape
    variance = (squares[0] + squares[1] - squares[2]) / (r * n)
    least = 1 / (4 * n**2 * r)
    freedom = float(r - 1)
    if variance > least:
        lost = [part**2 / df for part, df in zip(squares, freedoms, strict=True)]
        freedom = (squares[0] + squares[1] - squares[2]) ** 2 / sum(lost)
    error = math.sqrt(max(variance, least))
    half = quantile(freedom) * error
    return NewImages(mean, mean - half, mean + half, error, freedom)


def added(values: np.ndarray, step: int, level: float) -> tuple[float, float]:
    """Return the interval of the mean of values for new replicates on new images, at any level.

    Far out in the tails Satterthwaite's degrees of freedom are too many where both factors vary: at
    a level of 0.00125 with 5 replicates either end misses up to 2.6 times as often. So the
    reaches of the two factors are added as squares (Howe 1974; Zou and Donner 2008), which keeps
    the level: that of replicates with R - 1 degrees of freedom, as without new images, and that of
    images with N - 1. It is never narrower than the interval for these images.

    Args:
        values: integers [R, N], a row a replicate, a column an image, two or more each. Integers,
            so that no order of replicates changes a bit.
        step: smallest change of a replicate's sum. The variance over replicates is at least that of
            one step more or less.
        level: largest probability that the mean lies beyond one given end of the interval.
    """
    mean, (by_replicate, by_image, rest), (of_replicates, of_images, _) = _analysed(values)
    r, n = values.shape
    replicates = max(by_replicate / (r * n), step**2 / (4 * n**2 * r))
    images = max(by_image - rest, 0.0) / (r * n)
    half = math.hypot(
        float(special.stdtrit(of_replicates, 1 - level)) * math.sqrt(replicates),
        float(special.stdtrit(of_images, 1 - level)) * math.sqrt(images),
    )
    return mean - half, mean + half


def _analysed(values: np.ndarray) -> tuple[float, list[float], list[int]]:
    """Return the mean of integers [R, N], and their two-way analysis of variance.

    That is the mean squares of replicates, images and the rest, and their degrees of freedom.
    """
    r, n = values.shape
    total, squares = int(values.sum()), int((values**2).sum())
    common = total**2 / (r * n)
    by_replicate = float((values.sum(1) ** 2).sum()) / n - common
    by_image = float((values.sum(0) ** 2).sum()) / r - common
    rest = max(squares - common - by_replicate - by_image, 0.0)
    freedoms = [r - 1, n - 1, (r - 1) * (n - 1)]
    sums = (by_replicate, by_image, rest)
    return total / (r * n), [part / df for part, df in zip(sums, freedoms, strict=True)], freedoms


def discordant(left: np.ndarray, right: np.ndarray) -> tuple[int, int]:
    """Return on how many images [N] only `left` is right, and on how many only `right` is."""
    return int((left & ~right).sum()), int((right & ~left).sum())


def mcnemar(left: np.ndarray, right: np.ndarray) -> float:
    """Return the two-sided p-value of McNemar's exact test that two networks are as good.

    About images, not about training: these two networks, other images. Under the hypothesis each
    of the images [N] that only one network gets right is a fair coin's throw (McNemar 1947).
    """
    only_left, only_right = discordant(left, right)
    fewer, both = min(only_left, only_right), only_left + only_right
    return min(1.0, 2 * float(special.bdtr(fewer, both, 0.5))) if both else 1.0


def newcombe(
    left: np.ndarray, right: np.ndarray, reach: float | None = None
) -> tuple[float, float]:
    """Return the 95 % interval of left - right of two single networks, for new images.

    Newcombe (1998, Statistics in Medicine 17, 2635), method 10: Wilson's score intervals of both
    shares, joined by the correlation of the outcomes [N], with its continuity correction.

    Args:
        left: bool [N], whether a network is right about an image.
        right: bool [N], of the other network.
        reach: quantile of the standard normal distribution for another interval than 95 %.

    Raises:
        ValueError: if there are no images.
    """
    n = left.size
    if not n or left.shape != right.shape:
        raise ValueError(f"outcomes {list(left.shape)} and {list(right.shape)}: expected images")
    only_left, only_right = discordant(left, right)
    both = int((left & right).sum())
    neither = n - both - only_left - only_right
    rows, columns = both + only_left, both + only_right
    agreement = float(both * neither - only_left * only_right)
    if agreement > 0:
        agreement = max(agreement - n / 2, 0)
    product = rows * (n - rows) * columns * (n - columns)
    phi = agreement / math.sqrt(product) if product else 0.0
    (below, above), (under, over) = (_wilson(count, n, reach) for count in (rows, columns))
    mean = (rows - columns) / n
    low = mean - math.sqrt(max(below**2 - 2 * phi * below * over + over**2, 0))
    high = mean + math.sqrt(max(under**2 - 2 * phi * under * above + above**2, 0))
    return low, high


def _wilson(count: int, n: int, reach: float | None) -> tuple[float, float]:
    """Return how far Wilson's interval of a share reaches below and above it; 95 % by default."""
    z, share = quantile(math.inf) if reach is None else reach, count / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return share - (middle - half), middle + half - share
