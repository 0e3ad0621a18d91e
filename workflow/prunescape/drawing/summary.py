"""Numbers that several figures draw: rows of the table averaged over replicates.

Figures average over replicates only. Two rows of one replicate in a group mean that the group mixes
arms, and raise an error.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from prunescape.drawing import labels
from prunescape.evaluation.columns import KEY
from prunescape.report import intervals

T = TypeVar("T")
COLUMN = ["network", "fit"]
"""Columns of the table whose values get panels side by side."""
ROW = ["scope", "effect", "schedule"]
"""Columns of the table whose values get panels one below the other."""


def one_ranking(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a study without arms of snr that rank as log_alpha does beside them.

    -log alpha is twice the logarithm of snr, so that both remove the same weights; the caption
    (`shared`) says so. An arm of snr is left out if log_alpha has every one of its rows, unless an
    arm of its fit has a threshold on snr: thresholds on the two are different numbers.

    Args:
        table: scores, or a table derived from them; columns that it lacks aren't compared.
    """
    same = [name for name in KEY if name != "criterion" and name in table]
    places = pd.MultiIndex.from_frame(table[same])
    snr = table["criterion"] == "snr"
    lone = snr & ~places.isin(places[table["criterion"] == "log_alpha"])
    arm = [name for name in (*COLUMN, *ROW, "selection") if name in table]
    arms = pd.MultiIndex.from_frame(table[arm])
    fits = pd.MultiIndex.from_frame(table[COLUMN])
    by_threshold = fits.isin(fits[snr & (table["selection"] == "threshold")])
    return table[~snr | arms.isin(arms[lone]) | by_threshold]


def over_replicates(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Return mean and 95 % t interval of `value` over replicates, for every group of `rows`.

    Returns:
        One row a group, sorted by `by`: the columns of `by`, mean, low, high (NaN where n is 1), n.

    Raises:
        ValueError: if a group has several rows of one replicate.
    """
    doubled = rows[rows.duplicated([*by, "replicate"])]
    if len(doubled):
        group = doubled.iloc[0][list(by)].to_dict()
        raise ValueError(f"several rows for a replicate where one is expected: {group}")
    groups = rows.groupby(list(by))[value].agg(list).reset_index()
    found = [intervals.mean(values) for values in groups[value]]
    numbers = {
        name: pd.Series([getattr(each, name) for each in found], dtype=kind)
        for name, kind in {"mean": float, "low": float, "high": float, "n": int}.items()
    }
    return groups[list(by)].assign(**numbers)


def clean(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without noise, with accuracy_percent and kept_percent added."""
    return with_percents(table[table["noise"] == "none"])


def with_percents(rows: pd.DataFrame) -> pd.DataFrame:
    """Add accuracy_percent and kept_percent (share of weights neither removed nor frozen)."""
    free = np.minimum(rows["kept_weights"], rows["total_weights"] - rows["frozen_weights"])
    return rows.assign(
        accuracy_percent=100 * rows["accuracy"], kept_percent=100 * free / rows["total_weights"]
    )


def last_step(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the last step at every level: the networks at the end of a schedule."""
    arm = [*COLUMN, *ROW, "selection", "criterion", "level"]
    return rows[rows["step"] == rows.groupby(arm)["step"].transform("max")]


def exact(table: pd.DataFrame) -> pd.DataFrame:
    """Return the clean rows of arms that remove an exact number of weights, with percents."""
    return last_step(clean(table[table["selection"] == "exact_k"]))


def along_sparsity(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return `value` averaged over replicates, for every arm, criterion and level of `rows`.

    Returns:
        From most to fewest weights kept: the columns COLUMN and ROW, criterion, level,
        kept_percent (mean over replicates), mean, low, high, n.
    """
    by = [*COLUMN, *ROW, "criterion", "level"]
    found = over_replicates(rows, by, value)
    kept = rows.groupby(by)["kept_percent"].mean().reset_index()
    found = found.merge(kept, on=by, validate="one_to_one")
    ascending = [True] * (len(by) - 1) + [False]
    return found.sort_values([*by[:-1], "kept_percent"], ascending=ascending, ignore_index=True)


def spread(levels: Sequence[T], most: int) -> list[T]:
    """Return at most `most` of the sorted `levels`, evenly placed, with the first and the last."""
    if len(levels) <= most:
        return list(levels)
    return [levels[round(i * (len(levels) - 1) / (most - 1))] for i in range(most)]


def groups(rows: pd.DataFrame, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the combinations of `columns` that occur in `rows`, in the order of the labels."""
    found = set(rows[list(columns)].itertuples(index=False, name=None))
    return sorted(
        found, key=lambda group: [labels.place(*pair) for pair in zip(columns, group, strict=True)]
    )


def at(rows: pd.DataFrame, columns: Sequence[str], values: Sequence[object]) -> pd.DataFrame:
    """Return the rows whose `columns` equal `values`."""
    return rows[(rows[list(columns)] == list(values)).all(axis=1)]


def headings(
    found: Sequence[tuple[Any, ...]], columns: Sequence[str], *, brief: bool = False
) -> list[str]:
    """Return headings of combinations: the readable names of the columns whose values vary.

    `brief`: whether scopes, effects and schedules are named in a word or two.
    """
    varying = [len({group[i] for group in found}) > 1 for i in range(len(columns))]

    def named(column: str, value: Any) -> str:
        return (labels.brief if brief and column in ROW else labels.label)(column, value)

    return [
        ", ".join(named(columns[i], group[i]) for i in range(len(columns)) if varying[i])
        for group in found
    ]


def constants(found: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> str:
    """Return a sentence with the readable names that all combinations share."""
    shared = [
        labels.label(column, found[0][i])
        for i, column in enumerate(columns)
        if len({group[i] for group in found}) == 1
    ]
    return f"All: {', '.join(shared)}. " if shared else ""


def shared(rows: pd.DataFrame) -> str:
    """Return a sentence with the network, fit and way of pruning that all rows share."""
    columns = [name for name in (*COLUMN, *ROW) if name in rows]
    alike = f"{labels.SCORES['log_alpha']} ranks as {labels.SCORES['snr']} does. "
    drawn = "log_alpha" in set(rows["criterion"])
    return constants(groups(rows, columns), columns) + (alike if drawn else "")


def sample(found: pd.DataFrame, what: str, table: pd.DataFrame | None, mark: str = "band") -> str:
    """Return a sentence with the averaged quantity `what`, images, n, and the meaning of a mark.

    `table` is None if no images were looked at; `mark` is "" if a figure has no room for intervals.
    """
    if table is not None:
        images = " or ".join(f"{count:,}" for count in sorted(set(table["n_images"])))
        what = f"{what} ({images} images)"
    least, most = found["n"].min(), found["n"].max()
    if most == 1:
        return f"{what} of one replicate, n = 1: no intervals. "
    n = f"n = {least}" if least == most else f"n = {least} to {most}"
    meaning = f"; {mark}: 95 % t interval of the mean" if mark else ""
    return f"{what}, mean over {n} replicates{meaning}. "
