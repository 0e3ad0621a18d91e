"""Claims, as `claim_files` reads them, judged from the tables alone by the rule of `rule`.

The tested claims on one study that stand in one file are a family: they share alpha. So a file of
claims that a user adds leaves the verdicts on the project's claims as they are.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.foundations import csv_files
from prunescape.verdicts import claim_values, rule
from prunescape.verdicts.claim_files import Claim
from prunescape.verdicts.claim_values import Measured
from prunescape.verdicts.declarations import Family, Standing, families
from prunescape.verdicts.looks import Looks

COLUMNS = {
    "id": "The claim's name.",
    "study": "Study that it is about.",
    "origin": "Who claims it; after the fact: its result had been seen when it was written.",
    "source": "Where.",
    "statement": "The claim in a sentence.",
    "statistic": "What is measured, and how it is compared.",
    "verdict": "holds, fails, equal, undecided or not tested.",
    "look": "Number of replicates at the look that judged; empty before the first.",
    "n": "Replicates that the numbers of this row are over.",
    "estimate": "Mean of the statistic over them; of several parts the worst.",
    "ci_low": "Lower end of the interval, adjusted for looks and claims.",
    "ci_high": "Upper end.",
    "new_low": "Lower end of the interval for new images too, at the same level.",
    "new_high": "Upper end; both empty where single images don't determine the measure.",
    "unit": "Of estimate, intervals, margin and tolerance: points, images, weights, ...",
    "comparison": "On which side of the margin the statistic is claimed to lie: <=, <, >=, >.",
    "margin": "Number with which the statistic is compared.",
    "tolerance": "How far from the margin `equal` reaches; empty: never equal.",
    "p_holds": "One-sided p of the opposite of the claim, the largest of its parts.",
    "p_fails": "One-sided p of the claim: the smallest of its k parts, times k.",
    "p_equal": "p that some part neither holds nor lies within the tolerance.",
    "alpha": "Level of the look: a p below it decides.",
    "declaration": "Checksum of what was declared before the first look.",
    "exploratory": "True if the declaration has changed since the first look.",
    "reason": "The verdict in words.",
}
"""Columns of claims.csv; docs/table.md repeats them and a test compares."""

NUMBERS = ("estimate", "ci_low", "ci_high", "new_low", "new_high", "margin", "tolerance")
P_VALUES = ("p_holds", "p_fails", "p_equal", "alpha")
TYPES = {"look": "Int64", "n": "Int64", "exploratory": "boolean"}
NOT_TESTED = "not tested"


def judge(
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    studies: Iterable[str],
    not_tested: Mapping[str, str],
    looks: Looks,
    diverged: Mapping[str, Collection[int]] | None = None,
    standings: Mapping[Family, Standing] | None = None,
) -> pd.DataFrame:
    """Return the verdicts (COLUMNS) on the claims of `studies`, in the order of `claims`.

    The intervals for new images are left empty: `report.claim_parts` has them.

    Args:
        tables: the run's tables by their names, `scores` and `gradient_noise`.
        claims: all known claims.
        studies: studies of the run; claims on other studies are left out.
        not_tested: claim's id -> reason why the configuration can't test it, whatever the data.
        looks: at which numbers of replicates claims are judged.
        diverged: study -> replicates that may be missing because a training of theirs diverged.
        standings: family -> how its declaration stands to the recorded one; without, they are left
            empty.

    Raises:
        ValueError: if a claim that is to be tested selects no rows, or several rows of one
            replicate, or leaves out a replicate; or if `not_tested` names a claim that doesn't
            exist.
    """
    unknown = set(not_tested) - {claim.id for claim in claims}
    if unknown:
        raise ValueError(
            f"not_tested: no claim is called {sorted(unknown)} (config key not_tested)"
        )
    diverged, standings = diverged or {}, standings or {}
    tested = families(claims, studies, not_tested)
    family_of = {claim.id: family for family, asked in tested.items() for claim in asked}
    verdicts = []
    for claim in claims:
        if claim.id in family_of:
            family = family_of[claim.id]
            measured = claim_values.parts(tables, claim, diverged.get(claim.study, ()))
            found = _judged(claim, measured, looks, len(tested[family]))
            verdicts.append(found | _standing(standings.get(family)))
        elif claim.study in set(studies):
            verdicts.append({"verdict": NOT_TESTED, "reason": not_tested[claim.id]})
        else:
            continue
        verdicts[-1] |= _words(claim)
    frame = pd.DataFrame(verdicts, columns=list(COLUMNS))
    return frame.astype(TYPES | dict.fromkeys((*NUMBERS, *P_VALUES), float))


def read_verdicts(path: str | os.PathLike) -> pd.DataFrame:
    """Read a claims.csv, the result of `judge`; ValueError names a file with other columns."""
    return csv_files.read(path, COLUMNS, dtype={**TYPES, "declaration": "string"})


class _Look(NamedTuple):
    """A claim at a look: its parts' means, p-values, and the verdict's position in VERDICTS."""

    sample: rule.Sample
    p: rule.Tests
    verdict: int


def _at(measured: Sequence[Measured], number: int, level: float, asked: rule.Question) -> _Look:
    found = sample(measured, number)
    p = rule.tests(found, asked)
    return _Look(found, p, int(rule.decided(p, level)))


def sample(measured: Sequence[Measured], number: int) -> rule.Sample:
    """Return the parts' means over the replicates 1 to `number`."""
    found = [rule.sample(part.first(number), part.resolution) for part in measured]
    return rule.Sample(*(np.array(each) for each in zip(*found, strict=True)))


