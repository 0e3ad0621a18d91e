"""Results from elsewhere, such as published ones, drawn in grey behind ours."""

import os

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from prunescape import published
from prunescape.figures import style

NOTE = "Grey: results from elsewhere, marked as their criterion; ★ dense. "


def read(path: str | os.PathLike, study: str) -> pd.DataFrame:
    """Return the results on clean images in a CSV file that belong to `study`."""
    table = published.read(path)
    return table[(table["study"] == study) & (table["noise"] == "none")].reset_index(drop=True)


def chosen(references: pd.DataFrame, fit: str, fits: list[str], effect: str) -> pd.DataFrame:
    """Return the results that belong on the panel of `fit` and `effect`.

    A result stands on the panel of its own fit; one whose fit is not among `fits`, those drawn,
    stands on all. Dense networks (effect none) stand beside every effect.
    """
    of_fit = (references["fit"] == fit) | ~references["fit"].isin(fits)
    return references[of_fit & references["effect"].isin([effect, "none"])]


def draw(axes: Axes, found: pd.DataFrame) -> None:
    """Draw results against weights kept [%], in grey, with their criterion's marker."""
    for row, kept in zip(found.itertuples(), kept_percent(found), strict=True):
        marker = style.look(row.criterion).marker or "*"
        axes.plot(kept, row.accuracy_percent, **_grey(row.evidence, marker), zorder=1.8)


def kept_percent(found: pd.DataFrame) -> pd.Series:
    """Return the share of weights kept [%]."""
    return (100 * (1 - found["sparsity"])).round(9)


def handles(found: pd.DataFrame) -> list[Line2D]:
    """Return the legend's entry of each source of `found`."""
    first = found.assign(source=found["evidence"].map(_source)).drop_duplicates("source")
    return [
        Line2D([], [], label=row.source, **_grey(row.evidence, "o"))
        for row in first.sort_values("source").itertuples()
    ]


def _source(evidence: str) -> str:
    return evidence.split(",")[0]


def _grey(evidence: str, marker: str) -> dict:
    # Filled where others can read how it was made; a figure without public code stays hollow.
    filled = _source(evidence) == "public code"
    return {
        "linestyle": "None",
        "marker": marker,
        "markersize": 6,
        "markerfacecolor": style.REFERENCE_FACE if filled else "white",
        "markeredgecolor": style.REFERENCE_EDGE,
        "markeredgewidth": 0.7,
    }
