"""Rows of a table, one by one."""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def named_rows(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples: `Index`, and a field for each column.

    A column's type is known to the table alone, so a checker of types takes a field for anything.
    """
    yield from table.itertuples()
