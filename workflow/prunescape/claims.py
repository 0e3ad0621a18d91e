"""Claims: rows of data (workflow/resources/claims.yaml) that are judged from the tables alone.

A claim states that a statistic lies on one side of a margin. Its statistic is written in these
words:

    table      scores, which is meant where none is named, or gradient_noise
    measure    accuracy or error, in points (percent); or any numeric column, as it is
    of         selection of rows: {column of the key: value}
    minus      a second selection, subtracted replicate by replicate; without it, a threshold
    where      filters of both selections
    each       filters that make one part each: the claim is that all parts hold
    mean_over  filters whose rows are averaged, replicate by replicate
    sum_over   filters whose rows are added up (the noise score: n_correct summed over noise)

`each`, `mean_over` and `sum_over` are a mapping or a list of mappings; a list of values stands for
each of them ({level: ["0.70", "0.90"]}). A selection's own filters win over those that it shares.
Levels are the strings of config, "0.90" or "68x". Rows are clean unless noise is named. A selection
must leave exactly one row a replicate, and every replicate of the study must have one, but for
those that diverged: what is compared or averaged are the replicates that all selections have, and n
is their number.

Verdicts: a claim holds if its opposite is rejected, fails if the claim itself is, and is undecided
otherwise. Both come from one two-sided test at 5 % of "the statistic equals the margin", read in
the direction of the estimate, after Holm's adjustment over all tested parts of a study. A claim of
several parts is as good as its worst.
"""

import itertools
import math
import os
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from prunescape import csv_files, intervals, levels, table
from prunescape.intervals import Interval

ALPHA = 0.05
ORIGINS = ("paper", "public code", "this project")
COMPARISONS = ("<=", "<", ">=", ">")
VERDICTS = ("fails", "undecided", "holds")  # from worst to best
WORDS = ("table", "measure", "where", "of", "minus", "each", "mean_over", "sum_over")
COLUMNS = (
    *("id", "study", "origin", "source", "statement", "statistic", "estimate", "ci_low", "ci_high"),
    *("margin", "n", "p_holm", "verdict", "reason"),
)

_IN_WORDS = {"level", "noise_level"}  # columns whose values config files write as strings

