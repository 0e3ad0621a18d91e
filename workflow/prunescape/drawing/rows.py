"""Rows of a figure: arms one below the other, each with its name, in groups under headings."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from prunescape.drawing import lines, summary

HEIGHT = 0.165
"""Height of a row, inches."""
_LEADER: dict[str, Any] = {"color": "#E3E3E3", "linewidth": 0.5, "zorder": 0.5}
_PAD = 0.1  # inches between the longest name and the axes
Group = tuple[str, Sequence[tuple[Hashable, str]]]
"""A heading ("" leaves it out), and key and name of each row below it."""


class Rows:
    """Places and names of rows, from the top.

    Args:
        groups: the rows.

    Attributes:
        place: key of a row -> where its middle is on the y axis, downwards.
        height: height of axes with these rows, inches.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self.place: dict[Hashable, int] = {}
        self._texts: list[tuple[str, bool]] = []
        for heading, rows in groups:
            if heading:
                self._texts.append((heading, True))
            for key, name in rows:
                self.place[key] = len(self._texts)
                self._texts.append((name, False))
        self.height = HEIGHT * len(self._texts)

    def width(self) -> float:
        """Return how much room the names need, inches, in the style that is applied."""
        figure = Figure(figsize=(1, 1))
        FigureCanvasAgg(figure)
        return _PAD + max(
            figure.text(0, 0, text, weight=_weight(heading)).get_window_extent().width / figure.dpi
            for text, heading in self._texts
        )

    def label(self, panels: Sequence[Axes], room: float) -> None:
        """Write the names left of the first panel in each line; `room` is what `width` returned.

        All panels share y; faint lines lead from the names to what belongs to them.
        """
        for each in panels:
            each.set_ylim(len(self._texts) - 0.5, -0.5)
            each.set_yticks(range(len(self._texts)), [text for text, _ in self._texts])
            each.tick_params(axis="y", length=0, pad=72 * room)
            # Inner panels show no names.
            for label, (_, heading) in zip(each.get_yticklabels(), self._texts, strict=False):
                label.set(ha="left", weight=_weight(heading))
            each.grid(visible=False, axis="y")
            across = each.get_yaxis_transform()
            each.hlines([*self.place.values()], 0, 1, transform=across, **_LEADER)


def _weight(heading: bool) -> Any:
    return "bold" if heading else "normal"


def of_arms(found: pd.DataFrame) -> Rows:
    """Return a row for each arm of each network and fit; its key is (*network and fit, *arm)."""
    looks = lines.Looks(found)
    columns = summary.groups(found, summary.COLUMN)
    headings = summary.headings(columns, summary.COLUMN)
    return Rows(
        [
            (
                heading,
                [
                    ((*column, *arm), looks.name(arm))
                    for arm in lines.arms(summary.at(found, summary.COLUMN, column))
                ],
            )
            for column, heading in zip(columns, headings, strict=True)
        ]
    )
