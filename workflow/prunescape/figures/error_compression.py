"""Error against compression, with published sparse networks of the same architecture."""

import math
import os
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from prunescape.drawing import ink, lines, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows
from prunescape.report import published_networks

_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_HEIGHT = 3.4  # inches
_WORST = 12.0  # % wrong, where the axis ends
# Where a name may stand beside its dot: horizontal and vertical alignment, and offset in points.
_BESIDE = (
    *(("left", "center", 4, 0), ("right", "center", -4, 0)),
    *(
        (across, up, x, sign * y)
        for y in (4, 12, 20, 28, 36)
        for sign, up in ((1, "bottom"), (-1, "top"))
        for across, x in (("center", 0), ("left", 2), ("right", -2))
    ),
)
_NEAR = 4  # points from its dot a name needs no line to it
_TIE = {"arrowstyle": "-", "color": "#808080", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
_SHADES = {"pruning only": style.REFERENCE_FACE, "quantised and coded": "white"}


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return all published networks (literature.csv); `published` chooses those for a study."""
    return published_networks.read(path)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the error in percent at each compression.

    Returns:
        `summary.along_sparsity` of the error, and compression, total / kept weights. Networks
        without any weight have no compression and are left out; so are random masks.

    Raises:
        ValueError: if no arm removes an exact number of weights.
    """
    rows = summary.exact(table)
    rows = rows[(rows["kept_percent"] > 0) & (rows["level"] > 0)]
    if set(rows["criterion"]) > {"random"}:
        rows = rows[rows["criterion"] != "random"]
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
    """Draw error [%] against compression, both on log scales; published results are named."""
    found = numbers(table)
    networks = sorted(set(found["network"]))
    # Fits stand beside each other as ways of pruning do: their name is part of a line's.
    facets = lines.facets(found)
    looks = lines.Looks(found)
    known = pd.concat([published(elsewhere, network, table) for network in networks])
    with style.applied(settings):
        panels = Panels([("", [""])], settings, height=_HEIGHT)
        axes = panels.first
        _axes(panels, found, known)
        handles: list[Artist] = []
        for facet in facets:
            for arm in lines.arms(facet.rows):
                line = lines.of(facet.rows, arm).sort_values("compression")
                look = looks.line(arm)
                if len({each.column for each in facets}) > 1 and facet.column != facets[0].column:
                    look |= {"linewidth": 0.8, "alpha": 0.75, "markersize": 2.6}
                ink.curve(axes, line["compression"], line, look)
                name = ", ".join(filter(None, [facet.title, looks.name(arm)]))
                handles.append(Line2D([], [], label=name, **look))
        _named(axes, known, found, settings)
        handles += ink.band(found["n"].max())
        handles += [_handle(counts) for counts in _SHADES if counts in set(known["counts"])]
        note = (
            summary.sample(found, "Error", table)
            + summary.shared(found)
            + f"Above {_WORST:g} % the axis ends. "
            + (
                "Grey: published, mostly single runs that their authors chose. "
                if len(known)
                else ""
            )
        )
        return panels.finish("compression (× fewer weights)", "error (%)", handles, note)


def _axes(panels: Panels, found: pd.DataFrame, known: pd.DataFrame) -> None:
    """Make both axes logarithmic, with ticks that have room."""
    axes = panels.first
    most = float(max([2.0, *found["compression"], *known["compression"]]))
    errors = [max(value, 0.01) for value in (*found["mean"], *known["error_percent"])]
    low, high = min(errors), max(min(_WORST, max(errors)), 2 * min(errors))
    axes.set_xscale("log")
    axes.set_xlim(0.93, 1.6 * most)
    axes.set_yscale("log")
    axes.set_ylim(0.7 * low, 1.15 * high)
    steps = [tick for tick in _TICKS if tick <= 1.6 * most]
    percents = [
        t for t in (0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10) if 0.7 * low <= t <= 1.15 * high
    ]
    for axis, ticks in ((axes.xaxis, steps), (axes.yaxis, percents)):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
        axis.set_minor_locator(NullLocator())


def _named(axes: Axes, known: pd.DataFrame, found: pd.DataFrame, settings: style.Settings) -> None:
    """Draw published points, each with its name where it meets least."""
    size = settings.font_size - 2
    # Where things will stand; the figure gets its height later, but the axes keep their size.
    wide, tall = settings.width - 0.62, _HEIGHT
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / left) / math.log(right / left)
        return 72 * wide * across, 72 * tall * math.log(y / bottom) / math.log(top / bottom)

    dots = [place(row.compression, row.error_percent) for row in named_rows(known)]
    ours = [place(row.compression, max(row.mean, 0.01)) for row in named_rows(found)]
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in (*dots, *ours)]
    limits = (0.0, 0.0, 72 * wide, 72 * tall)
    for row, dot in zip(named_rows(known), dots, strict=True):
        axes.plot(row.compression, row.error_percent, **_look(row.counts), zorder=1.8)
        name = f"{re.sub(r' *[(].*[)]', '', row.method)} {row.year}"
        width = _text_width(axes, name, size)
        boxes = [_box(dot, beside, width, 1.25 * size) for beside in _BESIDE]
        best = min(range(len(boxes)), key=lambda i: (_met(boxes[i], taken, limits), i))
        taken.append(boxes[best])
        across, up, x, y = _BESIDE[best]
        axes.annotate(
            *(name, (row.compression, row.error_percent)),
            xytext=(x, y),
            textcoords="offset points",
            fontsize=size,
            color="#404040",
            ha=across,
            va=up,
            # Far from its dot a name is tied to it.
            arrowprops=_TIE if abs(y) > _NEAR else None,
        )


def _text_width(axes: Axes, text: str, size: float) -> float:
    """Return the width of a text in points."""
    probe = axes.figure.text(0, 0, text, fontsize=size)
    width = float(probe.get_window_extent().width) * 72 / axes.figure.dpi
    probe.remove()
    return width


_Box = tuple[float, float, float, float]


def _box(
    dot: tuple[float, float], beside: tuple[str, str, float, float], width: float, size: float
) -> _Box:
    """Return the rectangle of a name, in points."""
    across, up, x, y = beside
    left = dot[0] + x - {"left": 0.0, "center": width / 2, "right": width}[across]
    bottom = dot[1] + y - {"bottom": 0.0, "center": size / 2, "top": size}[up]
    return left, bottom, left + width, bottom + size


def _met(box: _Box, others: Sequence[_Box], limits: _Box) -> float:
    """Return how much of other rectangles a rectangle covers, and how far it leaves the limits."""
    area = sum(
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in others
    )
    out = max(0.0, limits[0] - box[0], box[2] - limits[2])
    return area + 1000 * (out + max(0.0, limits[1] - box[1], box[3] - limits[3]))


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
