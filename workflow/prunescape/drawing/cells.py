"""Maps with a cell for every sparsity and level of noise, and coloured cells with numbers."""

from collections.abc import Sequence

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from prunescape.drawing import summary

# Perceptually uniform, the same for colour-blind readers, and readable in grey.
_MAP = colormaps["cividis"]
PANEL = [*summary.COLUMN, *summary.ROW, "noise"]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of arms that remove an exact number of weights, with percents, for maps.

    Every kind of noise also gets the same networks' clean rows, as noise level 0. In a table
    without noise the kind is "none", with level 0 only.
    """
    pruned = summary.last_step(summary.with_percents(table[table["selection"] == "exact_k"]))
    pruned = pruned[pruned["level"] > 0]
    clean = pruned[pruned["noise"] == "none"]
    noisy = pruned[pruned["noise"] != "none"]
    if noisy.empty:
        return clean
    by = [*summary.COLUMN, *summary.ROW, "criterion", "level"]
    start = clean.drop(columns="noise").merge(noisy[[*by, "noise"]].drop_duplicates(), on=by)
    return pd.concat([noisy, start], ignore_index=True)


def label(axes: Axes, levels: Sequence[float], noises: Sequence[float]) -> None:
    """Label the axes of a map, whose cells are at 0, 1, ..., with sparsities and noise levels."""
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_ylim(-0.5, len(noises) - 0.5)
    axes.set_xticks(range(len(levels)), [f"{100 * level:.4g}" for level in levels])
    axes.set_yticks(range(len(noises)), [f"{noise:g}" for noise in noises])
    axes.grid(visible=False)


def thinned(axes: Axes, levels: Sequence[float], width: float, inches: float) -> None:
    """Leave out labels of sparsities that would overlap; a label is `inches` wide."""
    stride = 1
    while stride < len(levels) and width / len(levels) * stride < inches:
        stride += 1
    shown = [i for i in range(len(levels)) if (len(levels) - 1 - i) % stride == 0]
    axes.set_xticks(shown, [f"{100 * levels[i]:.4g}" for i in shown])


def number(axes: Axes, x: int, y: int, percent: float, size: float) -> None:
    """Fill the cell at (x, y) with a percentage's colour; write the number in type of `size`."""
    face = _MAP(percent / 100)
    corner = (x - 0.5, y - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor="white", linewidth=0.4))
    colour = "black" if percent > 55 else "white"
    text = f"{percent:.0f}"
    axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=size)


def colours() -> list[Patch]:
    """Return the legend's entries of the colours."""
    return [Patch(color=_MAP(value / 100), label=f"{value} %") for value in (0, 25, 50, 75, 100)]
