"""Accuracy against sparsity: a line a criterion, fits side by side, effects one below the other."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import ink, references, scales, style, summary
from prunescape.figures.layout import Panels


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what is drawn of a study: curves (`summary.along_sparsity`) and `summary.dense`.

    Both are in percent. ValueError if no arm of the study removes an exact number of weights.
    """
    rows = summary.exact(table)
    if rows.empty:
        raise ValueError("figure accuracy_sparsity: no rows with selection = exact_k")
    return summary.along_sparsity(rows, "accuracy_percent"), summary.dense(table)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the share of weights kept.

    Args:
        table: rows of one study.
        settings: size and type.
        elsewhere: results of others, as `references.read` returns them.
    """
    curves, dense = numbers(table)
    rows = summary.groups(curves, summary.ROW)
    columns = summary.groups(curves, summary.COLUMN)
    fits = [fit for _, fit in columns]
    criteria = style.order(curves["criterion"])
    shown = []
    with style.applied(settings):
        panels = Panels(
            summary.headings(rows, summary.ROW),
            summary.headings(columns, summary.COLUMN),
            settings,
        )
        for (i, j), axes in panels.axes.items():
            ink.dense(axes, summary.at(dense, summary.COLUMN, columns[j]))
            _, effect, _ = rows[i]
            shown.append(references.chosen(elsewhere, fits[j], fits, effect))
            references.draw(axes, shown[-1])
            panel = summary.at(curves, [*summary.ROW, *summary.COLUMN], [*rows[i], *columns[j]])
            ink.mark_if_empty(axes, panel)
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["kept_percent"], line, criterion)
        points = pd.concat(shown)
        scales.kept(
            panels.first, [*curves["kept_percent"], *references.kept_percent(points)], panels.width
        )
        scales.percent(panels.first, [*curves["mean"], *dense["mean"], *points["accuracy_percent"]])
        sources = references.handles(points)
        note = (
            summary.sample(curves, "Accuracy", table)
            + summary.constants(
                [(*column, *row) for column in columns for row in rows],
                [*summary.COLUMN, *summary.ROW],
            )
            + (references.NOTE if sources else "")
        )
        handles = [ink.handle("none"), *map(ink.handle, criteria), ink.band(), *sources]
        return panels.finish(scales.KEPT_LABEL, "accuracy (%)", handles, note)
