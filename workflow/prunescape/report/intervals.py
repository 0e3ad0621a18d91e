"""Intervals and tests that fit a handful of replicates: t, Welch and Holm.

Every interval covers 95 % and comes with the two-sided p-value of "the mean equals the margin".
Figures use them; claims are judged by `verdicts.rule`. One replicate gives no interval (NaN);
replicates that all agree give an interval of width 0. The order of replicates changes no bit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval and p-value, in the units of the sample's values.

    Attributes:
        n: number of replicates; with two samples, that of the smaller one.
        mean: estimate.
        low: lower end of the 95 % interval; NaN if the spread is unknown.
        high: upper end; NaN if the spread is unknown.
        p: two-sided p-value of the hypothesis that the mean equals the margin; NaN if the spread is
            unknown.
    """

    n: int
    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Sample:
    """A sample's mean, size and, if known, standard deviation.

    A published number without spread is Sample(number): one run with unknown spread.
    """

    mean: float
    n: int = 1
    sd: float | None = None

    def __post_init__(self) -> None:
        if self.n < 1 or (self.sd is not None and (self.n < 2 or not self.sd >= 0)):
            raise ValueError(f"{self}: expected n >= 1, and sd >= 0 of n >= 2 values")


def sample(values: Sequence[float] | np.ndarray) -> Sample:
    """Return mean, size and standard deviation (n - 1 in the denominator) of values [R]."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if ordered.ndim != 1 or not ordered.size or not np.isfinite(ordered).all():
        raise ValueError(f"{values!r}: expected a list of one or more finite numbers")
    if ordered.size == 1:
        return Sample(float(ordered[0]))
    if ordered[0] == ordered[-1]:  # rounding of the mean must not look like spread
        return Sample(float(ordered[0]), ordered.size, 0.0)
    return Sample(float(ordered.mean()), ordered.size, float(ordered.std(ddof=1)))


def mean(values: Sequence[float] | np.ndarray, margin: float = 0.0) -> Interval:
    """Return the t interval of the mean of values [R], n - 1 degrees of freedom."""
    known = sample(values)
    if known.sd is None:
        return _undecided(known.n, known.mean)
    return _interval(known.n, known.mean, known.sd**2 / known.n, known.n - 1, margin)


def paired(
    left: Sequence[float] | np.ndarray, right: Sequence[float] | np.ndarray, margin: float = 0.0
) -> Interval:
    """Return the t interval of left - right [R]; values at one position are of one replicate."""
    left, right = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if left.shape != right.shape:
        raise ValueError(f"pairs: expected as many on both sides, got {left.shape}, {right.shape}")
    return mean(left - right, margin)


def welch(left: Sample, right: Sample, margin: float = 0.0) -> Interval:
    """Return Welch's interval of left - right of independent samples (Welch 1947).

    The degrees of freedom are Welch and Satterthwaite's. If one spread is unknown (that of a
    published number) it is assumed to equal the other sample's: the variance is
    s^2 (1/n_left + 1/n_right), with the other sample's degrees of freedom. The test then asks
    whether one more run of ours could give the published number.
    """
    n, difference = min(left.n, right.n), left.mean - right.mean
    known = [(each.sd**2, each.n) for each in (left, right) if each.sd is not None]
    if not known:
        return _undecided(n, difference)
    if len(known) == 1:
        [(variance, size)] = known
        return _interval(n, difference, variance * (1 / left.n + 1 / right.n), size - 1, margin)
    parts = [variance / size for variance, size in known]
    lost = sum(part**2 / (size - 1) for part, (_, size) in zip(parts, known, strict=True))
    freedom = sum(parts) ** 2 / lost if lost else math.inf
    return _interval(n, difference, sum(parts), freedom, margin)


def quantile(freedom: float) -> float:
    """Return a 95 % t interval's reach on either side of the mean, in standard errors."""
    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return p-values [m] adjusted for m tests by Holm's step-down method (1979).

    A test without a p-value (NaN) stays NaN, but counts as one of the m tests.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p)  # NaN last
    stepped = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def _interval(n: int, mean: float, variance: float, freedom: float, margin: float) -> Interval:
    if variance == 0:
        return Interval(n, mean, mean, mean, 1.0 if mean == margin else 0.0)
    error = math.sqrt(variance)
    half = quantile(freedom) * error
    p = 2 * float(special.stdtr(freedom, -abs(mean - margin) / error))
    return Interval(n, mean, mean - half, mean + half, p)


def _undecided(n: int, mean: float) -> Interval:
    return Interval(n, mean, math.nan, math.nan, math.nan)
