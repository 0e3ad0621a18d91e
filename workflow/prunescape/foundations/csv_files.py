"""Read CSV tables, the run's and published ones, and check their columns."""

import os
from collections.abc import Iterable
from typing import Any

import pandas as pd

from prunescape.foundations.messages import one_line


def read(path: str | os.PathLike, columns: Iterable[str], **options: Any) -> pd.DataFrame:
    """Read a CSV file that has these columns in this order.

    Args:
        path: the file.
        columns: the column names.
        options: passed on to `pandas.read_csv`.

    Raises:
        ValueError: if the file is no readable table or has other columns, with its path.
    """
    try:
        found: pd.DataFrame = pd.read_csv(path, **options)
    except (ValueError, OverflowError) as error:  # pandas' parsing errors are ValueErrors
        text = one_line(error)
        raise ValueError(f"{path}: not a readable table ({text})") from None
    if list(found) != list(columns):
        raise ValueError(f"{path}: expected the columns {list(columns)}, found {list(found)}")
    return found
