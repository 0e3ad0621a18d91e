"""Iterate over the rows of a table."""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def named_rows(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples: `Index`, and a field for each column.

    Fields have the type Any, as a type checker can't know a column's type.
    """
    yield from table.itertuples()
