"""A grid of panels for the drawn rows; columns in which arms differ place rows on panels."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from prunescape.drawing import ink, summary
from prunescape.drawing.layout import Panels
from prunescape.drawing.style import Settings

Key = tuple[Any, ...]
"""Values of a panel's columns: words of the table, and levels."""


class Panel(NamedTuple):
    """One panel: axes, key of the panel's row, key of its column, and the rows to draw on it."""

    axes: Axes
    row: Key
    column: Key
    found: pd.DataFrame


class Grid:
    """Panels for the combinations of two sets of columns that occur in `found`.

    Args:
        found: the rows to draw.
        rows: columns of `found` whose values get panels one below the other.
        columns: columns of `found` whose values get panels side by side.
        settings: size and type.
        title: key of a column of panels -> its title; the readable names by default.

    Attributes:
        panels: the axes.
    """

    def __init__(
        self,
        found: pd.DataFrame,
        rows: Sequence[str],
        columns: Sequence[str],
        settings: Settings,
        title: Callable[[Key], str] | None = None,
    ) -> None:
        self._found = found
        self._names = [*rows], [*columns]
        self._rows = summary.groups(found, rows)
        self._columns = summary.groups(found, columns)
        titles = map(title, self._columns) if title else summary.headings(self._columns, columns)
        self.panels = Panels(summary.headings(self._rows, rows), [*titles], settings)

    def __iter__(self) -> Iterator[Panel]:
        """Yield every panel; one without rows is marked as not run."""
        for (i, j), axes in self.panels.axes.items():
            row, column = self._rows[i], self._columns[j]
            names = [name for side in self._names for name in side]
            panel = summary.at(self._found, names, [*row, *column])
            if panel.empty:
                ink.mark_not_run(axes)
            yield Panel(axes, row, column, panel)

    def constants(self, leave_out: Sequence[str] = ()) -> str:
        """Return a sentence with the values that all panels share."""
        rows, columns = self._names
        kept = [name for name in (*columns, *rows) if name not in leave_out]
        return summary.constants(summary.groups(self._found, kept), kept)
