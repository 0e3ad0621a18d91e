"""Thresholds on the score, as in Graves (2011), beside accuracy against sparsity.

Left: accuracy and share of weights removed against the threshold. Right: the same networks at their
measured sparsity, in front of the curve for exact numbers of removed weights.
"""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import ink, labels, references, scales, style, summary, unpruned
from prunescape.drawing.layout import Panels

_ROW = [*summary.COLUMN, *summary.ROW, "criterion"]
_REMOVED: dict[str, Any] = {"color": "#595959", "linestyle": "-.", "marker": "None"}


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return a study's drawn numbers, all in percent.

    Returns:
        (thresholds, curves, dense). thresholds, sorted by level: network, fit, scope, effect,
        schedule, criterion, level (the threshold), mean, low, high (accuracy), n, and removed_mean,
        removed_low, removed_high (share of weights removed). curves: `summary.along_sparsity` of
        the same arms with an exact number of weights. dense: `unpruned.over_replicates` by network,
        fit, schedule and level.

    Raises:
        ValueError: if no rows have selection = threshold.
    """
    rows = summary.last_step(summary.clean(table[table["selection"] == "threshold"]))
    if rows.empty:
        raise ValueError("figure threshold_axis: no rows with selection = threshold")
    rows = rows.assign(removed_percent=100 - rows["kept_percent"])
    by = [*_ROW, "level"]
    removed = summary.over_replicates(rows, by, "removed_percent").drop(columns="n")
    removed = removed.rename(columns={name: f"removed_{name}" for name in ("mean", "low", "high")})
    thresholds = summary.over_replicates(rows, by, "accuracy_percent").merge(removed, on=by)
    exact = summary.exact(table).merge(rows[_ROW].drop_duplicates(), on=_ROW)
    curves = summary.along_sparsity(exact, "accuracy_percent")
    dense = unpruned.over_replicates(rows, table, [*summary.COLUMN, "schedule", "level"])
    return thresholds, curves, dense


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy and share removed [%] against the threshold, and accuracy against sparsity."""
    thresholds, curves, dense = numbers(table)
    rows = summary.groups(thresholds, _ROW)
    fits = sorted({fit for _, fit, *_ in rows})
    criteria, effects = style.order(thresholds["criterion"]), set(thresholds["effect"])
    shown = []
    with style.applied(settings):
        panels = Panels(summary.headings(rows, _ROW), ["", ""], settings, own_x=True)
        for i, row in enumerate(rows):
            column, arm, criterion = row[:2], row[2:5], row[5]
            by_threshold, by_sparsity = panels.axes[i, 0], panels.axes[i, 1]
            found = summary.at(thresholds, _ROW, row)
            line = summary.at(dense, [*summary.COLUMN, "schedule"], [*column, arm[2]])
            for axes in (by_threshold, by_sparsity):
                ink.unpruned(axes, line)
            x = found["level"]
            by_threshold.fill_between(
                x, found["removed_low"], found["removed_high"], color="#595959", alpha=0.18, lw=0
            )
            by_threshold.plot(x, found["removed_mean"], **_REMOVED)
            ink.curve(by_threshold, x, found, criterion)

            points = references.chosen(elsewhere, column, arm, fits)
            shown.append(points[points["criterion"].isin([criterion, "none"])])
            references.draw(by_sparsity, shown[-1])
            line = summary.at(curves, _ROW, row)
            ink.curve(by_sparsity, line["kept_percent"], line, criterion, marked=False)
            ink.thresholds(by_sparsity, found, criterion)
        lowest = len(rows) - 1
        panels.axes[lowest, 0].set_xlabel(f"threshold on {', '.join(map(labels.score, criteria))}")
        panels.axes[lowest, 1].set_xlabel(f"weights {labels.left(effects)} (%)")
        scales.threshold(panels.first, thresholds["level"], panels.width)
        points = pd.concat(shown)
        kept = [
            *(100 - thresholds["removed_mean"]),
            *curves["kept_percent"],
            *references.kept_percent(points),
        ]
        scales.kept(panels.axes[0, 1], kept, panels.width)
        scales.percent(panels.first, [0])
        sources = references.handles(points)
        note = (
            summary.sample(thresholds, "Accuracy", table)
            + unpruned.note(thresholds, table)
            + summary.constants(rows, _ROW)
            + (references.NOTE if sources else "")
            + "Right: each point is a threshold, at the sparsity that it gave (bars: 95 % "
            "intervals of both); the line removes an exact number of weights by the same score."
        )
        handles = [
            ink.handle("none"),
            *map(ink.handle, criteria),
            Line2D([], [], label=f"weights {labels.taken(effects)} (%)", **_REMOVED),
            ink.band(),
            *sources,
        ]
        return panels.finish("", "accuracy (%)", handles, note)
