"""Thresholds on the score, as in Graves (2011), beside accuracy against sparsity.

Against the threshold: accuracy, and the share of weights removed. Then the same networks at their
measured sparsity, in front of the curve for exact numbers of removed weights.
"""

from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.drawing import ink, labels, lines, references, scales, style, summary, unpruned
from prunescape.drawing.layout import Panels

_ROW = [*summary.COLUMN, *summary.ROW, "criterion"]


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return a study's drawn numbers, all in percent.

    Returns:
        (thresholds, curves, dense). thresholds, sorted by level: network, fit, scope, effect,
        schedule, criterion, level (the threshold), mean, low, high (accuracy), n, and removed_mean,
        removed_low, removed_high (share of weights removed). curves: `summary.along_sparsity` of
        the same arms with an exact number of weights. dense: `unpruned.over_replicates` by network,
        fit, control and level.

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
    dense = unpruned.over_replicates(rows, table, [*summary.COLUMN, "control", "level"])
    return thresholds, curves, dense


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy and share removed [%] against the threshold, and accuracy against sparsity."""
    thresholds, curves, dense = numbers(table)
    elsewhere = references.on_data(elsewhere, table["dataset"])
    arms = summary.groups(thresholds, _ROW)
    fits = sorted({fit for _, fit, *_ in arms})
    effects = set(thresholds["effect"])
    controls = ink.controls(dense["control"])
    titles = ["accuracy", f"weights {labels.taken(effects)}", "accuracy"]
    shown = []
    with style.applied(settings):
        headings = summary.headings(arms, _ROW)
        panels = Panels([(text, titles) for text in headings], settings, own_x=True)
        for i, arm in enumerate(arms):
            found = summary.at(thresholds, _ROW, arm)
            curve = summary.at(curves, _ROW, arm)
            points = references.chosen(elsewhere, lines.Facet("", arm[:2], found), fits)
            shown.append(points[points["criterion"].isin([arm[5], "none"])])
            axes = [panels.axes[i, j] for j in range(3)]
            for each in (axes[0], axes[2]):
                for control in sorted(set(unpruned.control(found, table))):
                    line = summary.at(dense, [*summary.COLUMN, "control"], [*arm[:2], control])
                    ink.unpruned(each, line["kept_percent"], line, controls[control])
            references.draw(axes[2], shown[-1])
            _arm(axes, found, curve, ink.criterion(arm[5]))
            for each in axes[:2]:
                each.set_xlabel(f"threshold on {labels.score(arm[5])}")
            axes[2].set_xlabel(f"weights {labels.left(effects)} (%)")
        points = pd.concat(shown)
        scales.threshold(panels.first, thresholds["level"], panels.width)
        scales.threshold(panels.axes[0, 1], thresholds["level"], panels.width)
        kept = [*(100 - thresholds["removed_mean"]), *curves["kept_percent"]]
        kept += [*references.kept_percent(points)]
        scales.kept(panels.axes[0, 2], kept, panels.width)
        scales.percent(panels.first, [0])
        sources = references.handles(points)
        note = (
            summary.sample(thresholds, "Accuracy", table)
            + unpruned.note(thresholds, table)
            + summary.constants(arms, _ROW)
            + (references.NOTE if sources else "")
            + "Right: each point is a threshold, at the sparsity that it gave (bars: 95 % "
            "intervals of both); the line removes an exact number of weights by the same score."
        )
        criteria = style.order(thresholds["criterion"])
        handles: list[Artist] = [*ink.control_handles(controls), *map(ink.handle, criteria)]
        handles += [*ink.band(thresholds["n"].max()), *sources]
        return panels.finish("", "%", handles, note)


def _arm(axes: list[Axes], found: pd.DataFrame, curve: pd.DataFrame, look: dict[str, Any]) -> None:
    """Draw an arm on its three panels."""
    removed = found[["removed_mean", "removed_low", "removed_high"]]
    removed = removed.rename(columns=lambda name: name.removeprefix("removed_"))
    ink.curve(axes[0], found["level"], found, look)
    ink.curve(axes[1], found["level"], removed, look)
    ink.curve(axes[2], curve["kept_percent"], curve, look | {"marker": "None"})
    open_marker = {"linestyle": "None", "markerfacecolor": "white", "elinewidth": 0.7}
    open_marker |= {"markeredgecolor": look["color"], "markeredgewidth": 0.9}
    axes[2].errorbar(
        100 - removed["mean"],
        found["mean"],
        ink.spread(found),
        ink.spread(removed)[::-1],  # more removed is less kept
        **look | open_marker,
    )
