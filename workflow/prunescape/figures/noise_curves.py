"""Accuracy against the level of input noise: a line a criterion, a panel a sparsity."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import ink, labels, scales, style, summary
from prunescape.figures.layout import Panels

_ROW = [*summary.COLUMN, *summary.ROW, "noise"]


def numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return accuracy in percent at each level of noise, of pruned and of dense networks.

    A curve begins with the clean rows of the same networks, at noise level 0.

    Returns:
        (pruned, dense), sorted by noise level: network, fit, noise, noise_level, mean, low, high,
        n; of pruned networks also scope, effect, schedule, criterion, level.

    Raises:
        ValueError: no rows with noise.
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
    """Draw accuracy [%] against the level of noise.

    Args:
        table: rows of one study.
        settings: size and type.
        elsewhere: not drawn.
    """
    pruned, dense = numbers(table)
    rows = summary.groups(pruned, _ROW)
    levels = sorted(set(pruned["level"]))
    criteria = style.order(pruned["criterion"])
    kinds = sorted(set(pruned["noise"]))
    with style.applied(settings):
        titles = [f"{100 * level:g} % pruned" for level in levels]
        panels = Panels(summary.headings(rows, _ROW), titles, settings)
        for (i, j), axes in panels.axes.items():
            network, fit, *_, noise = rows[i]
            line = summary.at(dense, [*summary.COLUMN, "noise"], (network, fit, noise))
            ink.curve(axes, line["noise_level"], line, "none")
            panel = summary.at(pruned, [*_ROW, "level"], [*rows[i], levels[j]])
            ink.mark_if_empty(axes, panel)
            for criterion in criteria:
                line = panel[panel["criterion"] == criterion]
                ink.curve(axes, line["noise_level"], line, criterion)
        scales.percent(panels.first, [*pruned["mean"], *dense["mean"]])
        note = summary.sample(pruned, "Accuracy", table) + summary.constants(
            [row[:-1] for row in rows], _ROW[:-1]
        )
        x_label = labels.label("noise", kinds[0]) if len(kinds) == 1 else "level of noise"
        handles = [ink.handle("none"), *map(ink.handle, criteria), ink.band()]
        return panels.finish(x_label, "accuracy (%)", handles, note)
