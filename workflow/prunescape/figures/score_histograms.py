"""Histograms of the scores by which weights are ranked, with the cuts that sparsities make."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import labels, scales, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations import files
from prunescape.foundations.table_rows import named_rows
from prunescape.scoring.needs import SHUFFLED

_PANEL = [*summary.COLUMN, "criterion"]
_BINS = 60
_TAIL = 0.001  # share of the weights below the second bin of a log scale
_CUTS = 3  # sparsities that are marked
_PANELS = 12  # on a figure
_DASHES: list[Any] = ["-", (0, (4, 1.5)), (0, (1.2, 1.2))]


def read(*paths: str | os.PathLike, study: str) -> pd.DataFrame:
    """Return the scores of a study's first replicates, a row for each criterion of a network.

    Args:
        paths: scores of the study's models, .../<network>/<fit>/<block>/score/<file>.
        study: the study.

    Returns:
        network, fit, criterion, replicate, and scores: an array [weights] of all layers.
    """
    rows = []
    for path in paths:
        *_, network, fit, _, _, _ = Path(path).parts
        arrays, metadata = files.read_tensors(path)
        replicate = files.members_of(path, arrays, metadata)[0]
        found: dict[str, list[np.ndarray]] = {}
        for name, values in arrays.items():
            found.setdefault(name.partition("/")[0], []).append(values[0].ravel())
        for criterion, parts in found.items():
            rows.append((network, fit, criterion, replicate, np.concatenate(parts)))
    return pd.DataFrame(rows, columns=[*_PANEL, "replicate", "scores"])


def numbers(table: pd.DataFrame, scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return histograms of the first replicate's scores, and where sparsities cut them.

    Drawn are criteria by which an exact number of all layers' weights together was removed at once,
    but for random and shuffled ones, in the order of legends; at most 12 of all networks and fits.

    Args:
        table: the study's rows.
        scores: as `read` returns them.

    Returns:
        (histograms, cuts). histograms: network, fit, criterion, low and high (of a bin, in units of
        the score), percent (of all prunable weights), log (whether the bins are equally wide on a
        log scale, as where no score is negative; its first bin has all that lies below). cuts:
        network, fit, criterion, level, score (the lowest that is kept).

    Raises:
        ValueError: if no arm is of this kind.
    """
    rows = _rows(table)
    panels = summary.groups(rows, _PANEL)
    order = style.order(rows["criterion"])
    panels.sort(key=lambda panel: order.index(panel[-1]))  # stable: fits keep their order
    panels = sorted(panels[:_PANELS], key=lambda panel: panel[:2])
    histograms, cuts = [], []
    chosen = summary.spread(sorted(set(rows["level"])), _CUTS)
    for panel in panels:
        own = dict(zip(_PANEL, panel, strict=True))
        [found] = named_rows(summary.at(scores, _PANEL, panel))
        histograms.append(_histogram(found.scores).assign(**own))
        ranked = np.sort(found.scores)
        arms = summary.at(rows, [*_PANEL, "replicate"], [*panel, found.replicate])
        marked = arms[arms["level"].isin(chosen)].drop_duplicates("level").sort_values("level")
        for row in named_rows(marked):
            removed = len(ranked) - row.kept_weights
            if removed < len(ranked):
                cuts.append({**own, "level": row.level, "score": float(ranked[removed])})
    return pd.concat(histograms, ignore_index=True), pd.DataFrame(
        cuts, columns=[*_PANEL, "level", "score"]
    )


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of unpruned networks that were cut once, by the fit's own scores."""
    found = table[(table["selection"] == "exact_k") & (table["noise"] == "none")]
    last = found.groupby([*summary.COLUMN, "schedule"])["step"].transform("max")
    found = found[(found["scope"] == "global") & (last == 0) & (found["level"] > 0)]
    shuffled = found["criterion"].str.startswith(SHUFFLED)
    found = found[~shuffled & (found["criterion"] != "random")]
    if found.empty:
        raise ValueError(
            "figure score_histograms: no rows with selection = exact_k, scope = global"
        )
    return found


def _histogram(values: np.ndarray) -> pd.DataFrame:
    """Return low, high, percent and log of the bins of scores [weights]."""
    log = bool((values >= 0).all() and (values > 0).any())
    least, most = float(values.min()), float(values.max())
    if log:
        positive = values[values > 0]
        least = float(np.quantile(positive, _TAIL))
        edges = np.geomspace(least, max(most, least * (1 + 1e-6)), _BINS + 1)
    else:
        edges = np.linspace(least, max(most, least + 1e-12), _BINS + 1)
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    percent = 100 * counts / len(values)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "percent": percent, "log": log})


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a panel for each criterion of a network and fit, with upright lines at the cuts."""
    histograms, cuts = numbers(table, elsewhere)
    panels_of = list(dict.fromkeys(histograms[_PANEL].itertuples(index=False, name=None)))
    dashes = dict(zip(sorted(set(cuts["level"])), _DASHES, strict=False))
    with style.applied(settings):
        titles = summary.headings(panels_of, _PANEL)
        panels = Panels([("", titles)], settings, own_x=True, narrowest=1.6, legend=len(dashes))
        for axes, panel in zip(panels.axes.values(), panels_of, strict=True):
            bars = summary.at(histograms, _PANEL, panel)
            edges = [*bars["low"], bars["high"].iloc[-1]]
            axes.stairs(bars["percent"], edges, fill=True, color=style.look(panel[-1]).colour)
            _x_axis(axes, edges, bool(bars["log"].iloc[0]), panels.width)
            for cut in named_rows(summary.at(cuts, _PANEL, panel)):
                axes.axvline(cut.score, **_cut(dashes[cut.level]))
            axes.set_xlabel(labels.score(panel[-1]))
        panels.first.set_ylim(0, 1.08 * histograms["percent"].max())
        handles: list[Artist] = [
            Line2D([], [], label=f"{100 * level:.4g} % lie left", **_cut(dash))
            for level, dash in dashes.items()
        ]
        return panels.finish("", "weights (%)", handles, _note(table, elsewhere, panels_of))


def _cut(dash: Any) -> dict[str, Any]:
    return {"color": "#000000", "linewidth": 1.0, "linestyle": dash}


def _x_axis(axes: Axes, edges: list[float], log: bool, width: float) -> None:
    """Make x the score: a log scale with few ticks, or linear."""
    if log:
        scales.powers(axes, edges[0], edges[-1], width)
    else:
        axes.set_xlim(edges[0], edges[-1])
        axes.locator_params(axis="x", nbins=max(2, int(width / 0.5)))


def _note(table: pd.DataFrame, scores: pd.DataFrame, panels: list[tuple[Any, ...]]) -> str:
    """Return what the bars are."""
    n, replicate = table["replicate"].nunique(), scores["replicate"].iloc[0]
    return (
        f"Scores of all prunable weights, in {_BINS} bins each, of replicate {replicate} out of "
        f"n = {n}: every network is cut by its own scores. What lies left of a line goes; where it "
        "crosses a steep slope or a heap of equal scores, small changes of a score decide. "
        "Log scales where no score is negative; the first bin has what lies below. "
        + summary.constants(panels, _PANEL)
    )
