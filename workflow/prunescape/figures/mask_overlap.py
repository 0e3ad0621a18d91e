"""Overlap of masks: of two criteria on one network, and of one criterion on two networks."""

import os
from typing import Any

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import labels, rows, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows

_ROW = [*summary.COLUMN, "scope", "schedule"]
_PAIR = ["criterion", "other_criterion"]
_MOST = 3  # sparsities on a figure
_MARKERS = "o^s"
_CHANCE: dict[str, Any] = {"linestyle": "None", "marker": "|", "markersize": 6}


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the overlaps of a study's masks (`overlaps.table`)."""
    return pd.read_csv(path)


def numbers(overlaps: pd.DataFrame) -> pd.DataFrame:
    """Return the overlap of masks in percent at a few sparsities, for arms with several criteria.

    Random masks, whose overlap is the share that is kept, are left out if there are two others; so
    is snr where log_alpha ranks alike.

    Returns:
        network, fit, scope, schedule, level, criterion, other_criterion, mean, low, high, n. For
        two criteria, in the order of legends, the mean is over replicates. For one criterion it is
        over n pairs of replicates; pairs that share a replicate are not independent, so low and
        high are NaN.

    Raises:
        ValueError: if no sparsity between 0 and 1 has masks of several criteria.
    """
    rows = overlaps[overlaps["level"].between(0, 1, inclusive="neither")].dropna()
    rows = rows[rows["step"] == rows.groupby([*_ROW, "level"])["step"].transform("max")]
    rows = rows.assign(same=rows["criterion"] == rows["other_criterion"])
    rows = rows[~rows.groupby(_ROW)["same"].transform("all")]
    if rows.empty:
        raise ValueError("figure mask_overlap: no masks of several criteria")
    rows = _without(_without_twins(rows), "random")
    levels = sorted(set(rows["level"]))
    rows = rows[rows["level"].isin(summary.spread(levels, _MOST))]
    rows = rows.assign(percent=100 * rows["overlap"])
    by = [*_ROW, "level", "criterion", "other_criterion"]
    between = summary.over_replicates(_ordered(rows[~rows["same"]]), by, "percent")
    groups = rows[rows["same"]].groupby(by)["percent"]
    within = groups.agg(mean="mean", n="size").reset_index()
    return pd.concat([between, within], ignore_index=True)


def _without_twins(found: pd.DataFrame) -> pd.DataFrame:
    """Leave out snr where log_alpha, which ranks alike, has masks of the same arm."""
    arms = pd.MultiIndex.from_frame(found[_ROW])
    alike = arms.isin(arms[(found[_PAIR] == "log_alpha").any(axis=1)])
    return found[~(alike & (found[_PAIR] == "snr").any(axis=1))]


def _without(found: pd.DataFrame, criterion: str) -> pd.DataFrame:
    """Leave out a criterion from arms of which two or more others remain."""
    rest = found[~(found[_PAIR] == criterion).any(axis=1)]
    arms = pd.MultiIndex.from_frame(found[_ROW])
    several = pd.MultiIndex.from_frame(rest[~rest["same"]][_ROW])
    return found[~arms.isin(several) | ~(found[_PAIR] == criterion).any(axis=1)]


def _ordered(found: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs with their criteria in the order of legends."""
    place = {name: i for i, name in enumerate(style.order({*found[_PAIR[0]], *found[_PAIR[1]]}))}
    wrong = found[_PAIR[0]].map(place) > found[_PAIR[1]].map(place)
    swapped = found[wrong].rename(columns=dict(zip(_PAIR, _PAIR[::-1], strict=True)))
    return pd.concat([found[~wrong], swapped])


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a row for every pair, with a dot for every sparsity and where chance would have it."""
    found = numbers(elsewhere)
    effects = set(table["effect"])  # a mask is made before them
    levels = sorted(set(found["level"]))
    looks: dict[float, dict[str, Any]] = {
        level: {"color": colormaps["cividis"](0.75 * i / max(len(levels) - 1, 1))}
        | {"marker": _MARKERS[i], "linestyle": "None"}
        for i, level in enumerate(levels)
    }
    with style.applied(settings):
        listed = _rows(found)
        room = listed.width()
        panels = Panels([("", [""])], settings, height=listed.height, left=room + 0.1)
        for row in named_rows(found):
            y = listed.place[tuple(getattr(row, name) for name in (*_ROW, *_PAIR))]
            _dot(panels.first, row, y, looks[row.level])
        listed.label([panels.first], room)
        panels.first.set_xlim(-2, 102)
        between = found[found["criterion"] != found["other_criterion"]]["n"].min()
        note = (
            f"Share of the weights {labels.left(effects)} that two masks have in common. Two "
            "criteria: on the same network, dot and bar are mean and 95 % t interval over "
            f"n = {between} replicates. One criterion: on two networks that were trained from "
            "different random numbers, mean over their pairs, which share networks: no interval. "
            "Upright strokes: what masks drawn at random would share. "
            + summary.constants(summary.groups(found, _ROW), _ROW)
        )
        handles = [
            Line2D([], [], label=f"{100 * level:.4g} % {labels.taken(effects)}", **looks[level])
            for level in levels
        ]
        handles.append(Line2D([], [], label="by chance", color="#7F7F7F", **_CHANCE))
        return panels.finish("in common (%)", "", handles, note)


def _rows(found: pd.DataFrame) -> rows.Rows:
    arms = summary.groups(found, _ROW)
    groups = []
    for arm, heading in zip(arms, summary.headings(arms, _ROW, brief=True), strict=True):
        pairs = set(summary.at(found, _ROW, arm)[_PAIR].itertuples(index=False, name=None))
        order = style.order({each for pair in pairs for each in pair})
        ranked = sorted(pairs, key=lambda pair: (pair[0] == pair[1], *map(order.index, pair)))
        groups.append((heading, [((*arm, *pair), _name(*pair)) for pair in ranked]))
    return rows.Rows(groups)


def _name(criterion: str, other: str) -> str:
    if criterion == other:
        return f"{labels.label('criterion', criterion)}, on two networks"
    return " and ".join(labels.label("criterion", each) for each in (criterion, other))


def _dot(axes: Axes, row: Any, y: int, look: dict[str, Any]) -> None:
    chance = _CHANCE | {"color": look["color"], "markeredgewidth": 0.8}
    axes.plot([100 * (1 - row.level)], [y], **chance, zorder=1.8)
    if pd.notna(row.low):
        axes.plot([row.low, row.high], [y, y], color=look["color"], linewidth=1.0)
    axes.plot([row.mean], [y], **look, markersize=4)
