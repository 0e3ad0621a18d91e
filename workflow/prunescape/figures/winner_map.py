"""The best criterion, and those that tie with it, at every sparsity and level of noise."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prunescape.drawing import cells, labels, style, summary
from prunescape.drawing.grid import Grid
from prunescape.report import pairs

ALPHA = 0.05


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the best criteria of every cell.

    In a cell all pairs of criteria are tested, paired by replicate (`pairs.better`). The criterion
    with the highest mean accuracy wins; those that it isn't shown to beat tie with it.

    Returns:
        One row a cell and criterion that wins or ties: `cells.PANEL`, level, noise_level,
        criterion, mean (accuracy in percent), winners (how many share the cell), criteria (how many
        were compared), n (pairs). Sorted; within a cell in the order of legends.

    Raises:
        ValueError: if no cell has several criteria.
    """
    rows = cells.rows(table)
    place = [*cells.PANEL, "level", "noise_level"]
    found = []
    for values, cell in rows.groupby(place):
        wide = cell.pivot(index="replicate", columns="criterion", values="accuracy_percent")
        wide = wide.dropna()
        if wide.shape[1] < 2 or wide.empty:
            continue
        names = [str(name) for name in wide]
        p = pairs.better(wide.to_numpy().T, resolution=100 / cell["n_images"].max())
        best = str(wide.mean().idxmax())
        beaten = [
            name for name, each in zip(names, p[names.index(best)], strict=True) if each < ALPHA
        ]
        ties = [name for name in names if name != best and name not in beaten]
        found += [
            dict(zip(place, values, strict=True))
            | {"criterion": name, "mean": wide[name].mean(), "winners": 1 + len(ties)}
            | {"criteria": wide.shape[1], "n": len(wide)}
            for name in style.order([best, *ties])
        ]
    if not found:
        raise ValueError(
            "figure winner_map: no arm with several criteria at one sparsity "
            "(rows with selection = exact_k)"
        )
    return pd.DataFrame(found)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a map of winners for every arm."""
    found = numbers(table)
    levels = sorted(set(found["level"]))
    noises = sorted(set(found["noise_level"]))
    with style.applied(settings):
        grid = Grid(found, cells.PANEL[2:], summary.COLUMN, settings)
        for axes, _, _, panel in grid:
            cells.label(axes, levels, noises)
            cells.thinned(axes, levels, grid.panels.width, 2.9 * settings.font_size / 72)
            for (level, noise), cell in panel.groupby(["level", "noise_level"]):
                _cell(axes, levels.index(level), noises.index(noise), list(cell["criterion"]))
        note = (
            "A full cell: this criterion is better than every other one there (paired t, 5 %, "
            f"Holm-corrected over all pairs of the cell's {found['criteria'].max()} criteria). "
            "A divided cell: these criteria cannot be told apart, and the rest is worse. "
            + summary.sample(found, "Accuracy", table, mark="")
            + grid.constants()
        )
        taken = labels.taken(found["effect"])
        handles = [_handle(name) for name in style.order(found["criterion"])]
        return grid.panels.finish(f"weights {taken} (%)", "level of noise", handles, note)


def _cell(axes: Axes, x: int, y: int, criteria: list[str]) -> None:
    """Divide a cell into coloured strips, one a criterion, with its marker if there are few."""
    share = 0.94 / len(criteria)
    for i, name in enumerate(criteria):
        look = style.look(name)
        left = x - 0.47 + i * share
        strip = Rectangle((left, y - 0.47), share, 0.94, facecolor=look.colour)
        strip.set(edgecolor="white", linewidth=0.5)
        axes.add_patch(strip)
        if len(criteria) <= 3:
            axes.plot(left + share / 2, y, marker=look.marker or "o", **_MARK)


_MARK: dict[str, Any] = {
    "color": "white",
    "markersize": 3,
    "markeredgecolor": "white",
    "linestyle": "None",
}


def _handle(criterion: str) -> Line2D:
    look = style.look(criterion)
    return Line2D(
        *([], []),
        label=labels.label("criterion", criterion),
        linestyle="None",
        marker="s",
        markersize=7,
        markerfacecolor=look.colour,
        markeredgecolor=look.colour,
    )