def _judged(
    claim: Claim, measured: Sequence[Measured], looks: Looks, claims: int
) -> dict[str, Any]:
    """Return the columns of a tested claim that its data decide."""
    asked = rule.Question(claim.margin, claim.at_most, claim.tolerance)
    reached = min(part.reached for part in measured)
    levels = looks.spent(claims)
    seen = [
        _at(measured, number, level, asked)
        for number, level in zip(looks.numbers, levels, strict=True)
        if number <= reached
    ]
    if not seen:
        return _too_early(measured, reached, asked, looks)
    at = int(rule.first(np.array([look.verdict for look in seen]))[1])
    look, number, level = seen[at], looks.numbers[at], levels[at]
    worst = rule.worst(look.sample, asked)
    half = float(rule.reach(look.sample.freedom[worst], level) * look.sample.error[worst])
    mean = float(look.sample.mean[worst])
    found = {
        "verdict": rule.VERDICTS[look.verdict],
        "look": number,
        "n": len(measured[worst].first(number)),
        "estimate": mean,
        "ci_low": mean - half,
        "ci_high": mean + half,
        "p_holds": float(look.p.holds),
        "p_fails": float(look.p.fails),
        "p_equal": float(look.p.equal) if claim.tolerance is not None else np.nan,
        "alpha": level,
    }
    told = _which(measured, worst) + _why(found, claim) + _without(measured[worst], number)
    if found["verdict"] == "undecided":
        following = looks.after(number)
        told += f"; the next look is at {following}" if following else "; that was the last look"
    return found | {"reason": told}


def _too_early(
    measured: Sequence[Measured], reached: int, asked: rule.Question, looks: Looks
) -> dict[str, Any]:
    """Return the columns of a claim before its first look: an estimate and no interval."""
    found = sample(measured, reached)
    worst = rule.worst(found, asked)
    first = looks.numbers[0]
    return {
        "verdict": "undecided",
        "n": len(measured[worst].first(reached)),
        "estimate": float(found.mean[worst]),
        "reason": f"{_which(measured, worst)}the first look is at {first} replicates, and there "
        f"{'is' if reached == 1 else 'are'} {reached}{_without(measured[worst], reached)}",
    }


def _which(measured: Sequence[Measured], worst: int) -> str:
    several = len(measured) > 1
    return f"worst of {len(measured)} parts ({measured[worst].label}): " if several else ""


def _why(found: Mapping[str, Any], claim: Claim) -> str:
    """Return why a verdict is as it is: where the interval lies."""
    if np.isnan(found["ci_low"]):
        spread = "the replicates agree exactly" if found["n"] > 1 else "one replicate has no spread"
        return spread if found["n"] else "no replicate has all of the rows"
    if found["verdict"] == "equal":
        return "the interval lies within the tolerance, or on the claimed side of the margin"
    if found["verdict"] != "undecided":
        side = {"holds": "claimed", "fails": "other"}[found["verdict"]]
        return f"the interval lies on the {side} side of the margin"
    if found["ci_low"] <= claim.margin <= found["ci_high"]:
        return "the interval contains the margin"
    return "the interval misses the margin, but not after adjustment for the number of parts"


def _without(part: Measured, number: int) -> str:
    missing = ", ".join(map(str, part.missing(number)))
    return f"; without replicates {missing}, of which a training diverged" if missing else ""


def _standing(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {}
    return {"declaration": standing.declaration, "exploratory": standing.exploratory}


def _words(claim: Claim) -> dict[str, Any]:
    copied = [
        *("id", "study", "origin", "source", "statement"),
        *("unit", "comparison", "margin", "tolerance"),
    ]
    return {name: getattr(claim, name) for name in copied} | {"statistic": claim.text()}
