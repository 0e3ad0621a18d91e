"""Claims, as `claim_files` reads them, judged from the tables alone.

Verdicts: a claim holds if its opposite is rejected, fails if the claim itself is rejected, and is
undecided otherwise. A two-sided test at 5 % of "the statistic equals the margin", after Holm's
adjustment over all tested parts of a study, decides; the side on which the estimate lies tells
which of the two is rejected. The verdict on a claim with several parts is the worst of theirs.
"""

import math
import os
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from prunescape.evaluation import columns
from prunescape.foundations import csv_files, levels
from prunescape.foundations.plain_text import literal
from prunescape.foundations.table_rows import named_rows
from prunescape.report import intervals
from prunescape.report.claim_files import IN_WORDS, Claim, Filters, expanded, in_words
from prunescape.report.intervals import Interval

ALPHA = 0.05
VERDICTS = ("fails", "undecided", "holds")  # from worst to best
COLUMNS = (
    *("id", "study", "origin", "source", "statement", "statistic", "estimate", "ci_low", "ci_high"),
    *("margin", "n", "p_holm", "verdict", "reason"),
)


@dataclass(frozen=True)
class Part:
    """One tested part of a claim: its filters from `each` (in words), its interval, its p.

    `missing`: replicates of the study that the part lacks.
    """

    claim: Claim
    label: str
    interval: Interval
    missing: tuple[int, ...] = ()
    p_holm: float = math.nan

    @property
    def verdict(self) -> str:
        """holds, fails or undecided; undecided without an interval (one replicate, or none)."""
        if not self.p_holm < ALPHA:
            return "undecided"
        return "holds" if self.claim.past(self.interval.mean) < 0 else "fails"

    @property
    def badness(self) -> tuple[int, float, float]:
        """Key that sorts parts from best to worst: verdict, one-sided p, distance past margin."""
        past = self.claim.past(self.interval.mean)
        tail = 0.5 if math.isnan(self.interval.p) else self.interval.p / 2
        return -VERDICTS.index(self.verdict), tail if past < 0 else 1 - tail, past


def judge(
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    studies: Iterable[str],
    not_tested: Mapping[str, str],
    diverged: Mapping[str, Collection[int]] | None = None,
) -> pd.DataFrame:
    """Return the verdicts (COLUMNS) on the claims of `studies`, in the order of `claims`.

    Args:
        tables: the run's tables by their names, `scores` and `gradient_noise`.
        claims: all known claims.
        studies: studies of the run; claims on other studies are left out.
        not_tested: claim's id -> reason why the configuration can't test it, whatever the data.
        diverged: study -> replicates that may be missing because a training of theirs diverged.

    Raises:
        ValueError: if a claim that is to be tested selects no rows, not all replicates, or several
            rows of one replicate; or if `not_tested` names a claim that doesn't exist.
    """
    unknown = set(not_tested) - {claim.id for claim in claims}
    if unknown:
        raise ValueError(
            f"not_tested: no claim is called {sorted(unknown)} (config key not_tested)"
        )
    studies, diverged = set(studies), diverged or {}
    asked = [claim for claim in claims if claim.study in studies]
    tested = [part for c in asked if c.id not in not_tested for part in _parts(tables, c, diverged)]
    tested = _adjusted(tested)
    verdicts = [
        _left_out(claim, not_tested[claim.id])
        if claim.id in not_tested
        else _judged([part for part in tested if part.claim is claim], tested)
        for claim in asked
    ]
    return pd.DataFrame(verdicts, columns=list(COLUMNS)).astype({"n": "Int64", "margin": float})


def read_verdicts(path: str | os.PathLike) -> pd.DataFrame:
    """Read a claims.csv, the result of `judge`; ValueError names a file with other columns."""
    return csv_files.read(path, COLUMNS, dtype={"n": "Int64"})


def report(verdicts: pd.DataFrame) -> str:
    """Return the verdicts as plain text for a terminal of 100 columns."""
    heading = f"{'claim':<6} {'verdict':<10} {'estimate':>9}  {'95 % interval':<20}"
    lines = [f"{heading} {'margin':>8} {'n':>3} {'p (Holm)':>9}"]
    for row in named_rows(verdicts):
        line = f"{literal(row.id, 'terminal'):<6} {row.verdict:<10}"
        if row.verdict != "not tested":
            interval = f"[{row.ci_low:.2f}, {row.ci_high:.2f}]"
            line += f" {row.estimate:>9.2f}  {interval:<20} {row.margin:>8.6g} {row.n:>3}"
            line += f" {row.p_holm:>9.2g}"
        lines.append(line)
        for text in (f"{row.statement} ({row.origin})", row.reason):
            shown = literal(text, "terminal")
            lines += textwrap.wrap(shown, 100, initial_indent=" " * 7, subsequent_indent=" " * 7)
    return "\n".join(lines)


def _parts(
    tables: Mapping[str, pd.DataFrame], claim: Claim, diverged: Mapping[str, Collection[int]]
) -> list[Part]:
    try:
        name = claim.statistic.get("table", "scores")
        if name not in tables:
            raise ValueError(f"table {name!r}, expected one of {list(tables)}")
        study = tables[name][tables[name]["study"] == claim.study]
        cases = expanded(claim.statistic.get("each", {}))
        every = set(study["replicate"])
        needed = every.difference(diverged.get(claim.study, ()))
        return [_part(study, claim, case, every, needed) for case in cases]
    except ValueError as error:
        raise ValueError(f"claim {claim.id}: {error}") from None


