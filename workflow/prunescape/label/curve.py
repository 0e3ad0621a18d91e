"""The curve of a label: what every way of pruning costs, by how much it removes."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from prunescape.drawing import style
from prunescape.label.words import named

_LEAST, _MOST = -0.5, 100.0  # points of accuracy on the axis, linear up to 1, then logarithmic
_TICKS = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)


def svg(methods: Sequence[Mapping[str, Any]], limits: Sequence[float]) -> str:
    """Return the curve as an SVG element with reproducible text.

    Args:
        methods: as `comparing.compared` describes them.
        limits: points of accuracy that may be lost, drawn as lines across.
    """
    settings = style.Settings(width=7.0, font_size=8.0)
    with style.applied(settings):
        figure = Figure(figsize=(settings.width, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for limit in limits:
            axes.axhline(limit, color="#7F7F7F", linewidth=0.8, linestyle=(0, (1, 2)))
        axes.axhline(0, color="#000000", linewidth=0.6)
        for method in methods:
            look = style.look(method["criterion"])
            x = [_place(point["level"]) for point in method["points"]]
            y = [max(point["points"], _LEAST) for point in method["points"]]
            ends = [max(point["at_most"], _LEAST) for point in method["points"]]
            axes.fill_between(x, y, ends, color=look.colour, alpha=0.12, linewidth=0)
            drawn: dict[str, Any] = {
                "color": look.colour,
                "marker": look.marker,
                "linestyle": look.line,
            }
            if method["effect"] != "zero":  # the same criterion, drawn hollow
                drawn |= {"markerfacecolor": "white", "linewidth": 0.8}
            axes.plot(x, y, label=named(method), **drawn)
        levels = sorted({point["level"] for method in methods for point in method["points"]})
        axes.xaxis.set_major_locator(FixedLocator([_place(level) for level in levels]))
        axes.xaxis.set_major_formatter(FixedFormatter([f"{100 * level:g}" for level in levels]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("weights removed (%)")
        axes.set_yscale("symlog", linthresh=1, linscale=1)
        axes.set_ylim(_MOST, _LEAST)
        axes.yaxis.set_major_locator(FixedLocator(_TICKS))
        axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in _TICKS]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylabel("accuracy lost (points)")
        figure.legend(loc="outside lower center", frameon=False, ncols=2)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    # What stands before the element belongs to a file of its own, not to a page.
    return re.sub(r"^.*?(?=<svg)", "", written.getvalue(), count=1, flags=re.DOTALL)


def _place(level: float) -> float:
    """Return where a level stands: levels near 1 are far apart, as in what is kept."""
    return float(-((1.02 - level) ** 0.5))
