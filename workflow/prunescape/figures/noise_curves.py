"""Accuracy against the level of input noise: a line a criterion, a panel a sparsity."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.drawing import ink, labels, scales, style, summary
from prunescape.drawing.grid import Grid, Key

_ROW = [*summary.COLUMN, *summary.ROW, "noise"]


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the accuracy of pruned and of dense networks in percent, at every level of noise.

    A curve begins with the clean rows of the same networks, at noise level 0.

    Returns:
        (pruned, dense), sorted by noise level: network, fit, noise, noise_level, mean, low, high,
        n; `pruned` also has scope, effect, schedule, criterion, level.

    Raises:
        ValueError: if there are no rows with noise.
    """
    rows = summary.last_step(summary.with_percents(table))
    pruned = _curves(rows[rows["selection"] == "exact_k"], [*_ROW, "level", "criterion"])
    if pruned.empty:
        raise ValueError("figure noise_curves: no rows with noise and selection = exact_k")
    dense = rows[(rows["criterion"] == "none") & (rows["schedule"] == "none")]
    return pruned, _curves(dense, [*summary.COLUMN, "noise"])


def _curves(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    noisy = rows[rows["noise"] != "none"]
    start = rows[rows["noise"] == "none"].drop(columns="noise")
    start = start.merge(noisy[by].drop_duplicates(), on=[name for name in by if name != "noise"])
    return summary.over_replicates(
        pd.concat([noisy, start]), [*by, "noise_level"], "accuracy_percent"
    )


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the level of noise."""
    pruned, dense = numbers(table)
    criteria = style.order(pruned["criterion"])
    kinds = sorted(set(pruned["noise"]))
    with style.applied(settings):
        grid = Grid(pruned, _ROW, ["level"], settings, title=_pruned)
        for axes, (network, fit, *_, noise), _, panel in grid:
            line = summary.at(dense, [*summary.COLUMN, "noise"], (network, fit, noise))
            ink.curve(axes, line["noise_level"], line, "none")
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["noise_level"], line, criterion)
        scales.percent(grid.panels.first, [*pruned["mean"], *dense["mean"]])
        note = summary.sample(pruned, "Accuracy", table) + grid.constants(["noise", "level"])
        x_label = labels.label("noise", kinds[0]) if len(kinds) == 1 else "level of noise"
        handles = [ink.handle("none"), *map(ink.handle, criteria), ink.band()]
        return grid.panels.finish(x_label, "accuracy (%)", handles, note)


def _pruned(column: Key) -> str:
    (level,) = column
    return f"{100 * level:.4g} % pruned"
