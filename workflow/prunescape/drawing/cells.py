"""Maps with a cell for every sparsity and level of noise."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from prunescape.drawing import summary

PANEL = [*summary.COLUMN, *summary.ROW, "noise"]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of arms that remove an exact number of weights, with percents, for maps.

    Every kind of noise also gets the same networks' clean rows, as noise level 0, at the levels
    that were tested under noise. In a table without noise the kind is "none", with level 0 only.
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
