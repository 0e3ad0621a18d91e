"""At which numbers of replicates a claim may be judged, and how much of alpha each look spends.

Whoever looks again and again at a test at 5 %, and stops when it rejects, errs more often than in
5 % of the cases. So looks are declared before the first, and each spends a share of alpha; the
shares add up to 1, and by the union bound all looks together err with at most alpha (Lan and
DeMets 1983; the bound needs no assumption on how looks depend on each other).

Standard library only: configurations are checked with it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 0.5
"""Upper limit of alpha: from there on both directions could be shown by the same data."""


@dataclass(frozen=True)
class Looks:
    """The declared looks of a run.

    Attributes:
        numbers: replicates at each look, ascending, each at least 2.
        shares: share of alpha that each look spends; they add up to 1.
        alpha: upper limit of a study's probability of a wrong verdict, in (0, 0.5).
    """

    numbers: tuple[int, ...]
    shares: tuple[float, ...]
    alpha: float

    def __post_init__(self) -> None:
        steps = zip(self.numbers, self.numbers[1:], strict=False)
        if not self.numbers or self.numbers[0] < 2 or any(a >= b for a, b in steps):
            raise ValueError(
                f"looks: found {list(self.numbers)}; allowed: ascending integers >= 2 "
                "(config key verdicts.looks)"
            )
        if len(self.shares) != len(self.numbers):
            raise ValueError(
                f"shares: found {len(self.shares)} for {len(self.numbers)} looks; allowed: one a "
                "look (config key verdicts.shares)"
            )
        if min(self.shares) <= 0 or not math.isclose(sum(self.shares), 1, abs_tol=1e-9):
            raise ValueError(
                f"shares: found {list(self.shares)}; allowed: numbers > 0 whose sum is 1 "
                "(config key verdicts.shares)"
            )
        if not 0 < self.alpha < MOST:
            raise ValueError(
                f"alpha: found {self.alpha}; allowed: a number > 0 and < {MOST} "
                "(config key verdicts.alpha)"
            )

    def spent(self, claims: int) -> list[float]:
        """Return for every look the level of each one-sided test of one of `claims` claims."""
        return [self.alpha * share / claims for share in self.shares]

    def reached(self, replicates: int) -> int:
        """Return how many looks a number of replicates has reached, 0 to all."""
        return sum(number <= replicates for number in self.numbers)

    def after(self, replicates: int) -> int | None:
        """Return the number of replicates at the next look; None after the last."""
        return next((number for number in self.numbers if number > replicates), None)


def stated(block: Mapping[str, Any]) -> Looks:
    """Return the looks of a configuration's block `verdicts`.

    Raises:
        ValueError: if looks, shares and alpha don't go together.
    """
    return Looks(tuple(block["looks"]), tuple(block["shares"]), block["alpha"])
