"""Prune potential: the share of weights that can go before accuracy falls by a point."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from prunescape.drawing import ink, labels, scales, style, summary, unpruned
from prunescape.drawing.grid import Grid

MARGIN = 1.0  # points
_BY = [*summary.COLUMN, *summary.ROW, "criterion", "noise", "noise_level"]


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the prune potential (Liebenwein et al. 2021, arXiv 2103.03014) of each criterion.

    It is computed for every replicate. A level is passed if accuracy is at most MARGIN points below
    that of the replicate's unpruned network (`unpruned.partners`) under the same noise; the prune
    potential is the sparsest tested level that is passed together with all less sparse ones.
    Without such a level all weights are kept. A replicate that diverged at some of the levels has
    no prune potential.

    Returns:
        network, fit, scope, effect, schedule, criterion, noise, noise_level; mean, low, high of the
        weights kept [%] over replicates, n.
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
    return summary.over_replicates(found, _BY, "potential")


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw weights kept at the prune potential [%] for each criterion and level of noise."""
    found = numbers(table)
    # Clean images belong to every kind of noise.
    kinds = sorted(set(found["noise"]) - {"none"}) or ["none"]
    drawn = pd.concat([found[found["noise"].isin(["none", k])].assign(noise=k) for k in kinds])
    noises = sorted(set(found["noise_level"]))
    criteria = style.order(found["criterion"])
    with style.applied(settings):
        grid = Grid(drawn, [*summary.ROW, "noise"], summary.COLUMN, settings)
        for axes, _, _, panel in grid:
            for k, criterion in enumerate(criteria):
                line = panel[panel["criterion"] == criterion]
                # One below the other, so that bars don't hide each other.
                beside = 0.7 * ((len(criteria) - 1) / 2 - k) / max(len(criteria), 2)
                ink.across(axes, line, line["noise_level"].map(noises.index) + beside, criterion)
        first = grid.panels.first
        scales.kept(first, found["mean"], grid.panels.width)
        first.set_ylim(-0.5, len(noises) - 0.5)
        first.yaxis.set_major_locator(FixedLocator(range(len(noises))))
        first.yaxis.set_major_formatter(FixedFormatter([f"{each:g}" for each in noises]))
        note = (
            f"Fewest weights with which accuracy stays within {MARGIN:g} point of the same "
            "replicate's unpruned network under the same noise, at this and every lower sparsity "
            "that was tested. "
            + unpruned.note(found, table)
            + summary.sample(found, f"Weights {labels.left(found['effect'])}", table, mark="bar")
            + grid.constants()
        )
        handles = [*map(ink.handle, criteria)]
        return grid.panels.finish(
            scales.kept_label(found["effect"]), "level of noise", handles, note
        )
