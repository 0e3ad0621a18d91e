"""Accuracy against the level of input noise: a line a criterion, a panel a sparsity."""

from collections.abc import Iterable
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from prunescape.drawing import ink, labels, scales, style, summary, unpruned
from prunescape.drawing.grid import Grid, Key

_ROW = [*summary.COLUMN, *summary.ROW, "noise"]
_LINE = [*summary.COLUMN, "schedule", "level", "noise"]


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the accuracy of pruned and of unpruned networks in percent, at every level of noise.

    A curve begins with the clean rows of the same networks, at noise level 0.

    Returns:
        (pruned, unpruned), sorted by noise level: network, fit, schedule, level, noise,
        noise_level, mean, low, high, n; `pruned` also has scope, effect, criterion. The unpruned
        networks are those that the pruned ones of the level compare with.

    Raises:
        ValueError: if there are no rows with noise.
    """
    rows = summary.last_step(summary.with_percents(table))
    rows = rows[rows["selection"] == "exact_k"]
    pruned = _curves(rows, [*_ROW, "level", "criterion"])
    if pruned.empty:
        raise ValueError("figure noise_curves: no rows with noise and selection = exact_k")
    pairs = unpruned.partners(rows, table)
    pairs = pairs.assign(accuracy_percent=100 * pairs["accuracy_unpruned"])
    pairs = pairs.drop_duplicates([*_LINE, "noise_level", "replicate"])
    return pruned, _curves(pairs, _LINE)


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
        grid = Grid(pruned, _ROW, ["level"], settings, title=partial(_taken, set(pruned["effect"])))
        for axes, row, column, panel in grid:
            named = dict(zip([*_ROW, "level"], [*row, *column], strict=True))
            line = summary.at(dense, _LINE, [named[name] for name in _LINE])
            ink.curve(axes, line["noise_level"], line, "none")
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["noise_level"], line, criterion)
        scales.percent(grid.panels.first, [*pruned["mean"], *dense["mean"]])
        note = (
            summary.sample(pruned, "Accuracy", table)
            + unpruned.note(pruned, table)
            + grid.constants(["noise", "level"])
        )
        x_label = labels.label("noise", kinds[0]) if len(kinds) == 1 else "level of noise"
        handles = [ink.handle("none"), *map(ink.handle, criteria), ink.band()]
        return grid.panels.finish(x_label, "accuracy (%)", handles, note)


def _taken(effects: Iterable[str], column: Key) -> str:
    (level,) = column
    return f"{100 * level:.4g} % {labels.taken(effects)}"
