"""The best criterion, its lead, and what ties with it, at every sparsity and level of noise."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prunescape.drawing import cells, labels, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows
from prunescape.report import pairs

ALPHA = 0.05
_MOST = 12  # sparsities on a map
_CELL = 0.34, 0.3  # inches: least width of a cell with numbers, height


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the best criteria of every cell.

    In a cell all pairs of criteria are tested, paired by replicate (`pairs.better`). The criterion
    with the highest mean accuracy wins; those that it isn't shown to beat tie with it. Criteria
    that agree on every replicate, as those that rank alike, count once, under the first's name.

    Where there is noise, cells are at the sparsities that were tested under noise.

    Returns:
        One row a cell and criterion that wins or ties: `cells.PANEL`, level, noise_level,
        criterion, mean (accuracy in percent), lead (of the best over the second best, points; NaN
        where all agree), winners (how many share the cell), criteria (how many were compared), n
        (pairs). Sorted; within a cell in the order of legends.

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
        resolution = 100 / cell["n_images"].max()
        found += [
            dict(zip(place, values, strict=True))
            | each
            | {"criteria": wide.shape[1], "n": len(wide)}
            for each in _best(wide[style.order(wide.columns)], resolution)
        ]
    if not found:
        raise ValueError(
            "figure winner_map: no arm with several criteria at one sparsity "
            "(rows with selection = exact_k)"
        )
    return pd.DataFrame(found)


def _best(wide: pd.DataFrame, resolution: float) -> list[dict[str, Any]]:
    """Return the criteria that win or tie in a cell; `wide` has accuracies by replicate."""
    names = [str(name) for name in wide]
    p = pairs.better(wide.to_numpy().T, resolution=resolution)
    means = wide.mean()
    best = str(means.idxmax())
    others = [name for name in names if not wide[name].equals(wide[best])]
    lead = means[best] - means[others].max()
    beaten = [name for name, each in zip(names, p[names.index(best)], strict=True) if each < ALPHA]
    shared = wide[[name for name in names if name not in beaten]].T.drop_duplicates()
    return [
        {"criterion": name, "mean": means[name], "lead": lead, "winners": len(shared)}
        for name in shared.index
    ]


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a map of winners for every arm."""
    found = numbers(table)
    found = found[found["level"].isin(summary.spread(sorted(set(found["level"])), _MOST))]
    levels = sorted(set(found["level"]))
    noises = sorted(set(found["noise_level"]))
    maps = summary.groups(found, cells.PANEL)
    with style.applied(settings):
        titles = summary.headings(maps, cells.PANEL, brief=True)
        narrowest = min(max(1.5, _CELL[0] * len(levels)), settings.width - 0.7)
        tall = max(_CELL[1] * len(noises), 0.6)
        panels = Panels([("", titles)], settings, narrowest=narrowest, height=tall)
        roomy = panels.width / len(levels) >= _CELL[0]
        for axes, place in zip(panels.axes.values(), maps, strict=True):
            cells.label(axes, levels, noises)
            cells.thinned(axes, levels, panels.width, 2.9 * settings.font_size / 72)
            panel = summary.at(found, cells.PANEL, place)
            for (level, noise), cell in panel.groupby(["level", "noise_level"]):
                x, y = levels.index(level), noises.index(noise)
                _cell(axes, x, y, list(cell["criterion"]), aside=0.2 if roomy else 0)
                if roomy:
                    _numbers(axes, x, y, cell, settings)
        kinds = sorted(set(found["noise"]) - {"none"})
        y_label = labels.SHORT_NOISES.get(kinds[0], kinds[0]) if len(kinds) == 1 else "noise"
        handles = [_handle(name) for name in style.order(found["criterion"])]
        x_label = f"weights {labels.taken(found['effect'])} (%)"
        return panels.finish(x_label, y_label, handles, _note(found, table, maps, roomy))


def _note(found: pd.DataFrame, table: pd.DataFrame, maps: list[tuple], roomy: bool) -> str:
    written = (
        "In a cell: accuracy of the best (%), and its lead over the next criterion (points). "
        if roomy
        else ""
    )
    return (
        "A full cell: this criterion is better than every other one there (paired t, 5 %, "
        f"Holm-corrected over all pairs of the cell's {found['criteria'].max()} criteria). "
        "A divided cell: these criteria cannot be told apart, and the rest is worse. "
        + written
        + summary.sample(found, "Accuracy", table, mark="")
        + summary.constants(maps, cells.PANEL).replace(f", {labels.label('noise', 'none')}.", ".")
    )


def _cell(axes: Axes, x: int, y: int, criteria: list[str], aside: float) -> None:
    """Divide a cell into coloured strips, one a criterion, with its marker if there are few.

    `aside`: how far above the middle markers are, to leave room for numbers.
    """
    share = 0.94 / len(criteria)
    for i, name in enumerate(criteria):
        look = style.look(name)
        left = x - 0.47 + i * share
        strip = Rectangle((left, y - 0.47), share, 0.94, facecolor=look.colour)
        strip.set(edgecolor="white", linewidth=0.5)
        axes.add_patch(strip)
        if len(criteria) <= 3:
            axes.plot(left + share / 2, y + aside, marker=look.marker or "o", **_MARK)


def _numbers(axes: Axes, x: int, y: int, cell: pd.DataFrame, settings: style.Settings) -> None:
    """Write accuracy of the best, and its lead if it wins alone, below the middle of a cell."""
    best = next(named_rows(cell.sort_values("mean", ascending=False)))
    alone = best.winners == 1 and pd.notna(best.lead)
    lead = f" {best.lead:+.1f}" if alone else ""
    font: dict[str, Any] = {
        "color": "white",
        "size": settings.font_size - 2.8,
        "ha": "center",
        "va": "center",
    }
    text = axes.text(x, y - 0.22, f"{best.mean:.0f}{lead}", **font)
    if best.winners > 1:  # it stands on the lines between the strips, which would look like a 1
        text.set_bbox({"facecolor": "#333333", "edgecolor": "none", "boxstyle": "round,pad=0.12"})


_MARK: dict[str, Any] = {
    "color": "white",
    "markersize": 3,
    "markeredgecolor": "white",
    "linestyle": "None",
}


def _handle(criterion: str) -> Line2D:
    """Return the legend's entry: the marker that cells have in white, in the cells' colour."""
    look = style.look(criterion)
    return Line2D(
        *([], []),
        label=labels.label("criterion", criterion),
        linestyle="None",
        marker=look.marker or "o",
        markersize=6,
        markerfacecolor=look.colour,
        markeredgecolor=look.colour,
    )