Filters = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """One claim as claims.yaml states it."""

    id: str
    study: str
    origin: str
    source: str
    statement: str
    statistic: dict[str, Any]
    comparison: str
    margin: float

    def __post_init__(self) -> None:
        if not isinstance(self.statistic, dict):
            raise ValueError(f"claim {self.id}: statistic {self.statistic!r}, expected a mapping")
        wrong = [word for word in self.statistic if word not in WORDS]
        if wrong or not {"measure", "of"} <= set(self.statistic):
            raise ValueError(
                f"claim {self.id}: statistic has the words {list(self.statistic)}; expected "
                f"measure and of, and any of {WORDS}"
            )
        if {"mean_over", "sum_over"} <= set(self.statistic):
            raise ValueError(f"claim {self.id}: expected mean_over or sum_over, not both")
        for word in set(self.statistic) - {"measure", "table"}:
            stated = _listed(self.statistic[word])
            if not all(isinstance(filters, dict) for filters in stated):
                raise ValueError(f"claim {self.id}: {word}: expected filters {{column: value}}")
            for filters in _expand(stated):
                for column in _IN_WORDS & set(filters):
                    try:
                        levels.number(filters[column])
                    except ValueError as error:
                        raise ValueError(f"claim {self.id}: {word}: {error}") from None
        if not isinstance(self.margin, (int, float)):
            raise ValueError(f"claim {self.id}: margin {self.margin!r}, expected a number")
        for name, allowed in (("origin", ORIGINS), ("comparison", COMPARISONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"claim {self.id}: {name} {getattr(self, name)!r}, expected one of {allowed}"
                )

    def text(self) -> str:
        """Return the statistic and what is claimed of it, in one readable line."""
        words = self.statistic
        minus = f" - ({_text(words['minus'])})" if "minus" in words else ""
        parts = [f"{words['measure']} of ({_text(words['of'])}){minus}"]
        if "table" in words:
            parts[0] = f"{words['table']}: {parts[0]}"
        parts += [
            f"{word.replace('_', ' ')} {' and '.join(map(_text, _listed(words[word])))}"
            for word in ("where", "each", "mean_over", "sum_over")
            if word in words
        ]
        return f"{'; '.join(parts)}; {self.comparison} {self.margin}"

    def past(self, estimate: float) -> float:
        """Return how far an estimate lies past the margin; below 0 on the claimed side."""
        beyond = estimate - self.margin
        return beyond if self.comparison in ("<=", "<") else -beyond


@dataclass(frozen=True)
class Part:
    """One tested part of a claim: its filters of `each` (in words), its interval, its p.

    `missing`: replicates of the study that it has to do without.
    """

    claim: Claim
    label: str
    interval: Interval
    missing: tuple[int, ...] = ()
    p_holm: float = math.nan

    @property
    def verdict(self) -> str:
        """holds, fails or undecided; an interval of NaN (one replicate) is undecided."""
        if not self.p_holm < ALPHA:
            return "undecided"
        return "holds" if self.claim.past(self.interval.mean) < 0 else "fails"

    @property
    def badness(self) -> tuple[int, float, float]:
        """What sorts parts from best to worst: verdict, one-sided p, distance past the margin."""
        past = self.claim.past(self.interval.mean)
        tail = 0.5 if math.isnan(self.interval.p) else self.interval.p / 2
        return -VERDICTS.index(self.verdict), tail if past < 0 else 1 - tail, past


def read(path: str | os.PathLike) -> list[Claim]:
    """Read claims.yaml; ValueError names the claim that is not well formed."""
    expected = [field.name for field in fields(Claim)]
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # UnicodeDecodeError, dates
        text = " ".join(str(error).split())
        raise ValueError(f"{path}: not a YAML file ({text})") from None
    if not isinstance(entries or [], list):
        raise ValueError(
            f"{path}: expected a list of claims, found {textwrap.shorten(repr(entries), 200)}"
        )
    found = []
    for entry in entries or []:
        if not isinstance(entry, dict) or set(entry) != set(expected):
            shown = textwrap.shorten(repr(entry), 200)
            raise ValueError(f"{path}: expected a claim with the keys {expected}, found {shown}")
        try:
            found.append(Claim(**entry))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    ids = [claim.id for claim in found]
    if len(set(ids)) != len(ids):
        raise ValueError(f"{path}: a claim's id occurs twice in {ids}")
    return found


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
        claims: all claims known.
        studies: studies of the run; claims of others are left out.
        not_tested: id and reason of claims that the configuration can't test, whatever the data.
        diverged: study -> the replicates that may be missing, as a training of theirs diverged.

    Raises:
        ValueError: a claim that is to be tested selects no rows, not all replicates, or several
            rows of one; or `not_tested` names a claim that doesn't exist.
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
    for row in verdicts.itertuples():
        line = f"{row.id:<6} {row.verdict:<10}"
        if row.verdict != "not tested":
            interval = f"[{row.ci_low:.2f}, {row.ci_high:.2f}]"
            line += f" {row.estimate:>9.2f}  {interval:<20} {row.margin:>8.6g} {row.n:>3}"
            line += f" {row.p_holm:>9.2g}"
        lines.append(line)
        for text in (f"{row.statement} ({row.origin})", row.reason):
            lines += textwrap.wrap(text, 100, initial_indent=" " * 7, subsequent_indent=" " * 7)
    return "\n".join(lines)


def _parts(
    tables: Mapping[str, pd.DataFrame], claim: Claim, diverged: Mapping[str, Collection[int]]
) -> list[Part]:
    try:
        name = claim.statistic.get("table", "scores")
        if name not in tables:
            raise ValueError(f"table {name!r}, expected one of {list(tables)}")
        study = tables[name][tables[name]["study"] == claim.study]
        cases = _expand(claim.statistic.get("each", {}))
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
        needed: those that every selection must have.
    """
    words = claim.statistic
    sides = [{**case, **words[name]} for name in ("of", "minus") if name in words]
    columns = [_columns(study, words, side, needed) for side in sides]
    common = sorted(set.intersection(*(set(each.index) for cells in columns for each in cells)))
    if not common:
        raise ValueError("no replicate has rows in all selections: too many diverged")
    values = [_values(words, cells, common) for cells in columns]
    missing = tuple(sorted(every.difference(common)))
    if len(values) > 1:
        # Accuracies are ratios of counts: what differs below 1e-9 is rounding, not spread.
        found = intervals.mean(np.round(values[0] - values[1], 9), claim.margin)
    elif words["measure"] in ("accuracy", "error"):
        counted = _columns(study, {**words, "measure": "n_images"}, sides[0], needed)
        images = int(_values(words, counted, common).min())
        rate = intervals.rate(values[0] / 100, images, claim.margin / 100)
        found = Interval(rate.n, 100 * rate.mean, 100 * rate.low, 100 * rate.high, rate.p)
    else:
        found = intervals.mean(values[0], claim.margin)
    return Part(claim, _text(case), found, missing)


def _values(words: dict[str, Any], cells: Sequence[pd.Series], common: list[int]) -> np.ndarray:
    """Return the measure of a selection [R] for some replicates, added or averaged over cells."""
    total = np.sum([each.loc[common].to_numpy() for each in cells], axis=0)
    return total if "sum_over" in words else total / len(cells)


def _columns(
    study: pd.DataFrame, words: dict[str, Any], selection: Filters, needed: set[int]
) -> list[pd.Series]:
    """Return the measure of a selection by replicate, cell by cell of what is averaged."""
    shared = words.get("where", {})
    cells = _expand(words.get("mean_over", words.get("sum_over", {})))
    filters = [{**shared, **cell, **selection} for cell in cells]
    return [_column(study, words["measure"], each, needed) for each in filters]


def _column(study: pd.DataFrame, measure: str, filters: Filters, needed: set[int]) -> pd.Series:
    """Return the measure of the one row that `filters` leave of each replicate, by replicate."""
    if "noise" in study:
        filters = {"noise": "none", **filters}
        if filters["noise"] == "none":
            filters = {"noise_level": "0", **filters}
    rows = study
    for column, value in filters.items():
        if column not in table.KEY or column not in rows:
            raise ValueError(f"{column} is not a key column of the table")
        rows = rows[rows[column] == (levels.number(value) if column in _IN_WORDS else value)]
    missing = sorted(needed - set(rows["replicate"]))
    if rows.empty or missing:
        without = f"for replicates {missing}" if not rows.empty else "at all"
        raise ValueError(f"the table has no rows {without} with {_text(filters)}")
    if rows["replicate"].duplicated().any():
        names = [name for name in table.KEY if name in rows and name != "replicate"]
        open_ = [name for name in names if rows[name].nunique() > 1]
        raise ValueError(f"several rows a replicate with {_text(filters)}: they differ in {open_}")
    rows = rows.set_index("replicate")
    if measure in ("accuracy", "error"):
        right = 100 * rows["accuracy"]
        return right if measure == "accuracy" else 100 - right
    if measure not in rows or not pd.api.types.is_numeric_dtype(rows[measure]):
        raise ValueError(f"measure {measure!r}: expected accuracy, error or a numeric column")
    return rows[measure].astype(np.float64)


def _adjusted(parts: list[Part]) -> list[Part]:
    """Return the parts with Holm's p-values, each study a family of its own."""
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
        return "one replicate has no interval"
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


def _listed(filters: Filters | list[Filters]) -> list[Filters]:
    return filters if isinstance(filters, list) else [filters]


def _expand(filters: Filters | list[Filters]) -> list[Filters]:
    """Return one mapping for each combination of the values listed."""
    return [
        dict(zip(each, values, strict=True))
        for each in _listed(filters)
        for values in itertools.product(
            *(value if isinstance(value, list) else [value] for value in each.values())
        )
    ]


def _text(filters: Filters) -> str:
    """Return filters in words: "criterion snr, level 0.70 0.90"."""
    return ", ".join(
        f"{column} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for column, value in filters.items()
    )