def _part(
    study: pd.DataFrame, claim: Claim, case: Filters, every: set[int], needed: set[int]
) -> Part:
    """Return one part, in the units of the claim's margin.

    Args:
        study: rows of the claim's study.
        claim: the claim.
        case: filters of this part.
        every: all replicates of the study.
        needed: replicates that every selection must have.
    """
    words = claim.statistic
    sides = [{**case, **words[name]} for name in ("of", "minus") if name in words]
    columns = [_columns(study, words, side, needed) for side in sides]
    common = sorted(set.intersection(*(set(each.index) for cells in columns for each in cells)))
    missing = tuple(sorted(every.difference(common)))
    if not common:
        return Part(claim, in_words(case), intervals.NONE, missing)
    values = [_values(words, cells, common) for cells in columns]
    if len(values) > 1:
        # Accuracies are ratios of counts: differences below 1e-9 are rounding, not spread.
        found = intervals.mean(np.round(values[0] - values[1], 9), claim.margin)
    elif words["measure"] in ("accuracy", "error"):
        counted = _columns(study, {**words, "measure": "n_images"}, sides[0], needed)
        images = int(_values(words, counted, common).min())
        rate = intervals.rate(values[0] / 100, images, claim.margin / 100)
        found = Interval(rate.n, 100 * rate.mean, 100 * rate.low, 100 * rate.high, rate.p)
    else:
        found = intervals.mean(values[0], claim.margin)
    return Part(claim, in_words(case), found, missing)


def _values(words: dict[str, Any], cells: Sequence[pd.Series], common: list[int]) -> np.ndarray:
    """Return a selection's measure [R] for the replicates `common`, added up or averaged."""
    total: np.ndarray = np.sum([each.loc[common].to_numpy() for each in cells], axis=0)
    return total if "sum_over" in words else total / len(cells)


def _columns(
    study: pd.DataFrame, words: dict[str, Any], selection: Filters, needed: set[int]
) -> list[pd.Series]:
    """Return a selection's measure by replicate, one series for every cell that is averaged."""
    shared = words.get("where", {})
    cells = expanded(words.get("mean_over", words.get("sum_over", {})))
    filters = [{**shared, **cell, **selection} for cell in cells]
    return [_column(study, words["measure"], each, needed) for each in filters]


def _column(study: pd.DataFrame, measure: str, filters: Filters, needed: set[int]) -> pd.Series:
    """Return the measure by replicate, from the one row a replicate that `filters` leave."""
    if "noise" in study:
        filters = {"noise": "none", **filters}
        if filters["noise"] == "none":
            filters = {"noise_level": "0", **filters}
    rows = study
    for column, value in filters.items():
        if column not in columns.KEY or column not in rows:
            raise ValueError(f"{column} is not a key column of the table")
        rows = rows[rows[column] == (levels.number(value) if column in IN_WORDS else value)]
    missing = sorted(needed - set(rows["replicate"]))
    if rows.empty or missing:
        without = f"for replicates {missing}" if not rows.empty else "at all"
        raise ValueError(f"the table has no rows {without} with {in_words(filters)}")
    if rows["replicate"].duplicated().any():
        names = [name for name in columns.KEY if name in rows and name != "replicate"]
        open_ = [name for name in names if rows[name].nunique() > 1]
        raise ValueError(
            f"several rows a replicate with {in_words(filters)}: they differ in {open_}"
        )
    rows = rows.set_index("replicate")
    if measure in ("accuracy", "error"):
        right = 100 * rows["accuracy"]
        return right if measure == "accuracy" else 100 - right
    if measure not in rows or not pd.api.types.is_numeric_dtype(rows[measure]):
        raise ValueError(f"measure {measure!r}: expected accuracy, error or a numeric column")
    return rows[measure].astype(np.float64)


def _adjusted(parts: list[Part]) -> list[Part]:
    """Return the parts with Holm's p-values; the parts of a study are one family of tests."""
    adjusted = list(parts)
    for study in {part.claim.study for part in parts}:
        family = [i for i, part in enumerate(parts) if part.claim.study == study]
        p_holm = intervals.holm([parts[i].interval.p for i in family])
        for i, p in zip(family, p_holm, strict=True):
            adjusted[i] = replace(parts[i], p_holm=float(p))
    return adjusted


def _judged(parts: list[Part], tested: list[Part]) -> dict[str, Any]:
    worst = max(parts, key=lambda part: part.badness)
    family = sum(part.claim.study == worst.claim.study for part in tested)
    which = f"worst of {len(parts)} parts ({worst.label}): " if len(parts) > 1 else ""
    interval = worst.interval
    return _row(worst.claim) | {
        "estimate": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "n": interval.n,
        "p_holm": worst.p_holm,
        "verdict": worst.verdict,
        "reason": which + _reason(worst, family) + _without(worst),
    }


def _left_out(claim: Claim, reason: str) -> dict[str, Any]:
    return _row(claim) | {"verdict": "not tested", "reason": reason}


def _row(claim: Claim) -> dict[str, Any]:
    copied = ("id", "study", "origin", "source", "statement", "margin")
    return {name: getattr(claim, name) for name in copied} | {"statistic": claim.text()}


def _reason(part: Part, family: int) -> str:
    interval = part.interval
    if math.isnan(interval.p):
        return "one replicate has no interval" if interval.n else "no replicate has all of the rows"
    if part.verdict == "holds":
        return "the interval lies on the claimed side of the margin"
    if part.verdict == "fails":
        return "the interval lies on the other side of the margin"
    if interval.low <= part.claim.margin <= interval.high:
        return "the interval contains the margin"
    return f"the interval misses the margin, but not after Holm's adjustment for {family} tests"


def _without(part: Part) -> str:
    if not part.missing:
        return ""
    return f"; without replicates {', '.join(map(str, part.missing))}, of which a training diverged"
