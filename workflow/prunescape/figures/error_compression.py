"""Error against compression, with published sparse networks of the same architecture."""

import math
import os
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from prunescape.drawing import ink, style, summary
from prunescape.drawing.grid import Grid
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows
from prunescape.report import published_networks

_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SHADES = {"pruning only": style.REFERENCE_FACE, "quantised and coded": "white"}


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return all published networks (literature.csv); `published` chooses those for a study."""
    return published_networks.read(path)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the error in percent at each compression.

    Returns:
        `summary.along_sparsity` of the error, and compression, total / kept weights. Networks
        without any weight have no compression and are left out.

    Raises:
        ValueError: if no arm removes an exact number of weights.
    """
    rows = summary.exact(table)
    rows = rows[rows["kept_percent"] > 0]
    if rows.empty:
        raise ValueError("figure error_compression: no rows with selection = exact_k")
    rows = rows.assign(error_percent=100 - rows["accuracy_percent"])
    found = summary.along_sparsity(rows, "error_percent")
    return found.assign(compression=100 / found["kept_percent"])


def published(elsewhere: pd.DataFrame, network: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the published results of a network on the table's data set, by compression."""
    same = elsewhere["network"].map(published_networks.named) == network
    data = published_networks.data(table["dataset"])
    same &= elsewhere["dataset"].str.lower().isin(data)
    return elsewhere[same].sort_values(["compression", "method"], ignore_index=True)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw error [%] against compression, both on log scales; published results are numbered."""
    found = numbers(table)
    columns = summary.groups(found, summary.COLUMN)
    criteria = style.order(found["criterion"])
    results = {column: published(elsewhere, column[0], table) for column in columns}
    known = pd.concat(results.values()).drop_duplicates().sort_values(["compression", "method"])
    known = known.reset_index(drop=True)
    with style.applied(settings):
        grid = Grid(found, summary.ROW, summary.COLUMN, settings)
        most = _axes(grid.panels, found, known)
        for axes, _, column, panel in grid:
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["compression"], line, criterion)
            here = results[column].merge(known.reset_index(names="number"), on=list(known))
            _numbered(axes, here, most, grid.panels.width, settings)
        note = summary.sample(found, "Error", table) + grid.constants() + _list(known)
        handles = [*map(ink.handle, criteria), ink.band()]
        handles += [_handle(counts) for counts in _SHADES if counts in set(known["counts"])]
        return grid.panels.finish("compression (× fewer weights)", "error (%)", handles, note)


def _axes(panels: Panels, found: pd.DataFrame, known: pd.DataFrame) -> float:
    """Make both axes logarithmic; return the largest compression on them."""
    axes = panels.first
    most = float(max([2.0, *found["compression"], *known["compression"]]))
    errors = [max(value, 0.01) for value in (*found["mean"], *known["error_percent"])]
    low, high = min(errors), min(100.0, max(errors))
    axes.set_xscale("log")
    axes.set_xlim(0.93, 1.15 * most)
    axes.set_yscale("log")
    axes.set_ylim(0.8 * low, 1.6 * high)  # room for the numbers of published points
    room = panels.width / math.log10(1.15 * most)
    steps = [tick for tick in _TICKS if tick <= 1.1 * most]
    if room < 0.9:
        steps = [tick for tick in steps if str(tick)[0] == "1"]
    percents = [t for t in (0.1, 0.5, *_TICKS[:7]) if 0.8 * low <= t <= 1.15 * high]
    for axis, ticks in ((axes.xaxis, steps), (axes.yaxis, percents)):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
        axis.set_minor_locator(NullLocator())
    return most


def _numbered(
    axes: Axes, known: pd.DataFrame, most: float, width: float, settings: style.Settings
) -> None:
    """Draw published points, with numbers at the top of the panel that don't overlap."""
    size = settings.font_size - 1.5
    apart = 1.5 * size / 72 / width  # a number's width as a share of the axis
    end = -math.inf
    for row in named_rows(known):
        share = math.log(row.compression / 0.93) / math.log(1.15 * most / 0.93)
        end = max(share, end + apart)
        axes.plot(row.compression, row.error_percent, **_look(row.counts), zorder=1.8)
        axes.annotate(
            str(row.number + 1),
            xy=(row.compression, row.error_percent),
            xytext=(min(end, 1), 0.97),
            textcoords=axes.transAxes,
            fontsize=size,
            color="#404040",
            ha="center",
            va="top",
            arrowprops={"arrowstyle": "-", "color": "#B0B0B0", "linewidth": 0.4, "shrinkB": 3},
            zorder=1.7,
        )


def _list(known: pd.DataFrame) -> str:
    if known.empty:
        return ""
    names = [f"{i} {row.method}, {row.year}" for i, row in enumerate(named_rows(known), start=1)]
    return f"Grey, published: {'; '.join(names)}. "


def _look(counts: str) -> dict[str, Any]:
    return {
        "linestyle": "None",
        "marker": "o",
        "markersize": 4.5,
        "markerfacecolor": _SHADES[counts],
        "markeredgecolor": style.REFERENCE_EDGE,
        "markeredgewidth": 0.7,
    }


def _handle(counts: str) -> Line2D:
    return Line2D([], [], label=f"published, {counts}", **_look(counts))
