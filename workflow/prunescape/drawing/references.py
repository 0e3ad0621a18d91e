"""Other people's results, such as published ones, drawn in grey behind ours."""

import os
from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from prunescape.drawing import style, summary
from prunescape.drawing.lines import Facet
from prunescape.foundations.table_rows import named_rows
from prunescape.report import published_networks, published_results

_PUBLISHED, _SPARSE = "published sparse networks", "."
NOTE = "Grey: results from elsewhere, marked as their criterion; ★ unpruned. "


def read(path: str | os.PathLike, sparse: str | os.PathLike = "", *, study: str) -> pd.DataFrame:
    """Return the results on clean images in a CSV file that belong to `study`.

    `sparse` is a file of published sparse networks (`published_networks.read`), which belong to no
    study. Networks whose compression counts weights are added, with the criterion `sparse`.
    """
    table = published_results.read(path)
    table = table[(table["study"] == study) & (table["noise"] == "none")]
    if sparse:
        found = published_networks.read(sparse)
        found = found[found["counts"] == "pruning only"]
        others = {
            "network": found["network"].map(published_networks.named),
            "dataset": found["dataset"].str.lower(),
            "sparsity": 1 - 1 / found["compression"],
            "accuracy_percent": 100 - found["error_percent"],
        }
        place = dict.fromkeys(["fit", "scope", "schedule"], "") | {"effect": "zero"}
        place |= {"criterion": "sparse", "evidence": _PUBLISHED}
        table = pd.concat([table, pd.DataFrame(others).assign(**place)])
    return table.reset_index(drop=True)


def on_data(references: pd.DataFrame, datasets: Iterable[str]) -> pd.DataFrame:
    """Return the results on `datasets`, however these are split: mnist_pooled is MNIST too."""
    family = references["dataset"].str.split("_").str[0]
    return references[family.isin(published_networks.data(datasets))]


def chosen(references: pd.DataFrame, facet: Facet, fits: list[str]) -> pd.DataFrame:
    """Return the results that belong on a panel of lines.

    A result is drawn on its fit's panel, or on all panels if its fit isn't in `fits`, the fits that
    are drawn. Unpruned networks (scope, effect none) are drawn for every scope and effect.
    """
    network, fit = facet.column
    here = references["fit"].eq(fit) | ~references["fit"].isin(fits)
    here &= references["network"] == network
    for name in summary.ROW:
        here &= references[name].isin([*facet.rows[name], "none", ""])
    return references[here]


def draw(axes: Axes, found: pd.DataFrame) -> None:
    """Draw results against weights kept [%], in grey, with their criterion's marker."""
    for row, kept in zip(named_rows(found), kept_percent(found), strict=True):
        marker = _SPARSE if row.criterion == "sparse" else style.look(row.criterion).marker or "*"
        axes.plot(kept, row.accuracy_percent, **_grey(row.evidence, marker), zorder=1.8)


def kept_percent(found: pd.DataFrame) -> pd.Series:
    """Return the share of weights kept [%]."""
    return (100 * (1 - found["sparsity"])).round(9)


def handles(found: pd.DataFrame) -> list[Line2D]:
    """Return legend entries for the sources of `found`."""
    first = found.assign(source=found["evidence"].map(_source)).drop_duplicates("source")
    return [
        Line2D([], [], label=row.source, **_grey(row.evidence, "o"))
        for row in named_rows(first.sort_values("source"))
    ]


def _source(evidence: str) -> str:
    return evidence.split(",")[0]


def _grey(evidence: str, marker: str) -> dict[str, Any]:
    source = _source(evidence)
    face = style.REFERENCE_FACE if source in ("public code", _PUBLISHED) else "white"
    return {
        "linestyle": "None",
        "marker": marker,
        "markersize": 6,
        "markerfacecolor": style.REFERENCE_EDGE if source.startswith("second") else face,
        "markeredgecolor": style.REFERENCE_EDGE,
        "markeredgewidth": 0.7,
    }
