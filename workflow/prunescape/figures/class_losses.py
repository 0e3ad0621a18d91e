"""Which classes pruning costs: the points of accuracy that each class loses, by criterion."""

import os

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prunescape.drawing import ink, style, summary
from prunescape.drawing.grid import Grid, Key
from prunescape.foundations import csv_files
from prunescape.report import flips

_ROW = [*summary.COLUMN, *summary.ROW]
_MOST = 3  # sparsities on a figure
_LINEAR = 1.0  # points of accuracy up to which the axis is linear


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return what pruning breaks in a study (`flips.table`); ValueError names the file."""
    return csv_files.read(path, flips.COLUMNS)


def numbers(flipped: pd.DataFrame) -> pd.DataFrame:
    """Return what each class loses at a few sparsities, for arms that remove an exact number.

    Returns:
        network, fit, scope, effect, schedule, level, criterion, label (the class), loss (points of
        its accuracy, mean over replicates), n (replicates), n_images.

    Raises:
        ValueError: if no sparsity between 0 and 1 was reached by removing weights.
    """
    rows = flipped[(flipped["selection"] == "exact_k") & (flipped["effect"] != "freeze")]
    rows = rows[rows["level"].between(0, 1, inclusive="neither")]
    if rows.empty:
        raise ValueError(
            "figure class_losses: no rows with selection = exact_k that remove weights"
        )
    rows = summary.last_step(rows)
    rows = rows[rows["level"].isin(summary.spread(sorted(set(rows["level"])), _MOST))]
    losses = rows["loss_by_class"].astype(str).str.split()
    rows = rows.assign(loss=losses, label=losses.map(lambda each: list(range(len(each)))))
    rows = rows.explode(["loss", "label"])
    rows = rows.astype({"loss": float, "label": int})
    kept = [*_ROW, "level", "criterion", "label", "loss", "n", "n_images"]
    return rows[kept].sort_values(kept[:-3], ignore_index=True)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a panel for every arm, a column of panels for every sparsity, classes along x."""
    found = numbers(elsewhere)
    criteria = style.order(found["criterion"])
    with style.applied(settings):
        grid = Grid(found, _ROW, ["level"], settings, title=_removed)
        for axes, _, _, panel in grid:
            axes.axhline(0, color="#7F7F7F", linewidth=0.8)
            for i, criterion in enumerate(criteria):
                line = panel[panel["criterion"] == criterion]
                # Side by side within a class, so that equal losses don't hide each other.
                aside = 0.6 * ((i + 0.5) / len(criteria) - 0.5)
                ink.markers(axes, line["label"] + aside, line["loss"], criterion)
        first = grid.panels.first
        _axes(first, found)
        least, most = found["n"].min(), found["n"].max()
        note = (
            "Points of accuracy that each class loses by pruning, against the unpruned networks of "
            "the same replicates (those that trained as long, where a schedule trains); below 0 it "
            f"gains. Mean over n = {least if least == most else f'{least} to {most}'} replicates, "
            f"on {found['n_images'].max():,} images. The axis is linear up to 1 point. "
            + grid.constants(leave_out=["level"])
        )
        handles = [ink.handle(criterion) for criterion in criteria]
        return grid.panels.finish("class", "lost (points)", handles, note)


def _removed(column: Key) -> str:
    (level,) = column
    return f"{100 * level:.4g} % removed"


def _axes(axes: Axes, found: pd.DataFrame) -> None:
    """Scale the shared axes: classes along x, points lost along y, linear around 0."""
    axes.set_yscale("symlog", linthresh=_LINEAR, linscale=0.7)
    low, high = min(found["loss"].min(), -_LINEAR), max(found["loss"].max(), _LINEAR)
    ticks = [sign * each for sign in (-1, 1) for each in (1, 10, 100)]
    shown = sorted([0, *(tick for tick in ticks if 1.3 * low <= tick <= 1.3 * high)])
    axes.set_ylim(1.3 * low, 1.3 * high)
    axes.set_yticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_yticks([], minor=True)
    axes.set_xlim(-0.6, found["label"].max() + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
