"""Layout of a figure: panels, and below them the legend and a note.

Everything is placed in inches and the height follows from the content, so type has the same size at
every width, and nothing overlaps. A row with too many panels for the width is wrapped.
"""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from prunescape.drawing.style import Settings

# Inches: free space at the sides, between panels and at the edge; least and greatest panel sizes.
_LEFT, _RIGHT, _GAP, _PAD = 0.52, 0.1, 0.14, 0.06
_NARROWEST, _FLATTEST, _TALLEST = 1.15, 1.0, 2.2
_HEADING: dict[str, Any] = {"weight": "bold"}


class Panels:
    """A grid of axes with headings for rows and titles for columns; all axes share y.

    Args:
        rows: the rows' headings; "" leaves one out.
        columns: the columns' titles; "" leaves one out.
        settings: width, type size and resolution.
        own_x: whether columns have different x axes, labelled by the caller; else all axes share x.

    Attributes:
        figure: the figure.
        axes: (row, column) -> axes.
        first: the axes at (0, 0).
        width: width of a panel, inches.
    """

    def __init__(
        self,
        rows: Sequence[str],
        columns: Sequence[str],
        settings: Settings,
        *,
        own_x: bool = False,
    ) -> None:
        self._settings = settings
        self._line = settings.font_size / 72 * 1.45  # height of a line of type, inches
        free = settings.width - _LEFT - _RIGHT
        fitting = max(1, int((free + _GAP) / (_NARROWEST + _GAP)))
        lines = math.ceil(len(columns) / fitting)
        across = math.ceil(len(columns) / lines)
        self.width = (free - _GAP * (across - 1)) / across
        self._height = min(max(0.72 * self.width, _FLATTEST), _TALLEST)

        self.figure = Figure(figsize=(settings.width, 1), dpi=settings.dots_per_inch)
        FigureCanvasAgg(self.figure)
        self.axes: dict[tuple[int, int], Axes] = {}
        # (row, column) -> left and top of the panel, inches
        self._corners: dict[tuple[int, int], tuple[float, float]] = {}
        self._headings: list[tuple[float, str]] = []  # top, text
        top = _PAD
        for row, heading in enumerate(rows):
            top += 0.35 * self._line if row and heading else 0
            for text in wrapped(self.figure, heading, **_HEADING):
                self._headings.append((top, text))
                top += self._line
            for line in range(lines):
                titled = any(columns) and (row == 0 or lines > 1)
                top += (1.0 if titled else 0.4) * self._line
                for column in range(line * across, min((line + 1) * across, len(columns))):
                    self._add(row, column, own_x)
                    axes = self.axes[row, column]
                    axes.set_title(columns[column] if titled else "", pad=3)
                    lowest = row == len(rows) - 1 and column + across >= len(columns)
                    axes.tick_params(labelleft=column % across == 0, labelbottom=lowest)
                    left = _LEFT + column % across * (self.width + _GAP)
                    self._corners[row, column] = (left, top)
                top += self._height + 0.6 * self._line
        self._bottom = top - 0.6 * self._line
        self.first = self.axes[0, 0]

    def _add(self, row: int, column: int, own_x: bool) -> None:
        self.axes[row, column] = self.figure.add_axes(
            (0, 0, 1, 1),
            label=f"{row},{column}",
            sharey=self.axes.get((0, 0)),
            sharex=self.axes.get((0, column if own_x else 0)),
        )

    def finish(self, x_label: str, y_label: str, handles: Sequence[Artist], note: str) -> Figure:
        """Write axis labels, legend and note, set the height, and return the figure.

        Args:
            x_label: label of the shared x axes; "" if columns have different x axes.
            y_label: label of the y axes.
            handles: labelled artists of the legend.
            note: text below the legend.
        """
        figure, line = self.figure, self._line
        small: dict[str, Any] = {"size": self._settings.font_size - 0.5, "color": "#404040"}
        x_top = self._bottom + 1.35 * line
        legend_top = x_top + 1.3 * line
        legend = self._legend(handles)
        note_top = legend_top + self._inches(legend)[1] + 0.3 * line
        lines = wrapped(figure, note, **small)
        width = self._settings.width
        height = note_top + 0.95 * line * len(lines) + _PAD

        figure.set_size_inches(width, height)
        for key, (left, top) in self._corners.items():
            bottom = 1 - (top + self._height) / height
            size = (self.width / width, self._height / height)
            self.axes[key].set_position((left / width, bottom, *size))
        legend.set_bbox_to_anchor((_PAD / width, 1 - legend_top / height), figure.transFigure)

        middle = 0.5 * (_LEFT + width - _RIGHT) / width
        figure.text(middle, 1 - x_top / height, x_label, ha="center", va="top")
        for row in {row for row, _ in self.axes}:
            tops = [top for (i, _), (_, top) in self._corners.items() if i == row]
            middle = 1 - 0.5 * (min(tops) + max(tops) + self._height) / height
            figure.text(_PAD / width, middle, y_label, ha="left", va="center", rotation=90)
        for top, text in self._headings:
            figure.text(_PAD / width, 1 - top / height, text, va="top", **_HEADING)
        for i, text in enumerate(lines):
            top = note_top + 0.95 * line * i
            figure.text(_PAD / width, 1 - top / height, text, va="top", **small)
        return figure

    def _legend(self, handles: Sequence[Artist]) -> Legend:
        """Return the legend with as many columns as the width allows."""
        columns = len(handles)
        while True:
            legend = self.figure.legend(
                handles=list(handles),
                loc="upper left",
                ncols=columns,
                frameon=False,
                borderaxespad=0,
                borderpad=0,
                columnspacing=1.2,
                handlelength=2.1,
                labelspacing=0.35,
            )
            if columns == 1 or self._inches(legend)[0] <= self._settings.width - 2 * _PAD:
                return legend
            legend.remove()
            columns -= 1

    def _inches(self, artist: Artist) -> tuple[float, float]:
        """Return the drawn width and height of an artist."""
        extent = artist.get_window_extent()
        return extent.width / self.figure.dpi, extent.height / self.figure.dpi


def wrapped(figure: Figure, text: str, width: float | None = None, **font: Any) -> list[str]:
    """Return lines of `text`, set in `font`, that fit `width` inches; by default the figure's."""
    lines: list[str] = []
    free = (figure.get_figwidth() - 2 * _PAD if width is None else width) * figure.dpi
    probe = figure.text(0, 0, "", **font)
    for word in text.split():
        probe.set_text(f"{lines[-1]} {word}" if lines else word)
        if lines and probe.get_window_extent().width <= free:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    probe.remove()
    return lines
