"""Accuracy minus that of magnitude pruning, paired, against sparsity: a line an arm."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import ink, lines, scales, style, summary
from prunescape.drawing.layout import Panels

REFERENCE = "magnitude"


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy minus that of magnitude pruning of the same replicate, in points.

    Returns:
        As `summary.along_sparsity`, for every criterion but the reference; mean, low and high
        describe the paired differences, n counts pairs.

    Raises:
        ValueError: if no arm has both the reference and another criterion.
    """
    rows = summary.exact(table)
    pair = [*summary.COLUMN, *summary.ROW, "level", "replicate"]
    reference = rows[rows["criterion"] == REFERENCE][[*pair, "accuracy_percent"]]
    others = rows[rows["criterion"] != REFERENCE]
    paired = others.merge(reference, on=pair, suffixes=("", "_reference"), validate="many_to_one")
    if paired.empty:
        raise ValueError(
            f"figure accuracy_difference: no arm with both {REFERENCE} and another criterion "
            "(rows with selection = exact_k)"
        )
    difference = paired["accuracy_percent"] - paired["accuracy_percent_reference"]
    return summary.along_sparsity(paired.assign(difference=difference), "difference")


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw differences [points] against the share of weights kept.

    Other people's results can't be paired with a replicate and are not drawn.
    """
    found = numbers(table)
    facets, looks = lines.facets(found), lines.Looks(found)
    with style.applied(settings):
        panels = Panels([("", [facet.title for facet in facets])], settings, narrowest=2.0)
        for axes, facet in zip(panels.axes.values(), facets, strict=True):
            axes.axhline(0, color=style.look(REFERENCE).colour, linewidth=1)
            arms = lines.arms(facet.rows)
            for k, arm in enumerate(arms):
                line = lines.of(facet.rows, arm)
                # Side by side, so that bars don't hide each other.
                beside = 1.025 ** ((len(arms) - 1) / 2 - k)
                ink.bars(axes, beside * line["kept_percent"], line, looks.line(arm))
        scales.kept(panels.first, found["kept_percent"], panels.width)
        scales.difference(panels.first, [*found["mean"], *found["low"], *found["high"]])
        note = (
            "Above the zero line the criterion beats magnitude on the same networks, pruned in "
            "the same way. "
            + summary.sample(found, "Paired difference in accuracy", table, mark="bar")
            + summary.shared(found)
            + "Lines stand side by side at each sparsity. "
            "Vertical axis: linear within 1 point, logarithmic beyond."
        )
        zero: dict[str, Any] = {"color": style.look(REFERENCE).colour, "linewidth": 1}
        handles = [*looks.handles(), Line2D([], [], label="zero: magnitude", **zero)]
        return panels.finish(
            scales.kept_label(found["effect"]), "difference (points)", handles, note
        )
