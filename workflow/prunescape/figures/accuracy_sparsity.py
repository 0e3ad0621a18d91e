"""Accuracy against sparsity: a line a criterion, fits side by side, effects one below the other."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.drawing import ink, references, scales, style, summary, unpruned
from prunescape.drawing.grid import Grid


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a study's curves of pruned networks and of the unpruned ones they compare with.

    Raises ValueError if no arm removes an exact number of weights.

    Returns:
        In percent: `summary.along_sparsity`, and `unpruned.over_replicates` by network, fit,
        schedule and level.
    """
    rows = summary.exact(table)
    if rows.empty:
        raise ValueError("figure accuracy_sparsity: no rows with selection = exact_k")
    dense = unpruned.over_replicates(rows, table, [*summary.COLUMN, "schedule", "level"])
    return summary.along_sparsity(rows, "accuracy_percent"), dense


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the share of weights kept, with other people's results behind."""
    curves, dense = numbers(table)
    elsewhere = references.on_data(elsewhere, table["dataset"])
    criteria = style.order(curves["criterion"])
    fits = [fit for _, fit in summary.groups(curves, summary.COLUMN)]
    shown = []
    with style.applied(settings):
        grid = Grid(curves, summary.ROW, summary.COLUMN, settings)
        for axes, row, column, panel in grid:
            by = [*summary.COLUMN, "schedule"]
            line = summary.at(dense, by, [*column, row[summary.ROW.index("schedule")]])
            ink.unpruned(axes, line)
            shown.append(references.chosen(elsewhere, column, row, fits))
            references.draw(axes, shown[-1])
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["kept_percent"], line, criterion)
        points = pd.concat(shown)
        first, kept = grid.panels.first, [*curves["kept_percent"], *references.kept_percent(points)]
        scales.kept(first, kept, grid.panels.width)
        scales.percent(first, [*curves["mean"], *dense["mean"], *points["accuracy_percent"]])
        sources = references.handles(points)
        note = (
            summary.sample(curves, "Accuracy", table)
            + unpruned.note(curves, table)
            + grid.constants()
            + (references.NOTE if sources else "")
        )
        handles = [ink.handle("none"), *map(ink.handle, criteria), ink.band(), *sources]
        return grid.panels.finish(
            scales.kept_label(curves["effect"]), "accuracy (%)", handles, note
        )
