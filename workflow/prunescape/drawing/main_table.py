"""A study's main table, for papers: accuracy of each way of pruning at each sparsity.

A study that leaves most of its networks unpruned has networks and levels of input noise instead.
"""

import math
from collections.abc import Iterator

import pandas as pd

from prunescape.drawing import labels, lines, summary

_MOST = 8  # columns
_NUMBERS = ["kept_percent", "mean", "low", "high", "n"]
_KEY = [*summary.COLUMN, *lines.LINE, "noise", "noise_level", "level"]
_LATEX = str.maketrans(
    {mark: f"\\{mark}" for mark in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    | {"×": r"$\times$", "−": "$-$", "ő": r"\H{o}"}
)


def numbers(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the main table's numbers, in percent: all levels, and the unpruned networks.

    Args:
        scores: a study's rows of means.

    Returns:
        network, fit, criterion, scope, effect, schedule, noise, noise_level, level, kept_percent
        (mean over replicates), mean, low, high (95 % t interval; NaN where n is 1), n. Without
        noise, and with it where most fits have no arm that removes an exact number of weights: then
        of unpruned networks alone.
    """
    pruned = summary.exact(scores)
    pruned = pruned[pruned["level"] > 0]
    rows = summary.last_step(summary.with_percents(scores[scores["criterion"] == "none"]))
    fits = [len(summary.groups(each, summary.COLUMN)) for each in (pruned, rows)]
    if 2 * fits[0] >= fits[1]:
        rows = pd.concat([pruned, rows[rows["noise"] == "none"]])
    found = summary.over_replicates(rows, _KEY, "accuracy_percent")
    kept = rows.groupby(_KEY)["kept_percent"].mean().reset_index()
    return found.merge(kept, on=_KEY, validate="one_to_one")[[*_KEY, *_NUMBERS]]


def latex(found: pd.DataFrame, study: str, images: int) -> str:
    r"""Return the table as LaTeX for the package booktabs, to be taken in by \input.

    Args:
        found: `numbers`; the levels that most lines have are shown, at most 8.
        study: name of the study, for the comment above the table.
        images: number of images that accuracies are over.
    """
    arms = found[found["criterion"] != "none"]
    shown = _by_sparsity(found, arms) if len(arms) else _by_noise(found)
    comment = (
        f"% Study {study}: accuracy in per cent of {images:,} images, mean over {_n(found)}\n"
        "% replicates and half of its 95 % t interval. For \\usepackage{booktabs}.\n"
    )
    return comment + "\n\n".join(shown) + "\n"


def _by_sparsity(found: pd.DataFrame, arms: pd.DataFrame) -> list[str]:
    """Return a table of arms and levels, in parts by network and fit."""
    levels = _levels(arms["level"])
    parts = [
        (_unpruned(found, fit, name), _cells(summary.at(arms, summary.COLUMN, fit), levels))
        for fit, name in _named(arms, summary.COLUMN)
    ]
    return [_tabular(["sparsity", *(f"{100 * level:.4g}\\,\\%" for level in levels)], parts)]


def _by_noise(found: pd.DataFrame) -> list[str]:
    """Return a table of networks and levels for each kind of noise."""
    tables = []
    noises = [noise for (noise,) in summary.groups(found, ["noise"]) if noise != "none"]
    for noise in noises or ["none"]:
        noisy = found[found["noise"] == noise]
        met = pd.MultiIndex.from_frame(noisy[summary.COLUMN])
        clean = found[found["noise"] == "none"]
        clean = clean[pd.MultiIndex.from_frame(clean[summary.COLUMN]).isin(met)]
        rows = pd.concat([clean, noisy]) if noise != "none" else clean
        levels = _levels(rows["noise_level"])
        heading = "without noise" if noise == "none" else escaped(labels.label("noise", noise))
        head = ["noise", *(f"{level:g}" for level in levels)]
        tables.append(_tabular(head, [(heading, _cells(rows, levels))]))
    return tables


def _tabular(head: list[str], parts: list[tuple[str, list[list[str]]]]) -> str:
    """Return a table with a line above the rows of each part."""
    text = [f"\\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", "\\toprule", _row(head)]
    for title, rows in parts:
        text += ["\\midrule", _row([f"\\multicolumn{{{len(head)}}}{{l}}{{{title}}}"])]
        text += [_row(row) for row in rows]
    return "\n".join([*text, "\\bottomrule", "\\end{tabular}"])


def _levels(values: pd.Series) -> list[float]:
    """Return the levels that most lines have, in rising order; of too many alike, evenly placed."""
    counts = values.value_counts().sort_index()
    for least in sorted(set(counts), reverse=True):
        chosen = list(counts.index[counts >= least])
        if len(chosen) >= _MOST:
            break
    return summary.spread(chosen, _MOST)


def _n(found: pd.DataFrame) -> str:
    least, most = found["n"].min(), found["n"].max()
    return f"n = {least}" if least == most else f"n = {least} to {most}"


def _named(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each combination of `columns`, and its name as LaTeX: the words that vary, or all."""
    found = summary.groups(rows, columns)
    for each, name in zip(found, summary.headings(found, columns, brief=True), strict=True):
        words = [labels.label(*pair) for pair in zip(columns, each, strict=True)]
        yield each, escaped(name or ", ".join(words))


def _unpruned(found: pd.DataFrame, fit: tuple[str, ...], name: str) -> str:
    """Return the title of a network and fit: its accuracy unpruned, and those of its controls."""
    networks = summary.at(found, [*summary.COLUMN, "criterion"], [*fit, "none"])
    cells = {row["schedule"]: _cell(row) for _, row in networks.iterrows()}
    said = [f"unpruned {cells.pop('none')}"] if "none" in cells else []
    for (schedule,) in summary.groups(networks, ["schedule"]):
        if schedule in cells:
            trained = escaped(labels.brief("schedule", schedule))
            said.append(f"trained on as in \\emph{{{trained}}} {cells[schedule]}")
    return f"{name}: {', '.join(said)}"


def _cells(rows: pd.DataFrame, levels: list[float]) -> list[list[str]]:
    """Return the name and the cells of each arm; of each network, if there are no arms."""
    pruned = (rows["criterion"] != "none").any()
    by, column = (lines.LINE, "level") if pruned else (summary.COLUMN, "noise_level")
    found = []
    for each, name in _named(rows, by):
        line = {row[column]: _cell(row) for _, row in summary.at(rows, by, each).iterrows()}
        found.append([name, *(line.get(level, "") for level in levels)])
    return found


def _cell(row: pd.Series) -> str:
    half = "" if math.isnan(row["high"]) else f" \\pm {row['high'] - row['mean']:.2f}"
    return f"${row['mean']:.2f}{half}$"


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """Return a label as LaTeX has it; what stands between two $ is mathematics already."""
    parts = text.split("$")
    return "$".join(
        part if place % 2 else part.translate(_LATEX) for place, part in enumerate(parts)
    )
