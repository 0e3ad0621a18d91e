"""Which classes pruning costs: the points of accuracy that each class loses, by arm."""

import math
import os

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from prunescape.drawing import lines, rows, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations import csv_files
from prunescape.foundations.table_rows import named_rows
from prunescape.report import flips

_ARM = [*summary.COLUMN, *lines.LINE]
_MOST = 2  # sparsities on a figure
_CHEAP = 2.0  # points of accuracy: pruning that costs at most so much looks free
_STEPS = (-10, -1, 0, 1, 10, 100)  # points, of the legend


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return what pruning breaks in a study (`flips.table`); ValueError names the file."""
    return csv_files.read(path, flips.COLUMNS)


def numbers(flipped: pd.DataFrame) -> pd.DataFrame:
    """Return what each class loses at two sparsities, for arms that remove an exact number.

    Of the sparsities that at least half of the arms have, taken are the sparsest at which some arm
    loses at most 2 points of accuracy, and the next one. Random masks are left out if there are
    others, and so is snr where log_alpha ranks alike.

    Returns:
        network, fit, criterion, scope, effect, schedule, level, label (the class), loss (points of
        its accuracy, mean over replicates), n (replicates), n_images.

    Raises:
        ValueError: if no sparsity between 0 and 1 was reached by removing weights.
    """
    found = flipped[(flipped["selection"] == "exact_k") & (flipped["effect"] != "freeze")]
    found = found[found["level"].between(0, 1, inclusive="neither")]
    if found.empty:
        raise ValueError(
            "figure class_losses: no rows with selection = exact_k that remove weights"
        )
    found = summary.one_ranking(summary.last_step(found))
    if set(found["criterion"]) > {"random"}:
        found = found[found["criterion"] != "random"]
    found = found[found["level"].isin(_telling(found))]
    losses = found["loss_by_class"].astype(str).str.split()
    found = found.assign(loss=losses, label=losses.map(lambda each: list(range(len(each)))))
    found = found.explode(["loss", "label"]).astype({"loss": float, "label": int})
    kept = [*_ARM, "level", "label", "loss", "n", "n_images"]
    return found[kept].sort_values(kept[:-3], ignore_index=True)


def _telling(found: pd.DataFrame) -> list[float]:
    """Return the sparsest level that is nearly free for some arm, and the next."""
    arms = found["level"].value_counts()
    levels = sorted(arms[arms >= arms.max() / 2].index)
    best = found.groupby("level")["difference"].max()
    free = [level for level in levels if best[level] >= -_CHEAP] or levels[:1]
    begin = min(levels.index(free[-1]), max(len(levels) - _MOST, 0))
    return levels[begin : begin + _MOST]


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a row for every arm, a panel for every sparsity, a cell for every class."""
    found = numbers(elsewhere)
    levels = sorted(set(found["level"]))
    with style.applied(settings):
        listed = rows.of_arms(found)
        room = listed.width()
        titles = [f"{100 * level:.4g} % removed" for level in levels]
        panels = Panels(
            [("", titles)], settings, narrowest=1.2, height=listed.height, left=room + 0.1
        )
        listed.label([*panels.axes.values()], room)
        classes = sorted(set(found["label"]))
        size = min(settings.font_size - 2, 72 * panels.width / len(classes) / 1.9)
        for axes, level in zip(panels.axes.values(), levels, strict=True):
            for cell in named_rows(found[found["level"] == level]):
                key = tuple(getattr(cell, name) for name in _ARM)
                _cell(axes, cell.label, listed.place[key], cell.loss, size)
            axes.set_xlim(-0.5, classes[-1] + 0.5)
            axes.set_xticks(_thinned(classes))
            axes.grid(visible=False)
            axes.spines[["left", "bottom"]].set_visible(False)
            axes.tick_params(axis="x", length=0)
        least, most = found["n"].min(), found["n"].max()
        note = (
            "Points of accuracy that each class loses by pruning, against the unpruned networks of "
            "the same replicates (those that trained as long, where a schedule trains); below 0 it "
            f"gains. Mean over n = {least if least == most else f'{least} to {most}'} replicates, "
            f"on {found['n_images'].max():,} images; no intervals. " + summary.shared(found)
        )
        handles = [Patch(color=_colour(each), label=_points(each)) for each in _STEPS if each]
        return panels.finish("class", "", handles, note)


def _points(step: int) -> str:
    return f"{step:+d} point{'s' if abs(step) > 1 else ''}".replace("-", "−")


def _thinned(classes: list[int]) -> list[int]:
    """Return the classes that have room for their number on the axis."""
    return classes[:: math.ceil(len(classes) / 20)]


def _colour(loss: float) -> tuple[float, float, float, float]:
    """Return the colour of a loss: red for losses, blue for gains, by orders of magnitude."""
    size = math.log10(1 + 9 * min(abs(loss), 100.0)) / math.log10(901)
    red, green, blue, alpha = colormaps["RdBu_r"](0.5 + math.copysign(0.5 * size, loss))
    return red, green, blue, alpha


def _cell(axes: Axes, x: int, y: int, loss: float, size: float) -> None:
    face = _colour(loss)
    corner = (x - 0.5, y - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor="white", linewidth=0.4))
    text = f"{loss:.0f}" if abs(loss) >= 9.95 else f"{loss:.1f}"
    dark = 0.2126 * face[0] + 0.7152 * face[1] + 0.0722 * face[2] < 0.5
    colour = "white" if dark else "black"
    text = text.replace("-", "−") if float(text) else "0"
    axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=size)
