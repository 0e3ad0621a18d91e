"""Marks that several figures share: a criterion's curve with its band, dense networks, legends."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.drawing import labels, style
from prunescape.foundations.table_rows import named_rows

_BAND = 0.18
Colour = str | tuple[float, ...]


def curve(
    axes: Axes, x: pd.Series, found: pd.DataFrame, criterion: str, *, marked: bool = True
) -> None:
    """Draw mean (line and markers) and interval (band) of `found` at `x` in a criterion's look."""
    look = style.look(criterion)
    shade(axes, x, found["low"], found["high"], look.colour)
    axes.plot(x, found["mean"], **_line(look) | ({} if marked else {"marker": "None"}))


def shade(axes: Axes, x: pd.Series, low: pd.Series, high: pd.Series, colour: Colour) -> None:
    """Draw the band of an interval."""
    axes.fill_between(x, low, high, color=colour, alpha=_BAND, linewidth=0)


def bars(axes: Axes, x: pd.Series, found: pd.DataFrame, criterion: str) -> None:
    """Draw mean (markers on a thin line) and interval (bar) of `found` in a criterion's look."""
    look = _line(style.look(criterion)) | {"linewidth": 0.7}
    axes.errorbar(x, found["mean"], _spread(found), **look, elinewidth=1.1)


def across(axes: Axes, found: pd.DataFrame, y: pd.Series, criterion: str) -> None:
    """Draw mean (markers) and interval (horizontal bar) of `found` at `y` in a criterion's look."""
    look = _line(style.look(criterion)) | {"linestyle": "None"}
    # The axis of weights kept is logarithmic: an interval that reaches below 0 ends at its edge.
    low = found["low"].clip(lower=0.01)
    spread = np.array([found["mean"] - low, found["high"].clip(upper=100) - found["mean"]])
    axes.errorbar(found["mean"], y, xerr=np.maximum(spread, 0), **look, elinewidth=1.1)


def markers(axes: Axes, x: pd.Series, y: pd.Series, criterion: str) -> None:
    """Draw markers at (x, y), not joined, in a criterion's look."""
    axes.plot(x, y, **_line(style.look(criterion)) | {"linestyle": "None"})


def points(axes: Axes, x: pd.Series, found: pd.DataFrame, criterion: str) -> None:
    """Draw mean (markers, not joined) and interval (bar) of `found` in a criterion's look."""
    look = _line(style.look(criterion)) | {"linestyle": "None"}
    axes.errorbar(x, found["mean"], _spread(found), **look, elinewidth=0.9)


def thresholds(axes: Axes, found: pd.DataFrame, criterion: str) -> None:
    """Draw accuracy at the share of weights that thresholds keep, with bars for both intervals.

    `found`: accuracy in mean, low, high; share removed in removed_mean, removed_low, removed_high.
    """
    colour = style.look(criterion).colour
    removed = found[["removed_mean", "removed_low", "removed_high"]]
    across = _spread(removed.rename(columns=lambda name: name.removeprefix("removed_")))
    open_marker = {"linestyle": "None", "markerfacecolor": "white", "markeredgecolor": colour}
    axes.errorbar(
        100 - found["removed_mean"],
        found["mean"],
        _spread(found),
        across[::-1],  # more removed is less kept
        **_line(style.look(criterion)) | open_marker | {"markeredgewidth": 0.9},
        elinewidth=0.7,
    )


def _spread(found: pd.DataFrame) -> np.ndarray:
    """Return the interval's reach below and above the mean: [2, points]."""
    return np.array([found["mean"] - found["low"], found["high"] - found["mean"]])


def unpruned(axes: Axes, found: pd.DataFrame) -> None:
    """Draw the mean of unpruned networks as a dashed line, with a band.

    `found`: of a panel, from `unpruned.over_replicates`. The line crosses the panel where all
    levels compare with the same networks.
    """
    if found["mean"].nunique() != 1:
        curve(axes, found["kept_percent"], found, "none", marked=False)
        return
    row = next(named_rows(found))
    if np.isfinite(row.low):
        colour = style.look("none").colour
        axes.axhspan(row.low, row.high, color=colour, alpha=_BAND, linewidth=0)
    axes.axhline(row.mean, **_line(style.look("none")), zorder=1.5)


def line(criterion: str, label: str) -> Line2D:
    """Return the legend's entry for a line without markers in a criterion's colour."""
    return Line2D([], [], label=label, color=style.look(criterion).colour, linewidth=1)


def mark_not_run(axes: Axes) -> None:
    """Write "not run" on a panel."""
    axes.text(0.5, 0.3, "not run", transform=axes.transAxes, ha="center", color="#595959")


def handle(criterion: str) -> Line2D:
    """Return the legend's entry for a criterion."""
    return Line2D(
        [], [], label=labels.label("criterion", criterion), **_line(style.look(criterion))
    )


def band() -> Patch:
    """Return the legend's entry for the bands."""
    return Patch(color="#7F7F7F", alpha=0.35, linewidth=0, label="95 % interval")


def _line(look: style.Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "linestyle": look.line,
        "marker": look.marker or "None",
        "markeredgecolor": "white",
    }
