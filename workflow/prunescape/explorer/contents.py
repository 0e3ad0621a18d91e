"""The data of the explorer's page, as one JSON structure: table, verdicts, words and looks.

Values are stored by replicate, so that the page can pair any two lines. The page computes intervals
(workflow/resources/explorer/statistics.js) with the quantiles of `intervals`.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from prunescape.drawing import labels, style, summary
from prunescape.report import intervals

LINE = (
    *("study", "dataset", "network", "fit", "criterion"),
    *("scope", "selection", "effect", "schedule"),
)
"""Key columns that identify a line; the columns of POINT identify a point on the line."""
POINT = ("step", "level", "noise", "noise_level")
METRICS = {
    "accuracy": {"label": "accuracy", "unit": "%", "better": "higher"},
    "nll": {"label": "negative log-likelihood", "unit": "nats", "better": "lower"},
    "ece": {"label": "expected calibration error", "unit": "", "better": "lower"},
    "brier": {"label": "Brier score", "unit": "", "better": "lower"},
}
_DIGITS = 9  # significant digits of measured numbers, precise to a millionth of an image
# matplotlib's markers in plotly's words.
_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "<": "triangle-left",
    ">": "triangle-right",
    "P": "cross",
    "X": "x",
    "*": "star",
    "h": "hexagon",
    "p": "pentagon",
    "d": "diamond-tall",
    "8": "octagon",
    "H": "hexagon2",
    "$♣$": "star-triangle-up",
    "$♠$": "star-triangle-down",
    "$♦$": "diamond-wide",
    "$◤$": "triangle-nw",
    "$♥$": "star-diamond",
    "$◢$": "hourglass",
    "$◗$": "bowtie",
    "": "circle",
}


def contents(scores: pd.DataFrame, verdicts: pd.DataFrame, run: str) -> dict[str, Any]:
    """Return everything that the page shows.

    Args:
        scores: the table.
        verdicts: the verdicts on the run's claims, as `claims.read_verdicts` returns them.
        run: name of the run.

    Returns:
        run; replicates (their numbers); lines (their LINE columns); points; quantiles of Student's
        t by the number of replicates; metrics, words, looks and network_looks; claims. `points`
        holds lists of equal length: the index of the line, the POINT columns, kept_percent, images,
        and for every metric a list over replicates (None if a replicate is missing; accuracy in
        percent).
    """
    points = _points(scores)
    lines = list(dict.fromkeys(zip(*(points[name] for name in LINE), strict=True)))
    place = {line: i for i, line in enumerate(lines)}
    replicates = sorted(int(each) for each in set(scores["replicate"]))
    return {
        "run": run,
        "replicates": replicates,
        "line_columns": list(LINE),
        "lines": [list(line) for line in lines],
        "points": {
            "line": [place[line] for line in zip(*(points[name] for name in LINE), strict=True)],
            **{name: points[name].tolist() for name in (*POINT, "kept_percent", "images")},
            **{name: points[name].tolist() for name in METRICS},
        },
        "quantiles": _quantiles(len(replicates)),
        "metrics": METRICS,
        "words": _words(scores),
        "looks": _looks(scores["criterion"].tolist()),
        "network_looks": _network_looks(scores["network"].tolist()),
        "claims": _claims(verdicts),
    }


def _points(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row a point: LINE, POINT, kept_percent, images, and metrics as lists."""
    rows = summary.with_percents(scores)
    rows = rows.assign(accuracy=rows["accuracy_percent"])
    by = [*LINE, *POINT]
    wide = rows.pivot(index=by, columns="replicate", values=list(METRICS)).sort_index()
    found = wide.index.to_frame(index=False)
    grouped = rows.groupby(by).agg(kept=("kept_percent", "mean"), images=("n_images", "first"))
    found["kept_percent"] = [_rounded(value) for value in grouped.loc[wide.index, "kept"]]
    found["images"] = grouped.loc[wide.index, "images"].to_numpy()
    for name in METRICS:
        found[name] = [[_rounded(value) for value in values] for values in wide[name].to_numpy()]
    return found


def _rounded(value: float) -> float | None:
    """Round to _DIGITS significant digits; None for NaN, which JSON doesn't have."""
    return None if math.isnan(value) else float(f"{value:.{_DIGITS}g}")


def _quantiles(most: int) -> dict[int, float]:
    """Return number of values, 2 to `most` -> factor of the standard error in the t interval."""
    return {n: intervals.quantile(n - 1) for n in range(2, most + 1)}


def _words(scores: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the readable name of every word of the table, in the order of menus."""
    columns = (*LINE, "noise")
    return {
        column: {
            word: labels.plain(column, word)
            for word in sorted(set(scores[column]), key=partial(labels.place, column))
        }
        for column in columns
    }


def _looks(criteria: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return colour and symbol of every criterion, in the order of legends.

    A shuffled criterion has the colour of its own, and hollow symbols, as in the figures.
    """
    found = {}
    for name in style.order(criteria):
        look = style.look(name)
        hollow = "-open" if look.line == ":" else ""
        found[name] = {"colour": look.colour, "symbol": f"{_SYMBOLS[look.marker]}{hollow}"}
    return found


def _network_looks(networks: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the colour of every network, and whether its line is broken; as in the figures."""
    return {
        name: {"colour": style.network(name).colour, "symbol": _SYMBOLS[style.network(name).marker]}
        | {"dash": "solid" if style.network(name).line == "-" else "dash"}
        for name in sorted(set(networks))
    }


def _claims(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    shown = ["id", "study", "origin", "statement", "verdict", "reason", "unit"]
    numbers = ["estimate", "ci_low", "ci_high", "new_low", "new_high", "margin", "tolerance", "n"]
    return [
        {name: row[name] for name in shown}
        | {"exploratory": row["exploratory"] is True}
        | {name: None if pd.isna(row[name]) else float(row[name]) for name in numbers}
        for row in verdicts.to_dict("records")
    ]
