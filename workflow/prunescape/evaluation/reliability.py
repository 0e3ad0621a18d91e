"""The table behind reliability diagrams: how often networks are right at which confidence."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import parquet

from prunescape.evaluation import table
from prunescape.evaluation.columns import KEY
from prunescape.foundations.messages import one_line

COLUMNS = [*KEY, "bin", "images", "confidence", "accuracy"]


def of_rows(
    scores: pd.DataFrame, records: Iterable[Mapping[str, Any]], bins: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Return the bins that have images, for all rows of a table of scores in its order.

    Args:
        scores: the table that `table.assemble` makes of `records`.
        records: contents of rows.json files.
        bins: of each record, float64 [rows, 3, bins], a row as `calibration.binned` has it.

    Returns:
        COLUMNS: the row's key; bin, from 1; images in it; confidence, their mean, and accuracy, the
        share that is classified correctly, in [0, 1].
    """
    names = list(KEY)
    keys = pd.DataFrame.from_records(list(table.rows(records)), columns=names)
    images, right, sure = np.concatenate(bins)[keys.sort_values(names).index].transpose(1, 0, 2)
    row, place = np.nonzero(images)
    count = images[row, place]
    return (
        scores[names]
        .iloc[row]
        .reset_index(drop=True)
        .assign(
            bin=place + 1,
            images=count.astype(int),
            confidence=sure[row, place] / count,
            accuracy=right[row, place] / count,
        )
    )


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read what `of_rows` returned and `table.write_parquet` wrote; ValueError names the file."""
    try:
        found: pd.DataFrame = parquet.read_table(path).to_pandas()
    except (OSError, pyarrow.ArrowException) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: {one_line(error)}") from None
    if list(found) != COLUMNS:
        raise ValueError(f"{path}: expected the columns {COLUMNS}, found {list(found)}")
    return found
