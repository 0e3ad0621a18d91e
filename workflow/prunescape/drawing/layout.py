"""Layout of a figure: panels, and below them the legend and a note.

Everything is placed in inches and the height follows from the content, so type has the same size at
every width, and nothing overlaps. A row with too many panels for the width is wrapped.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from prunescape.drawing.style import Settings

# Inches: free space at the sides, between panels and at the edge; sizes of panels; the height of a
# page. Panels are as low as they must be to fit a page, but no lower than _FLATTEST.
_LEFT, _RIGHT, _GAP, _PAD = 0.52, 0.1, 0.14, 0.06
_NARROWEST, _FLATTEST, _TALLEST, _PAGE = 1.3, 0.8, 2.4, 9.0
_HANDLE = 0.45  # inches, of the mark before an entry of a legend
_ENTRY = 0.9  # inches, of the shortest entry of a legend
_HEADING: dict[str, Any] = {"weight": "bold"}
Section = tuple[str, Sequence[str]]
"""A heading ("" leaves it out), and the titles of the panels below it."""


class Panels:
    """Panels under headings, side by side and wrapped; all share y, or those of each section.

    Args:
        sections: headings, and titles of the panels below each; there is a panel for each title.
        settings: width, type size and resolution.
        own_x: whether panels in different places of their sections have different x axes, which the
            caller labels; else all panels share x.
        own_y: whether each section has a y axis of its own.
        narrowest: least width of a panel, inches.
        height: height of a panel, inches; by default as its width and the page have it.
        shape: height over width that it has by default, where the page has room.
        left: room for labels of y, inches.
        legend: how many entries the legend will have.

    Attributes:
        figure: the figure.
        axes: (section, place in it) -> axes.
        first: the axes at (0, 0).
        width, height: size of a panel, inches.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        settings: Settings,
        *,
        own_x: bool = False,
        own_y: bool = False,
        narrowest: float = _NARROWEST,
        height: float | None = None,
        shape: float = 0.72,
        left: float = _LEFT,
        legend: int = 10,
    ) -> None:
        self._settings, self._left = settings, left
        self._line = settings.font_size / 72 * 1.45  # height of a line of type, inches
        free = settings.width - left - _RIGHT
        fitting = max(1, int((free + _GAP) / (narrowest + _GAP)))
        most = max(len(titles) for _, titles in sections)
        across = math.ceil(most / math.ceil(most / fitting))
        self.width = (free - _GAP * (across - 1)) / across
        self.figure = Figure(figsize=(settings.width, 1), dpi=settings.dots_per_inch)
        FigureCanvasAgg(self.figure)
        self._own_x, self._own_y = own_x, own_y
        self.axes: dict[tuple[int, int], Axes] = {}
        # (section, place) -> left and top of the panel, inches
        self._corners: dict[tuple[int, int], tuple[float, float]] = {}
        self._headings: list[tuple[float, str]] = []  # top, text
        written = [
            (heading, [wrapped(self.figure, title, self.width) for title in titles])
            for heading, titles in sections
        ]
        lines = sum(math.ceil(len(titles) / across) for _, titles in sections)
        further = sum(
            max(0, *(len(title) - 1 for title in titles[begin : begin + across]))
            for _, titles in written
            for begin in range(0, len(titles), across)
        )
        below = self._line * (7 + math.ceil(legend / 2) + len(sections) + further)
        fits = (_PAGE - below) / lines - 1.8 * self._line
        lowest = max(shape * self.width, _FLATTEST)
        self.height = height or max(min(lowest, _TALLEST, fits), _FLATTEST)
        self._place(written, across, left)
        self.first = self.axes[0, 0]

    def _place(
        self, sections: Sequence[tuple[str, list[list[str]]]], across: int, left: float
    ) -> None:
        """Add the panels, one line of them after the other, and note where they stand."""
        top, above = _PAD, 0.0
        for section, (heading, titles) in enumerate(sections):
            top += 0.35 * self._line if section and heading else 0
            for text in wrapped(self.figure, heading, **_HEADING):
                self._headings.append((top, text))
                top += self._line
            for begin in range(0, len(titles), across):
                row = range(begin, min(begin + across, len(titles)))
                above = max(len(titles[place]) for place in row)
                top += (above or 0.4) * self._line
                for place in row:
                    axes = self._add(section, place)
                    axes.set_title("\n".join(titles[place]), pad=3)
                    axes.tick_params(labelleft=place == begin)
                    self._corners[section, place] = (
                        left + (place - begin) * (self.width + _GAP),
                        top,
                    )
                top += self.height + 0.6 * self._line
                if self._own_x:
                    top += 3.0 * self._line
        self._bottom = top - 0.6 * self._line
        lowest: dict[float, tuple[int, int]] = {}
        for key, (left, _) in self._corners.items():
            lowest[round(left, 6)] = key
        for key, axes in self.axes.items():
            axes.tick_params(labelbottom=self._own_x or key in lowest.values())

    def _add(self, section: int, place: int) -> Axes:
        axes = self.figure.add_axes(
            (0, 0, 1, 1),
            label=f"{section},{place}",
            sharey=self.axes.get((section if self._own_y else 0, 0)),
            sharex=self.axes.get((0, place if self._own_x else 0)),
        )
        self.axes[section, place] = axes
        return axes

    def finish(
        self, x_label: str, y_label: str | Sequence[str], handles: Sequence[Artist], note: str
    ) -> Figure:
        """Write axis labels, legend and note, set the height, and return the figure.

        Args:
            x_label: label of the shared x axes; "" if panels have x axes of their own.
            y_label: label of the y axes; one for each section if they have axes of their own.
            handles: labelled artists of the legend; none leave it out.
            note: text below the legend.
        """
        figure, line = self.figure, self._line
        small: dict[str, Any] = {"size": self._settings.font_size - 0.5, "color": "#404040"}
        x_top = self._bottom + (0.5 if self._own_x else 1.5) * line
        legend_top = x_top + (1.3 * line if x_label else 0.3 * line)
        legend = self._legend(handles) if handles else None
        note_top = legend_top + (self._inches(legend)[1] + 0.3 * line if legend else 0)
        lines = wrapped(figure, note, **small)
        width = self._settings.width
        height = note_top + 0.95 * line * len(lines) + _PAD

        figure.set_size_inches(width, height)
        for key, (left, top) in self._corners.items():
            bottom = 1 - (top + self.height) / height
            size = (self.width / width, self.height / height)
            self.axes[key].set_position((left / width, bottom, *size))
        if legend:
            legend.set_bbox_to_anchor((_PAD / width, 1 - legend_top / height), figure.transFigure)

        middle = 0.5 * (self._left + width - _RIGHT) / width
        label = figure.text(middle, 1 - x_top / height, x_label, ha="center", va="top")
        if label.get_window_extent().x1 > figure.bbox.x1:
            label.set_x(0.5)
        for section in {section for section, _ in self.axes}:
            tops = [top for (i, _), (_, top) in self._corners.items() if i == section]
            middle = 1 - 0.5 * (min(tops) + max(tops) + self.height) / height
            text = y_label if isinstance(y_label, str) else y_label[section]
            figure.text(_PAD / width, middle, text, ha="left", va="center", rotation=90)
        for top, text in self._headings:
            figure.text(_PAD / width, 1 - top / height, text, va="top", **_HEADING)
        for i, text in enumerate(lines):
            top = note_top + 0.95 * line * i
            figure.text(_PAD / width, 1 - top / height, text, va="top", **small)
        return figure

    def _legend(self, handles: Sequence[Artist]) -> Legend:
        """Return the legend with as many columns as the width allows."""
        columns = min(len(handles), max(1, int(self._settings.width / _ENTRY)))
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
            if columns == 1:
                for text in legend.get_texts():
                    free = self._settings.width - 2 * _PAD - _HANDLE
                    text.set_text("\n".join(wrapped(self.figure, text.get_text(), free)))
                return legend
            if self._inches(legend)[0] <= self._settings.width - 2 * _PAD:
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
    # A number keeps its percent sign.
    for word in re.findall(r"\S+(?: %\S*)?", text):
        probe.set_text(f"{lines[-1]} {word}" if lines else word)
        if lines and probe.get_window_extent().width <= free:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    probe.remove()
    return lines
