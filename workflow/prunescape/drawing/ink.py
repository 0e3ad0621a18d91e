"""Marks that several figures share: an arm's curve with its band, unpruned networks, legends."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.drawing import labels, lines, style
from prunescape.foundations.table_rows import named_rows

_BAND = 0.15
Colour = str | tuple[float, ...]
Look = Mapping[str, Any]
"""Properties of a line, for matplotlib."""
_UNPRUNED: dict[str, Any] = {"color": "#000000", "marker": "None", "linewidth": 1.0}
_CONTROLS: list[Any] = [(0, (4, 2)), (0, (6, 1.5, 1, 1.5)), (0, (1.5, 1.2)), (0, (8, 3))]


def curve(axes: Axes, x: pd.Series, found: pd.DataFrame, look: Look) -> None:
    """Draw mean (line and markers) and interval of `found` at `x`.

    The interval is a band; a bar if the points are too few to be joined.
    """
    drawn = lines.joined(dict(look), list(x))
    if drawn["linestyle"] == "None":
        axes.errorbar(x, found["mean"], spread(found), **drawn, elinewidth=0.9)
        return
    shade(axes, x, found["low"], found["high"], look["color"])
    axes.plot(x, found["mean"], **drawn)


def shade(axes: Axes, x: pd.Series, low: pd.Series, high: pd.Series, colour: Colour) -> None:
    """Draw the band of an interval."""
    axes.fill_between(x, low, high, color=colour, alpha=_BAND, linewidth=0)


def bars(axes: Axes, x: pd.Series, found: pd.DataFrame, look: Look) -> None:
    """Draw mean (markers on a thin line) and interval (bar) of `found`."""
    drawn = lines.joined(dict(look) | {"linewidth": 0.7}, list(x))
    axes.errorbar(x, found["mean"], spread(found), **drawn, elinewidth=1.1)


def points(axes: Axes, x: pd.Series, found: pd.DataFrame, look: Look) -> None:
    """Draw mean (markers, not joined) and interval (bar) of `found`."""
    axes.errorbar(
        x, found["mean"], spread(found), **dict(look) | {"linestyle": "None"}, elinewidth=0.9
    )


def spread(found: pd.DataFrame) -> np.ndarray:
    """Return the interval's reach below and above the mean: [2, points]."""
    return np.array([found["mean"] - found["low"], found["high"] - found["mean"]])


def unpruned(axes: Axes, x: pd.Series, found: pd.DataFrame, look: Look) -> None:
    """Draw the mean of unpruned networks with its band.

    Args:
        axes: the panel.
        x: positions of the pruned networks that are compared with them.
        found: mean, low, high. The line crosses the panel where all x compare with the same.
        look: from `controls`.
    """
    if found["mean"].nunique() != 1:
        shade(axes, x, found["low"], found["high"], look["color"])
        axes.plot(x, found["mean"], **look, zorder=1.5)
        return
    row = next(named_rows(found))
    if np.isfinite(row.low):
        axes.axhspan(row.low, row.high, color=look["color"], alpha=_BAND, linewidth=0)
    axes.axhline(row.mean, **look, zorder=1.5)


def controls(schedules: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the look of unpruned networks, by the schedule that they were trained along ("none").

    `schedules`: those that have an unpruned control, in any order.
    """
    found = set(schedules)
    ordered = sorted(found - {"none"}, key=lambda each: labels.place("schedule", each))
    looks = {
        name: _UNPRUNED | {"linestyle": _CONTROLS[i % len(_CONTROLS)]}
        for i, name in enumerate(["none", *ordered])
    }
    return {name: look for name, look in looks.items() if name in found}


def control_handles(looks: Mapping[str, Look]) -> list[Line2D]:
    """Return the legend's entries of `controls`, of those that are drawn."""
    unpruned = labels.label("criterion", "none")
    return [
        Line2D(
            *([], []),
            label=unpruned
            if name == "none"
            else f"{unpruned}, trained as long: {labels.brief('schedule', name)}",
            **look,
        )
        for name, look in looks.items()
    ]


def criterion(name: str) -> dict[str, Any]:
    """Return the look of a criterion's line where its way of pruning doesn't matter."""
    look = style.look(name)
    marks = lines.marked(look.colour, look.marker or "None", look.line == ":")
    return {"color": look.colour, "linestyle": look.line, **marks}


def handle(name: str) -> Line2D:
    """Return the legend's entry for a criterion."""
    return Line2D([], [], label=labels.label("criterion", name), **criterion(name))


def band(least: int) -> list[Patch]:
    """Return the legend's entry for the bands; none if `least`, the number of replicates, is 1."""
    if least < 2:
        return []
    return [Patch(color="#7F7F7F", alpha=0.35, linewidth=0, label="95 % interval")]
