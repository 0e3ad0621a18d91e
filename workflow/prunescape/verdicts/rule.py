"""The rule that turns a claim's measured differences into a verdict.

A claim says that a statistic lies on one side of a margin; of several parts, that all do. At a look
that spends the level a (`looks.Looks.spent`) it

- holds, if every part is shown to lie on the claimed side: the largest one-sided p of the parts is
  below a (intersection-union test: Berger 1982);
- fails, if some part is shown to lie on the other side: k times the smallest one-sided p of the k
  parts is below a (Bonferroni);
- is equal, if it has a tolerance and every part is shown to hold or to lie within the tolerance of
  the margin, by two one-sided tests (Schuirmann 1987);
- is undecided else.

Whatever the truth is, at most one of `holds` and `fails` is wrong, so no factor 2 is needed for two
directions (Jones and Tukey 2000). Where `equal` is wrong too, one event covers both: of a claim
that is false by more than its tolerance, `holds` and `equal` each need data that show it not to be.
So a verdict at a look is wrong with a probability of at most a. The first look at which a claim is
decided gives its verdict, which later replicates don't change.

All functions work on leading axes, so many studies can be simulated at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

VERDICTS = ("holds", "fails", "equal", "undecided")


@dataclass(frozen=True)
class Question:
    """What a claim asks of each of its parts.

    Attributes:
        margin: number with which the statistic is compared, in its units.
        at_most: whether the claimed side is below the margin, not above.
        tolerance: how far from the margin `equal` reaches, in the same units; None: never equal.
    """

    margin: float
    at_most: bool
    tolerance: float | None = None


class Sample(NamedTuple):
    """Means of parts [..., k] with standard errors and degrees of freedom.

    A standard error is NaN where nothing is known of the spread: with one replicate, or if the
    replicates agree exactly and the measure has no resolution.
    """

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray


class Tests(NamedTuple):
    """p-values of a claim [...]; 1 where the spread is unknown, `equal` also without tolerance."""

    holds: np.ndarray
    fails: np.ndarray
    equal: np.ndarray


def sample(values: np.ndarray, resolution: float = 0.0) -> Sample:
    """Return the means of values [..., R] over replicates, with their standard errors [...].

    Two replicates that agree exactly don't prove that all would. So the variance of a replicate's
    value is at least resolution^2 / 4, that of a value which goes up a step in half of the cases.

    Args:
        values: one a replicate, in any order; the order changes no bit of the result.
        resolution: smallest step of a value: one image, in the units of the values. 0: none.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    n = ordered.shape[-1]
    if n == 0:
        nothing = np.full(ordered.shape[:-1], np.nan)
        return Sample(nothing, nothing, nothing)
    same = ordered[..., 0] == ordered[..., -1]  # rounding of the mean must not look like spread
    mean = np.where(same, ordered[..., 0], ordered.mean(-1))
    if n == 1:
        return Sample(mean, np.full(mean.shape, np.nan), np.zeros(mean.shape))
    variance = np.maximum(np.where(same, 0.0, ordered.var(-1, ddof=1)), resolution**2 / 4)
    error = np.sqrt(np.where(variance > 0, variance, np.nan) / n)
    return Sample(mean, error, np.full(mean.shape, n - 1.0))


def past(found: Sample, question: Question) -> np.ndarray:
    """Return how far means lie past the margin; below 0 on the claimed side."""
    beyond = found.mean - question.margin
    return beyond if question.at_most else -beyond


def part_p(found: Sample, question: Question) -> np.ndarray:
    """Return the one-sided p [..., k] of "this part doesn't lie on the claimed side"."""
    return _known(special.stdtr(found.freedom, past(found, question) / found.error))


def worst(found: Sample, question: Question) -> int:
    """Return which of the parts [k] is farthest from being shown to hold.

    Among equals it is the one farthest past the margin, then the last.
    """
    distance = np.nan_to_num(past(found, question), nan=np.inf)
    return int(np.lexsort((distance, part_p(found, question)))[-1])


def tests(found: Sample, question: Question) -> Tests:
    """Return the p-values of a claim whose parts [..., k] have these means."""
    beyond = past(found, question)
    holds = part_p(found, question)
    fails = _known(special.stdtr(found.freedom, -beyond / found.error))
    none = np.ones(beyond.shape[:-1])
    equal = none
    if question.tolerance is not None:
        above = special.stdtr(found.freedom, (beyond - question.tolerance) / found.error)
        below = special.stdtr(found.freedom, -(beyond + question.tolerance) / found.error)
        near = _known(np.maximum(above, below))
        equal = np.minimum(near, holds).max(-1)
    return Tests(holds.max(-1), np.minimum(none, beyond.shape[-1] * fails.min(-1)), equal)


def _known(p: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(p), 1.0, p)


def decided(p: Tests, level: float) -> np.ndarray:
    """Return the positions in VERDICTS [...] of what a look that spends `level` decides."""
    return np.select([p.holds < level, p.fails < level, p.equal < level], [0, 1, 2], 3)


def first(at_looks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the verdicts [...] after looks [looks, ...], and each one's look, from 0.

    It is the first look with a decision; of a claim that none decides, the last look.
    """
    open_ = at_looks == VERDICTS.index("undecided")
    look = np.where(open_.all(0), len(at_looks) - 1, np.argmin(open_, axis=0))
    return np.take_along_axis(at_looks, look[None], axis=0)[0], look


def reach(freedom: np.ndarray, level: float) -> np.ndarray:
    """Return how many standard errors the interval reaches to either side.

    The interval and the tests agree: a claim of one part holds (fails) where all of the interval
    lies on the claimed (other) side of the margin, and is equal where all of it lies within the
    tolerance. Either end misses the true mean with a probability of at most `level`, so over all
    looks and claims of a study with at most alpha.
    """
    return special.stdtrit(freedom, 1 - level)
