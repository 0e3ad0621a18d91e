"""Outcomes: of every row of the table, which test images the network classified correctly.

They say what a count can't: which images pruning breaks, and how far a difference would hold on
other images.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prunescape.data import datasets
from prunescape.evaluation import columns, outcome_bits, table
from prunescape.evaluation.outcome_bits import Packed
from prunescape.foundations import files
from prunescape.pipeline import paths


@dataclass(frozen=True)
class Outcomes:
    """Rows of a study's table with the outcome of every image.

    Attributes:
        rows: rows of the table, indexed from 0.
        correct: bool [rows, images]: whether the row's network classified the image correctly.
        evaluated_on: split -> SHA-256 of the file that holds the images in this order.
    """

    rows: pd.DataFrame
    correct: np.ndarray
    evaluated_on: dict[str, str]

    def where(self, **equal: Any) -> "Outcomes":
        """Return the rows whose columns equal the given values."""
        chosen = _chosen(self.rows, equal)
        kept = self.rows[chosen].reset_index(drop=True)
        return Outcomes(kept, self.correct[chosen], self.evaluated_on)


def outcomes(folder: str | os.PathLike, study: str, **equal: Any) -> Outcomes:
    """Read a study's outcomes from the results of a run, one row for every row of its table.

    Files that lie there from other settings are passed over: a row counts if all its values are
    those of the table.

    Args:
        folder: results/<run>.
        study: name of a study.
        equal: columns of the table with the value that rows must have, or a list of values: for
            example criterion="snr", level=[0, 0.9], noise="none".

    Returns:
        The rows, in the order of the table, with their outcomes.

    Raises:
        ValueError: if the study has no table there, no row has these values, or rows have no
            outcomes there.
    """
    path = Path(folder) / paths.of_study(paths.TABLE).format(study=study)
    if not path.exists():
        raise ValueError(f"{path} is not there; needed: the study's table, which a run makes")
    scores = table.read_parquet(path)
    rows = scores[_chosen(scores, {"study": study} | equal)].reset_index(drop=True)
    if rows.empty:
        wanted = ", ".join(f"{name} = {value}" for name, value in equal.items())
        raise ValueError(f"{folder}: no rows of study {study}{wanted and ' with '}{wanted}")
    pattern = re.sub("{[a-z]+}", "*", paths.OUTCOMES.replace("{study}", study))
    try:
        return of_rows(rows, sorted(Path(folder).glob(pattern)))
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None


def of_rows(rows: pd.DataFrame, files_there: Iterable[str | os.PathLike]) -> Outcomes:
    """Read the outcomes of some rows of a study's table.

    Args:
        rows: the rows, indexed from 0.
        files_there: outcomes of evaluation jobs, which may have more rows.

    Raises:
        ValueError: if some of the rows have no outcomes there.
    """
    names = [*columns.KEY, *columns.VALUE]
    place = {row: i for i, row in enumerate(rows[names].itertuples(index=False, name=None))}
    n_images, evaluated_on = int(rows["n_images"].iloc[0]), dict[str, str]()
    bits = np.zeros((len(rows), -(-n_images // 8)), np.uint8)
    found = np.zeros(len(rows), bool)
    for record, packed in _jobs(files_there):
        for row, own in zip(record["rows"], packed.bits, strict=True):
            i = place.get(tuple(row[name] for name in names))
            if i is not None:
                bits[i], found[i], evaluated_on = own, True, packed.evaluated_on
    if not found.all():
        first = table.name(rows.loc[int(found.argmin()), list(columns.KEY)])
        raise ValueError(
            f"{int((~found).sum())} of {len(rows)} rows have no outcomes there, the first: "
            f"({first}); run the workflow again"
        )
    correct = np.unpackbits(bits, axis=1, count=n_images).view(bool)
    return Outcomes(rows, correct, evaluated_on)


def images(found: Outcomes, data: str | os.PathLike = "data") -> datasets.Split:
    """Return the images and labels that belong to outcomes, in the same order.

    Args:
        found: outcomes.
        data: the folder with the prepared data sets.

    Raises:
        ValueError: if the file there isn't the one that was evaluated.
    """
    [(split, checksum)] = found.evaluated_on.items()
    path = Path(data) / found.rows["dataset"].iloc[0] / f"{split}.safetensors"
    loaded = datasets.load([path])
    if loaded.opened != found.evaluated_on:
        raise ValueError(f"{path}: not the file that was evaluated, whose SHA-256 is {checksum}")
    return loaded


def _chosen(rows: pd.DataFrame, equal: dict[str, Any]) -> np.ndarray:
    """Return which rows have the values; ValueError for an unknown column."""
    chosen = np.ones(len(rows), bool)
    for name, value in equal.items():
        if name not in rows.columns:
            raise ValueError(f"found the column {name}; allowed: {', '.join(rows.columns)}")
        chosen &= rows[name].isin(value if isinstance(value, list | tuple | set) else [value])
    return chosen


def _jobs(files_there: Iterable[str | os.PathLike]) -> Iterator[tuple[dict[str, Any], Packed]]:
    """Yield (contents of rows.json, outcomes) of every evaluation job that has both files."""
    for path in map(Path, files_there):
        rows = path.with_name(Path(paths.ROWS).name)
        if rows.exists():
            record, packed = files.read_json(rows), outcome_bits.read(path)
            if len(record["rows"]) != len(packed.bits):
                raise ValueError(f"{path}: {len(packed.bits)} rows, {rows} has another number")
            yield record, packed
