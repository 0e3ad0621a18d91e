"""Accuracy against sparsity: a line an arm, and a panel for each network and fit."""

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.drawing import ink, lines, references, scales, style, summary, unpruned
from prunescape.drawing.layout import Panels


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a study's curves of pruned networks and of the unpruned ones they compare with.

    Raises ValueError if no arm removes an exact number of weights.

    Returns:
        In percent: `summary.along_sparsity`, and `unpruned.over_replicates` by network, fit,
        control and level.
    """
    rows = summary.exact(table)
    if rows.empty:
        raise ValueError("figure accuracy_sparsity: no rows with selection = exact_k")
    dense = unpruned.over_replicates(rows, table, [*summary.COLUMN, "control", "level"])
    return summary.along_sparsity(rows, "accuracy_percent"), dense


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the share of weights kept, with other people's results behind."""
    curves, dense = numbers(table)
    elsewhere = references.on_data(elsewhere, table["dataset"])
    facets, looks = lines.facets(curves), lines.Looks(curves)
    controls = ink.controls(dense["control"])
    fits = [fit for _, fit in summary.groups(curves, summary.COLUMN)]
    shown = []
    with style.applied(settings):
        panels = Panels([("", [facet.title for facet in facets])], settings, narrowest=2.0)
        for axes, facet in zip(panels.axes.values(), facets, strict=True):
            _dense(axes, dense, facet, controls, table)
            shown.append(references.chosen(elsewhere, facet, fits))
            references.draw(axes, shown[-1])
            for arm in lines.arms(facet.rows):
                line = lines.of(facet.rows, arm)
                ink.curve(axes, line["kept_percent"], line, looks.line(arm))
        points = pd.concat(shown)
        first, kept = panels.first, [*curves["kept_percent"], *references.kept_percent(points)]
        scales.kept(first, kept, panels.width)
        drawn = [*curves["mean"], *dense["mean"], *points["accuracy_percent"]]
        scales.accuracy(first, drawn, table["n_images"].max(), panels.height)
        sources = references.handles(points)
        note = (
            summary.sample(curves, "Accuracy", table)
            + unpruned.note(curves, table)
            + summary.shared(curves)
            + scales.LOGIT
            + (references.NOTE if sources else "")
        )
        handles: list[Artist] = [*ink.control_handles(controls), *looks.handles()]
        handles += [*ink.band(curves["n"].max()), *sources]
        return panels.finish(scales.kept_label(curves["effect"]), "accuracy (%)", handles, note)


def _dense(
    axes: Axes, dense: pd.DataFrame, facet: lines.Facet, controls: dict, table: pd.DataFrame
) -> None:
    """Draw the unpruned networks that the lines of a panel compare with."""
    for control in sorted(set(unpruned.control(facet.rows, table))):
        line = summary.at(dense, [*summary.COLUMN, "control"], [*facet.column, control])
        ink.unpruned(axes, line["kept_percent"], line, controls[control])
