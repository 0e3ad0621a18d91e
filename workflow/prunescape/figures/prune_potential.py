"""Prune potential: the share of weights that can go before accuracy falls by a point."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import labels, lines, rows, scales, style, summary, unpruned
from prunescape.drawing.layout import Panels

MARGIN = 1.0  # points
_BY = [*summary.COLUMN, *summary.ROW, "criterion", "noise", "noise_level"]
_MOST = 3  # levels of noise on a figure
_APART = 0.5  # of a row: how far replicates are spread over it
_DOT: dict[str, Any] = {"linestyle": "None", "marker": "o", "markersize": 3.2}
_MEDIAN: dict[str, Any] = {"linestyle": "None", "marker": "|", "markersize": 9, "color": "#000000"}


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the prune potential (Liebenwein et al. 2021, arXiv 2103.03014) of each criterion.

    It is computed for every replicate. A level is passed if accuracy is at most MARGIN points below
    that of the replicate's unpruned network (`unpruned.partners`) under the same noise; the prune
    potential is the sparsest tested level that is passed together with all less sparse ones.
    Without such a level all weights are kept. A replicate that diverged at some of the levels has
    no prune potential.

    Returns:
        network, fit, scope, effect, schedule, criterion, noise, noise_level, replicate; potential,
        the weights kept [%]; passed, whether every tested level was passed, so that fewer weights
        might do.
    """
    rows = summary.last_step(summary.with_percents(table[table["selection"] == "exact_k"]))
    if rows.empty:
        raise ValueError("figure prune_potential: no rows with selection = exact_k")
    pairs = unpruned.partners(rows, table)
    # Accuracies are ratios of counts: rounding must not fail a level that meets MARGIN exactly.
    lost = 100 * (pairs["accuracy_unpruned"] - pairs["accuracy"])
    pairs = pairs.assign(within=lost <= MARGIN + 1e-9).sort_values("kept_percent", ascending=False)
    tested = pairs.groupby([*_BY, "replicate"])["level"].transform("size")
    pairs = pairs[tested == tested.groupby([pairs[name] for name in _BY]).transform("max")]
    groups = pairs.groupby([*_BY, "replicate"])
    reached = pairs[groups["within"].cummin().astype(bool)]
    kept = reached.groupby([*_BY, "replicate"])["kept_percent"].min()
    every = groups.size().index
    found = kept.reindex(every).fillna(100.0).rename("potential").reset_index()
    passed = groups["within"].all().rename("passed").reset_index()
    return found.merge(passed, on=[*_BY, "replicate"])


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw the prune potential of every replicate: a row an arm, a panel a level of noise."""
    found = numbers(table)
    noises = [
        each
        for kind in sorted(set(found["noise"]), key=lambda kind: (kind != "none", kind))
        for each in summary.groups(found[found["noise"] == kind], ["noise", "noise_level"])
    ]
    noises = summary.spread(noises, _MOST)
    with style.applied(settings):
        listed = rows.of_arms(found)
        room = listed.width()
        titles = [_noise(*each) for each in noises] if len(noises) > 1 else [""]
        panels = Panels(
            [("", titles)], settings, narrowest=0.9, height=listed.height, left=room + 0.1
        )
        for axes, noise in zip(panels.axes.values(), noises, strict=True):
            _panel(axes, summary.at(found, ["noise", "noise_level"], noise), listed)
        tested = summary.with_percents(table)["kept_percent"]
        scales.kept(panels.first, tested[tested > 0], panels.width)
        listed.label([*panels.axes.values()], room)
        counts = found.groupby(_BY)["replicate"].nunique()
        n = " to ".join(str(each) for each in sorted({counts.min(), counts.max()}))
        images = " or ".join(f"{count:,}" for count in sorted(set(table["n_images"])))
        note = (
            f"Fewest weights with which accuracy ({images} images) stays within {MARGIN:g} point "
            "of the same replicate's unpruned network under the same noise, at this and every "
            f"lower sparsity that was tested: each of n = {n} replicates; there is no interval, "
            "as only tested sparsities can be found. "
            + unpruned.note(found, table)
            + summary.shared(found)
        )
        dot = _DOT | {"color": "#7F7F7F"}
        handles = [
            Line2D([], [], label="a replicate", **dot),
            Line2D([], [], label="passed all tested", **dot | {"markerfacecolor": "white"}),
            Line2D([], [], label="median", **_MEDIAN),
        ]
        return panels.finish(scales.kept_label(found["effect"]), "", handles, note)


def _panel(axes: Axes, found: pd.DataFrame, listed: rows.Rows) -> None:
    for key, each in found.groupby([*summary.COLUMN, *lines.LINE]):
        y, potentials = listed.place[key], each["potential"].to_numpy()
        aside = _APART * ((np.arange(len(each)) + 0.5) / len(each) - 0.5)
        colour = style.look(str(key[2])).colour
        for passed in (True, False):
            chosen = each["passed"].to_numpy() == passed
            face = "white" if passed else colour
            axes.plot(
                *(potentials[chosen], y + aside[chosen]),
                **_DOT | {"color": colour, "markerfacecolor": face},
            )
        axes.plot([np.median(potentials)], [y], **_MEDIAN, zorder=1.9)


def _noise(kind: str, level: float) -> str:
    return f"{labels.SHORT_NOISES.get(kind, kind)} {level:g}" if level else "no noise"
