"""Overlap of masks: of two criteria on one network, and of one criterion on two networks."""

import os
from collections.abc import Iterable
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.drawing import cells, labels, style, summary
from prunescape.drawing.grid import Grid, Key
from prunescape.foundations.table_rows import named_rows

_ROW = [*summary.COLUMN, "scope", "schedule"]
_MOST = 3  # sparsities on a figure


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the overlaps of a study's masks (`overlaps.table`)."""
    return pd.read_csv(path)


def numbers(overlaps: pd.DataFrame) -> pd.DataFrame:
    """Return the overlap of masks in percent at a few sparsities, for arms with several criteria.

    Returns:
        network, fit, scope, schedule, level, criterion, other_criterion, mean, low, high, n. For
        two criteria, in both orders, the mean is over replicates. For one criterion it is over n
        pairs of replicates; pairs that share a replicate are not independent, so low and high are
        NaN.

    Raises:
        ValueError: if no sparsity between 0 and 1 has masks of several criteria.
    """
    rows = overlaps[overlaps["level"].between(0, 1, inclusive="neither")].dropna()
    rows = rows[rows["step"] == rows.groupby([*_ROW, "level"])["step"].transform("max")]
    rows = rows.assign(same=rows["criterion"] == rows["other_criterion"])
    rows = rows[~rows.groupby(_ROW)["same"].transform("all")]
    if rows.empty:
        raise ValueError("figure mask_overlap: no masks of several criteria")
    levels = sorted(set(rows["level"]))
    rows = rows[rows["level"].isin(summary.spread(levels, _MOST))]
    rows = rows.assign(percent=100 * rows["overlap"])
    by = [*_ROW, "level", "criterion", "other_criterion"]
    swapped = {"criterion": "other_criterion", "other_criterion": "criterion"}
    both = pd.concat([rows[~rows["same"]], rows[~rows["same"]].rename(columns=swapped)])
    between = summary.over_replicates(both, by, "percent")
    groups = rows[rows["same"]].groupby(by)["percent"]
    within = groups.agg(mean="mean", n="size").reset_index()
    return pd.concat([between, within], ignore_index=True)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a matrix of criteria for every arm; a column of panels has one sparsity."""
    found = numbers(elsewhere)
    criteria = style.order(found["criterion"])
    with style.applied(settings):
        effects = set(table["effect"])  # a mask is made before them
        grid = Grid(found, _ROW, ["level"], settings, title=partial(_taken, effects))
        size = min(settings.font_size - 1, 72 * grid.panels.width / len(criteria) / 2.2)
        for axes, _, _, panel in grid:
            _axes(axes, len(criteria))
            for cell in named_rows(panel):
                place = criteria.index(cell.criterion), criteria.index(cell.other_criterion)
                cells.number(axes, *place, cell.mean, size)
        between = found[found["criterion"] != found["other_criterion"]]
        half = ((between["high"] - between["low"]) / 2).dropna()
        least = between["n"].min()
        note = (
            f"Share of the weights {labels.left(effects)} that two masks have in common, in "
            "percent. Off the diagonal: two criteria on the same network, mean over "
            f"n = {least} replicates"
            + (
                f"; 95 % t intervals reach at most {half.max():.1f} to each side"
                if len(half)
                else ""
            )
            + ". On the diagonal: one criterion on two replicates, mean over their pairs. Masks "
            "drawn at random share as much as they keep. "
            + "; ".join(f"{_letter(k)}: {_name(each)}" for k, each in enumerate(criteria))
            + ". "
            + grid.constants(leave_out=["level"])
        )
        return grid.panels.finish("criterion", "criterion", cells.colours(), note)


def _taken(effects: Iterable[str], column: Key) -> str:
    (level,) = column
    return f"{100 * level:.4g} % {labels.taken(effects)}"


def _axes(axes: Axes, criteria: int) -> None:
    axes.set_xlim(-0.5, criteria - 0.5)
    axes.set_ylim(criteria - 0.5, -0.5)
    letters = [_letter(k) for k in range(criteria)]
    axes.set_xticks(range(criteria), letters)
    axes.set_yticks(range(criteria), letters)
    axes.grid(visible=False)


def _letter(k: int) -> str:
    """Return a short name for an axis that has no room for the readable one."""
    return chr(ord("A") + k)


def _name(criterion: str) -> str:
    return labels.label("criterion", criterion)
