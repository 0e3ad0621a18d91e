"""The parts of tested claims with their numbers, and how far these hold on new images too.

A claim of several parts is judged by all of them; claims.csv has the numbers of the one that is
farthest from being shown. Here are those of every part, at the look that judged. Beside them stands
the interval for new replicates on new images, from the outcomes of every image. No verdict takes it
into account: verdicts are about training, on these images.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.evaluation import columns
from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations import csv_files
from prunescape.foundations.table_rows import named_rows
from prunescape.report import new_images
from prunescape.verdicts import claim_values, claims, rule
from prunescape.verdicts.claim_files import Claim
from prunescape.verdicts.claim_values import Measured

COLUMNS = {
    "id": "The claim's name.",
    "study": "Study that it is about.",
    "part": "What sets the part apart from the claim's others; empty if there is one.",
    "shown": "True of the part whose numbers claims.csv has.",
    "n": "Replicates that its numbers are over.",
    "estimate": "Mean of the statistic over them.",
    "ci_low": "Lower end of the interval, adjusted for looks and claims.",
    "ci_high": "Upper end.",
    "new_low": "Lower end of the interval for new images too, at the same level.",
    "new_high": "Upper end; both empty where single images don't determine the measure.",
}
"""Columns of claim_parts.csv; docs/table.md repeats them and a test compares."""
NEW_IMAGES = ["new_low", "new_high"]


class Part(NamedTuple):
    """A part of a tested claim, as its verdict takes it.

    Attributes:
        claim: the claim.
        measured: the part, measured on all replicates.
        number: the replicates 1 to `number` are judged.
        level: that of the look; NaN before the first.
        shown: whether claims.csv has its numbers.
    """

    claim: Claim
    measured: Measured
    number: int
    level: float
    shown: bool

    @property
    def replicates(self) -> np.ndarray:
        """Numbers of the replicates that are judged and didn't diverge [R]."""
        return self.measured.replicates[self.measured.replicates <= self.number]

    @property
    def has_new_images(self) -> bool:
        """Whether there is an interval for new images."""
        return self.claim.per_image and self.level > 0 and len(self.replicates) > 1


def judged(
    tables: Mapping[str, pd.DataFrame],
    stated: Sequence[Claim],
    verdicts: pd.DataFrame,
    diverged: Mapping[str, Collection[int]],
) -> list[Part]:
    """Return the parts of the tested claims, in the order of `verdicts`.

    Args:
        tables: the run's tables by their names, as `claims.judge` takes them.
        stated: all known claims.
        verdicts: the result of `claims.judge`.
        diverged: study -> replicates that may be missing because a training of theirs diverged.
    """
    by_id = {claim.id: claim for claim in stated}
    found = []
    for row in named_rows(verdicts[verdicts["verdict"] != claims.NOT_TESTED]):
        claim = by_id[row.id]
        measured = claim_values.parts(tables, claim, diverged.get(claim.study, ()))
        reached = min(part.reached for part in measured)
        number = reached if pd.isna(row.look) else int(row.look)
        asked = rule.Question(claim.margin, claim.at_most, claim.tolerance)
        worst = rule.worst(claims.sample(measured, number), asked)
        found += [
            Part(claim, part, number, float(row.alpha), i == worst)
            for i, part in enumerate(measured)
        ]
    return found


def rows_read(parts: Sequence[Part]) -> dict[str, pd.DataFrame]:
    """Return for each study the rows of the table whose outcomes `table` needs, each row once."""
    by_study: dict[str, list[pd.DataFrame]] = {}
    for part in parts:
        if part.has_new_images:
            by_study.setdefault(part.claim.study, []).extend(
                cell.loc[part.replicates].reset_index()
                for side in part.measured.sides
                for cell in side
            )
    return {
        study: pd.concat(rows).drop_duplicates(list(columns.KEY), ignore_index=True)
        for study, rows in by_study.items()
    }


def table(parts: Sequence[Part], outcomes: Mapping[str, Outcomes]) -> pd.DataFrame:
    """Return COLUMNS, a row a part.

    Args:
        parts: the result of `judged`.
        outcomes: study -> the outcomes of `rows_read`; the intervals of a study without are empty.
    """
    places = {study: _places(found) for study, found in outcomes.items()}
    rows = []
    for part in parts:
        study = part.claim.study
        values = part.measured.first(part.number)
        sample = rule.sample(values, part.measured.resolution)
        half = rule.reach(sample.freedom, part.level) * sample.error
        new = [np.nan, np.nan]
        if part.has_new_images and study in outcomes:
            new = _new_images(part, outcomes[study].correct, places[study])
        rows.append(
            {"id": part.claim.id, "study": study, "part": part.measured.label}
            | {"shown": part.shown, "n": len(values), "estimate": float(sample.mean)}
            | {"ci_low": float(sample.mean - half), "ci_high": float(sample.mean + half)}
            | dict(zip(NEW_IMAGES, new, strict=True))
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read a claim_parts.csv, the result of `table`; ValueError names a file with others."""
    return csv_files.read(path, COLUMNS, dtype={"part": "string"}).fillna({"part": ""})


def beside(verdicts: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts with the intervals for new images of the parts that they show."""
    shown = found[found["shown"].astype(bool)].set_index("id")
    return verdicts.assign(**{name: verdicts["id"].map(shown[name]) for name in NEW_IMAGES})


def _places(found: Outcomes) -> dict[tuple[Any, ...], int]:
    keys = found.rows[list(columns.KEY)].itertuples(index=False, name=None)
    return {key: i for i, key in enumerate(keys)}


def _new_images(
    part: Part, correct: np.ndarray, places: Mapping[tuple[Any, ...], int]
) -> list[float]:
    """Return the interval of a part's statistic for new images, in the units of its margin."""
    words, (first, *second) = part.claim.statistic, part.measured.sides
    right = _right(first, part.replicates, correct, places)
    cells = len(first)
    # Of an error, images that are wrong count.
    values = cells - right if words["measure"] == "error" else right
    if second:
        other = _right(second[0], part.replicates, correct, places)
        values = other - right if words["measure"] == "error" else right - other
    step = 1 if "sum_over" in words else cells  # the cells are averaged below
    images = correct.shape[1]
    unit = (images if words["measure"] == "n_correct" else 100) / step
    return [unit * end for end in new_images.added(values, step, part.level)]


def _right(
    side: Sequence[pd.DataFrame],
    replicates: np.ndarray,
    correct: np.ndarray,
    places: Mapping[tuple[Any, ...], int],
) -> np.ndarray:
    """Return in how many cells of a side each replicate's network is right: [R, images]."""
    total = np.zeros((len(replicates), correct.shape[1]), np.int64)
    for cell in side:
        keys = cell.loc[replicates].reset_index()[list(columns.KEY)]
        total += correct[[places[key] for key in keys.itertuples(index=False, name=None)]]
    return total
