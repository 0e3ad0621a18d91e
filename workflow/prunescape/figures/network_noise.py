"""Accuracy of unpruned networks against the level of noise: a line a network, a panel a noise."""

from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.drawing import ink, labels, lines, scales, style, summary
from prunescape.drawing.layout import Panels

_LONGEST = 32  # letters of a line of an axis's label


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
    """Draw accuracy [%] against the level of each noise, on axes of their own."""
    found = numbers(table)
    networks = [name for (name,) in summary.groups(found, ["network"])]
    fits = summary.groups(found, ["fit"])
    headings = summary.headings(fits, ["fit"])
    noises = [
        [kind for (kind,) in summary.groups(summary.at(found, ["fit"], fit), ["noise"])]
        for fit in fits
    ]
    with style.applied(settings):
        handles: list[Artist] = [
            Line2D([], [], label=labels.label("network", n), **_look(n)) for n in networks
        ]
        handles += ink.band(found["n"].max())
        sections = [(text, [""] * len(kinds)) for text, kinds in zip(headings, noises, strict=True)]
        panels = Panels(sections, settings, own_x=True, narrowest=1.6, legend=len(handles))
        for (i, j), axes in panels.axes.items():
            panel = summary.at(found, ["fit", "noise"], [*fits[i], noises[i][j]])
            for name in networks:
                line = panel[panel["network"] == name]
                x, look = line["noise_level"], _look(name)
                ink.shade(axes, x, line["low"], line["high"], look["color"])
                axes.plot(x, line["mean"], **look)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set_xlabel("\n".join(_axis(noises[i][j])))
        scales.accuracy(panels.first, found["mean"], table["n_images"].max(), panels.height)
        note = summary.sample(found, "Accuracy", table) + scales.LOGIT
        note += "No weight is removed after training. "
        return panels.finish("", "accuracy (%)", handles, note)


def _axis(noise: str) -> list[str]:
    """Return the label of an axis of noise in lines that panels are wide enough for."""
    words, texts = labels.label("noise", noise).split(), [""]
    for word in words:
        fits = len(texts[-1]) + len(word) < _LONGEST
        texts = [*texts[:-1], f"{texts[-1]} {word}".strip()] if fits else [*texts, word]
    return texts


def _look(network: str) -> dict[str, Any]:
    look = style.network(network)
    marks = lines.marked(look.colour, look.marker, hollow=look.line != "-")
    return {"color": look.colour, "linestyle": look.line, **marks}
