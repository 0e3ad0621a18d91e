"""Accuracy of whole networks against the level of noise: a line a network, a panel a noise."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import ink, labels, scales, style, summary
from prunescape.figures.layout import Panels

# Okabe and Ito's colours with a marker each, as criteria have, so that print in grey will do.
_COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_LOOKS = list(zip(_COLOURS, "oX^sDvP", strict=True))


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy in percent of networks as they were trained, none of their weights removed.

    Returns:
        fit, network, noise, noise_level, mean, low, high, n; a curve begins with the clean rows.

    Raises:
        ValueError: no such rows with noise.
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
    """Draw accuracy [%] against the level of noise, fits one below the other.

    Args:
        table: rows of one study.
        settings: size and type.
        elsewhere: not drawn.
    """
    found = numbers(table)
    fits = summary.groups(found, ["fit"])
    noises = summary.groups(found, ["noise"])
    networks = sorted(set(found["network"]))
    looks = {name: _LOOKS[i % len(_LOOKS)] for i, name in enumerate(networks)}
    with style.applied(settings):
        titles = [_short(noise) for (noise,) in noises]
        panels = Panels(summary.headings(fits, ["fit"]), titles, settings)
        for (i, j), axes in panels.axes.items():
            panel = summary.at(found, ["fit", "noise"], [*fits[i], *noises[j]])
            ink.mark_if_empty(axes, panel)
            for name in networks:
                line = panel[panel["network"] == name]
                colour, marker = looks[name]
                band = {"color": colour, "alpha": 0.18, "linewidth": 0}
                axes.fill_between(line["noise_level"], line["low"], line["high"], **band)
                axes.plot(line["noise_level"], line["mean"], **_look(colour, marker))
        scales.percent(panels.first, found["mean"])
        note = summary.sample(found, "Accuracy", table) + summary.constants(fits, ["fit"])
        handles = [Line2D([], [], label=name, **_look(*looks[name])) for name in networks]
        return panels.finish("level of noise", "accuracy (%)", [*handles, ink.band()], note)


def _look(colour: str, marker: str) -> dict:
    return {"color": colour, "marker": marker, "markeredgecolor": "white"}


def _short(noise: str) -> str:
    return labels.SHORT_NOISES.get(noise, noise)
