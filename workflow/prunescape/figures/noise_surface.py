"""Accuracy over sparsity and noise at once: a map a criterion, with a number in every cell."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.drawing import cells, labels, style, summary, unpruned
from prunescape.drawing.grid import Grid
from prunescape.foundations.table_rows import named_rows


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy in percent at every sparsity and level of noise.

    Returns:
        `cells.PANEL`, criterion, level, noise_level, mean, low, high, n. Level 0 is the unpruned
        network that those at the highest level compare with (`unpruned.partners`).

    Raises:
        ValueError: if there are no rows with noise.
    """
    rows = cells.rows(table)
    if rows.empty or set(rows["noise"]) == {"none"}:
        raise ValueError("figure noise_surface: no rows with noise and selection = exact_k")
    by = [*cells.PANEL, "criterion", "level", "noise_level"]
    pruned = summary.over_replicates(rows, by, "accuracy_percent")
    sparsest = rows[rows["level"] == rows.groupby(cells.PANEL)["level"].transform("max")]
    pairs = unpruned.partners(sparsest, table)
    pairs = pairs.assign(unpruned_percent=100 * pairs["accuracy_unpruned"])
    dense = summary.over_replicates(pairs, by, "unpruned_percent").assign(level=0.0)
    return pd.concat([dense, pruned])[list(pruned)]


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a map of accuracy for each criterion."""
    found = numbers(table)
    levels = sorted(set(found["level"]))
    noises = sorted(set(found["noise_level"]))
    with style.applied(settings):
        grid = Grid(found, cells.PANEL, ["criterion"], settings)
        width = grid.panels.width
        size = min(settings.font_size - 1, 72 * width / len(levels) / 1.5)
        for axes, _, _, panel in grid:
            cells.label(axes, levels, noises)
            cells.thinned(axes, levels, width, 2.6 * settings.font_size / 72)
            for cell in named_rows(panel):
                x, y = levels.index(cell.level), noises.index(cell.noise_level)
                cells.number(axes, x, y, cell.mean, size)
        note = (
            summary.sample(found, "Numbers: accuracy in percent", table, mark="")
            + _precision(found)
            + "Left column: unpruned. "
            + unpruned.note(found, table)
            + grid.constants()
        )
        colours, taken = cells.colours(), labels.taken(found["effect"])
        return grid.panels.finish(f"weights {taken} (%)", "level of noise", colours, note)


def _precision(found: pd.DataFrame) -> str:
    """Return a sentence on the width of the 95 % t intervals, for which a map has no room."""
    half = ((found["high"] - found["low"]) / 2).dropna()
    if half.empty:
        return ""
    return (
        f"95 % t intervals reach {half.median():.1f} points to each side (median), "
        f"at most {half.max():.1f}. "
    )
