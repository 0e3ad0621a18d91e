"""Accuracy against the level of input noise: a line an arm, a panel a sparsity."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from prunescape.drawing import ink, labels, lines, scales, style, summary, unpruned
from prunescape.drawing.layout import Panels

_MOST = 4  # sparsities on a figure
_ROW = [*summary.COLUMN, *summary.ROW, "noise"]
_LINE = [*summary.COLUMN, "control", "level", "noise"]


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the accuracy of pruned and of unpruned networks in percent, at every level of noise.

    At most 4 sparsities are taken, evenly placed among those that were tested under noise. A curve
    begins with the clean rows of the same networks, at noise level 0.

    Returns:
        (pruned, unpruned), sorted by noise level: network, fit, level, noise, noise_level, mean,
        low, high, n; `pruned` also has the columns of `lines.LINE`, and `unpruned` control. The
        unpruned networks are those that the pruned ones of the level compare with.

    Raises:
        ValueError: if there are no rows with noise.
    """
    rows = summary.last_step(summary.with_percents(table))
    rows = rows[(rows["selection"] == "exact_k") & (rows["level"] > 0)]
    rows = rows[rows["level"].isin(_chosen(rows))]
    pruned = _curves(rows, [*_ROW, "level", "criterion"])
    if pruned.empty:
        raise ValueError("figure noise_curves: no rows with noise and selection = exact_k")
    pairs = unpruned.partners(rows, table)
    pairs = pairs.assign(accuracy_percent=100 * pairs["accuracy_unpruned"])
    pairs = pairs.drop_duplicates([*_LINE, "noise_level", "replicate"])
    return pruned, _curves(pairs, _LINE)


def _chosen(rows: pd.DataFrame) -> list[float]:
    """Return the sparsities that are drawn, of those with noise."""
    return summary.spread(sorted(set(rows[rows["noise"] != "none"]["level"])), _MOST)


def _curves(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    noisy = rows[rows["noise"] != "none"]
    start = rows[rows["noise"] == "none"].drop(columns="noise")
    start = start.merge(noisy[by].drop_duplicates(), on=[name for name in by if name != "noise"])
    return summary.over_replicates(
        pd.concat([noisy, start]), [*by, "noise_level"], "accuracy_percent"
    )


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the level of noise: a heading for each fit, a panel a sparsity."""
    pruned, dense = numbers(table)
    looks, controls = lines.Looks(pruned), ink.controls(dense["control"])
    rows = [
        (facet, noise, summary.at(facet.rows, ["noise"], [noise]))
        for facet in lines.facets(pruned)
        for noise in sorted(set(facet.rows["noise"]))
    ]
    kinds = sorted(set(pruned["noise"]))
    with style.applied(settings):
        sections = [
            (_heading(facet, noise, kinds), [_taken(rows_here, x) for x in _levels(rows_here)])
            for facet, noise, rows_here in rows
        ]
        handles: list[Artist] = [
            *ink.control_handles(controls),
            *looks.handles(),
            *ink.band(pruned["n"].max()),
        ]
        panels = Panels(sections, settings, legend=len(handles))
        for (section, place), axes in panels.axes.items():
            facet, noise, here = rows[section]
            here = here[here["level"] == _levels(here)[place]]
            for control in sorted(set(unpruned.control(here, table))):
                at = [*facet.column, control, here["level"].iloc[0], noise]
                line = summary.at(dense, _LINE, at)
                ink.unpruned(axes, line["noise_level"], line, controls[control])
            for arm in lines.arms(here):
                line = lines.of(here, arm)
                # Levels of noise are few; their points are joined all the same.
                x, look = line["noise_level"], looks.line(arm)
                ink.shade(axes, x, line["low"], line["high"], look["color"])
                axes.plot(x, line["mean"], **look)
        drawn = [*pruned["mean"], *dense["mean"]]
        scales.accuracy(panels.first, drawn, table["n_images"].max(), panels.height)
        note = (
            summary.sample(pruned, "Accuracy", table)
            + unpruned.note(pruned, table)
            + summary.shared(pruned)
            + scales.LOGIT
        )
        x_label = labels.label("noise", kinds[0]) if len(kinds) == 1 else "level of noise"
        return panels.finish(x_label, "accuracy (%)", handles, note)


def _heading(facet: lines.Facet, noise: str, kinds: Sequence[str]) -> str:
    said = [facet.title, labels.label("noise", noise) if len(kinds) > 1 else ""]
    return ": ".join(filter(None, said))


def _levels(rows: pd.DataFrame) -> list[float]:
    return sorted(set(rows["level"]))


def _taken(rows: pd.DataFrame, level: float) -> str:
    return f"{100 * level:.4g} % {labels.taken(rows['effect'])}"
