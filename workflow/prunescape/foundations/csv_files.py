"""Read CSV tables, the run's and published ones, and check their columns; join tables."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
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


def joined(paths: Sequence[str | os.PathLike]) -> str:
    """Return the text of CSV files with the same columns as one, row after row, to the byte.

    Args:
        paths: one file or more; each ends with a newline, and no column's name has one.

    Raises:
        ValueError: if a file's columns are not those of the first; names both.
    """
    heads, bodies = [], []
    for path in paths:
        head, _, body = Path(path).read_text(encoding="utf-8").partition("\n")
        heads.append(head)
        bodies.append(body)
    for path, head in zip(paths, heads, strict=True):
        if head != heads[0]:
            raise ValueError(f"{path}: columns {head}, expected those of {paths[0]}: {heads[0]}")
    return "\n".join([heads[0], "".join(bodies)])
