"""What a claim's statistic is on each replicate, read from a run's tables."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.evaluation import columns
from prunescape.foundations import levels
from prunescape.verdicts import corruption_errors
from prunescape.verdicts.claim_files import (
    CORRUPTION_ERRORS,
    IN_WORDS,
    Claim,
    Filters,
    clean_unless_named,
    expanded,
    in_words,
)


class Measured(NamedTuple):
    """One part of a claim, measured.

    Attributes:
        label: the part's filters in words; "" if the claim has one part.
        replicates: numbers of the replicates [R] that all selections have, ascending.
        values: the statistic [R], in the units of the claim's margin.
        resolution: smallest step of a value, one image; 0 if the measure has none.
        reached: last of the replicates 1, 2, ... that each are there or diverged.
        sides: of what is compared, one side or two, the rows of each cell that is averaged or
            added up, indexed by replicate.
    """

    label: str
    replicates: np.ndarray
    values: np.ndarray
    resolution: float
    reached: int
    sides: Sequence[Sequence[pd.DataFrame]]

    def first(self, number: int) -> np.ndarray:
        """Return the values of the replicates 1 to `number`."""
        return self.values[self.replicates <= number]

    def missing(self, number: int) -> list[int]:
        """Return which of the replicates 1 to `number` diverged."""
        return sorted(set(range(1, min(number, self.reached) + 1)) - set(self.replicates.tolist()))


def parts(
    tables: Mapping[str, pd.DataFrame], claim: Claim, diverged: Collection[int]
) -> list[Measured]:
    """Return the parts of a claim in the order of its file.

    Args:
        tables: the run's tables by their names, `scores` and `gradient_noise`.
        claim: the claim.
        diverged: replicates of the study that may be missing because a training diverged.

    Raises:
        ValueError: if a selection leaves no rows, several rows of one replicate, or a gap between
            replicates; names the claim.
    """
    try:
        name = claim.statistic.get("table", "scores")
        if name not in tables:
            raise ValueError(f"table {name!r}, expected one of {list(tables)}")
        study = tables[name][tables[name]["study"] == claim.study]
        cases = expanded(claim.statistic.get("each", {}))
        return [_part(study, claim, case, set(diverged)) for case in cases]
    except ValueError as error:
        raise ValueError(f"claim {claim.id}: {error}") from None


def _part(study: pd.DataFrame, claim: Claim, case: Filters, diverged: set[int]) -> Measured:
    words = claim.statistic
    sides = [
        [_rows(study, filters) for filters in claim.cells(side, case)]
        for side in ("of", "minus")
        if side in words
    ]
    cells = [rows for side in sides for rows in side]
    reached = min(_reached(rows, diverged) for rows in cells)
    there = set.intersection(*(set(rows.index) for rows in cells))
    common = sorted(each for each in there if each <= reached)
    if words["measure"] in CORRUPTION_ERRORS:
        kinds = [each["noise"] for each in claim.cells("of", case)]
        own, other = (
            np.stack([_measure("error", rows).loc[common].to_numpy() for rows in side])
            for side in sides
        )
        relative = words["measure"].startswith("relative")
        values = np.round(corruption_errors.mean(own, other, kinds, relative=relative), 9)
    else:
        by_side = [_values(words, side, common) for side in sides]
        # Accuracies are ratios of counts: differences below 1e-9 are rounding, not spread.
        values = np.round(by_side[0] - by_side[1], 9) if len(by_side) > 1 else by_side[0]
    resolution = min(_resolution(words["measure"], rows) for rows in cells)
    numbers = np.array(common, dtype=int)
    return Measured(in_words(case), numbers, values, resolution, reached, sides)


def _rows(study: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Return the rows that `filters` leave, by their replicates: at least one, one a replicate."""
    if "noise" in study:
        filters = clean_unless_named(filters)
    rows = study
    if "prediction" in study and "prediction" not in filters:
        rows = study[study["prediction"] == "mean"]
    for column, value in filters.items():
        if column not in columns.KEY or column not in rows:
            raise ValueError(f"{column} is not a key column of the table")
        rows = rows[rows[column] == (levels.number(value) if column in IN_WORDS else value)]
    if rows.empty:
        raise ValueError(f"the table has no rows at all with {in_words(filters)}")
    if rows["replicate"].duplicated().any():
        names = [name for name in columns.KEY if name in rows and name != "replicate"]
        open_ = [name for name in names if rows[name].nunique() > 1]
        raise ValueError(
            f"several rows a replicate with {in_words(filters)}: they differ in {open_}"
        )
    found = rows.set_index("replicate").sort_index()
    found.attrs["filters"] = in_words(filters)
    return found


def _reached(rows: pd.DataFrame, diverged: set[int]) -> int:
    """Return the last of the replicates 1, 2, ... that each have a row or diverged."""
    there = set(rows.index) | diverged
    reached = 0
    while reached + 1 in there:
        reached += 1
    last = max(rows.index)
    if last > reached:
        gap = sorted(set(range(1, last)) - there)
        raise ValueError(
            f"the table has no rows for replicates {gap} with {rows.attrs['filters']}, but has "
            f"some for replicate {last}"
        )
    return reached


def _values(words: Mapping[str, Any], cells: Sequence[pd.DataFrame], common: list[int]) -> Any:
    """Return a side's measure [R] for the replicates `common`, added up or averaged over cells."""
    measured = [_measure(words["measure"], rows).loc[common].to_numpy() for rows in cells]
    total: np.ndarray = np.sum(measured, axis=0)
    return total if "sum_over" in words else total / len(cells)


def _measure(measure: str, rows: pd.DataFrame) -> pd.Series:
    if measure in ("accuracy", "error"):
        right = 100 * rows["accuracy"]
        return right if measure == "accuracy" else 100 - right
    if measure not in rows or not pd.api.types.is_numeric_dtype(rows[measure]):
        raise ValueError(f"measure {measure!r}: expected accuracy, error or a numeric column")
    return rows[measure].astype(np.float64)


def _resolution(measure: str, rows: pd.DataFrame) -> float:
    """Return the smallest step of a measure: one image in points, 1 of a count, else 0."""
    if measure in ("accuracy", "error"):
        return float(100 / rows["n_images"].max())
    if measure in CORRUPTION_ERRORS:
        return 0.0
    return float(pd.api.types.is_integer_dtype(rows[measure]))
