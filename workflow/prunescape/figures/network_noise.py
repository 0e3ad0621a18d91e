"""Accuracy of unpruned networks against the level of noise: a line a network, a panel a noise."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import ink, labels, scales, style, summary
from prunescape.drawing.grid import Grid, Key

# Okabe and Ito's colours, combined with markers so that lines differ in grey print too. Two
# networks look alike only from the 57th on.
_COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "oX^sDvP*"


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy in percent of trained networks before any weight is removed.

    Returns:
        fit, network, noise, noise_level, mean, low, high, n; a curve begins with the clean rows.

    Raises:
        ValueError: if no unpruned network has rows with noise.
    """
    rows = summary.with_percents(table)
    rows = rows[(rows["criterion"] == "none") & (rows["schedule"] == "none")]
    noisy = rows[rows["noise"] != "none"]
    if noisy.empty:
        raise ValueError("figure network_noise: no rows with noise and criterion = none")
    by = ["fit", "network"]
    start = rows[rows["noise"] == "none"].drop(columns="noise")
    start = start.merge(noisy[[*by, "noise"]].drop_duplicates(), on=by)
    both = pd.concat([noisy, start])
    return summary.over_replicates(both, [*by, "noise", "noise_level"], "accuracy_percent")


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against the level of noise, fits one below the other."""
    found = numbers(table)
    networks = sorted(set(found["network"]))
    looks = {
        name: (_COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)])
        for i, name in enumerate(networks)
    }
    with style.applied(settings):
        grid = Grid(found, ["fit"], ["noise"], settings, title=_short)
        for axes, _, _, panel in grid:
            for name in networks:
                line = panel[panel["network"] == name]
                ink.shade(axes, line["noise_level"], line["low"], line["high"], looks[name][0])
                axes.plot(line["noise_level"], line["mean"], **_look(*looks[name]))
        scales.percent(grid.panels.first, found["mean"])
        note = summary.sample(found, "Accuracy", table) + grid.constants(leave_out=["noise"])
        lines = [Line2D([], [], label=name, **_look(*looks[name])) for name in networks]
        handles = [*lines, ink.band()]
        return grid.panels.finish("level of noise", "accuracy (%)", handles, note)


def _look(colour: str, marker: str) -> dict[str, Any]:
    return {"color": colour, "marker": marker, "markeredgecolor": "white"}


def _short(column: Key) -> str:
    (noise,) = column
    return labels.SHORT_NOISES.get(noise, str(noise))
