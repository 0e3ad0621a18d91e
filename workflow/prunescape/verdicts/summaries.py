"""Verdicts for a terminal of 100 columns: their counts, a line a claim, all that is known."""

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd

from prunescape.foundations.plain_text import literal
from prunescape.foundations.short_numbers import short
from prunescape.foundations.table_rows import named_rows

WIDTH = 100
LEAST = 20
"""Columns that a statement gets beside an id of the user's, however long that is."""
SPOKEN = {
    "holds": "hold",
    "fails": "fail",
    "equal": "equal",
    "undecided": "undecided",
    "not tested": "not tested",
}
"""Verdict -> how several claims with it are counted: 11 hold."""


def counted(verdicts: pd.DataFrame) -> str:
    """Return how many claims have which verdict: "11 hold, 4 fail, 1 undecided"."""
    counts = verdicts["verdict"].value_counts()
    shown = [
        f"{counts[verdict]} {verdict if counts[verdict] == 1 else several}"
        for verdict, several in SPOKEN.items()
        if verdict in counts
    ]
    return ", ".join(shown) or "no claims"


def is_exploratory(row: Any) -> bool:
    """Return whether a row says so; a claim that isn't tested doesn't."""
    return not pd.isna(row.exploratory) and bool(row.exploratory)


def lines(verdicts: pd.DataFrame) -> str:
    """Return the counts and then a line for every claim, its statement cut to fit."""
    return "\n".join([counted(verdicts), *(_line(row) for row in named_rows(verdicts))])


def changes(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return a line for every claim whose verdict has changed, and how many are undecided."""
    known = dict(zip(before["id"], before["verdict"], strict=True))
    changed = [_line(row) for row in named_rows(after) if row.verdict != known.get(row.id)]
    return [*changed, f"{(after['verdict'] == 'undecided').sum()} undecided"]


def decided(verdicts: pd.DataFrame, spent: Mapping[str, float]) -> str:
    """Return the counts and a table: claim, verdict, n, look and CPU seconds `spent` on it.

    `spent` counts only replicates that were appended: claim's id -> seconds.
    """
    found = [counted(verdicts), f"{'claim':<6} {'verdict':<11} {'n':>4} {'look':>5} {'CPU s':>8}"]
    for row in named_rows(verdicts):
        n, look = ("" if pd.isna(number) else str(number) for number in (row.n, row.look))
        seconds = f"{spent[row.id]:.0f}" if row.id in spent else ""
        start = f"{literal(row.id, 'terminal'):<6} {row.verdict:<11}"
        found.append(f"{start} {n:>4} {look:>5} {seconds:>8}".rstrip())
    total = f"{sum(spent.values()):.0f}"
    return "\n".join([*found, f"{'all':<6} {'':<11} {'':>4} {'':>5} {total:>8}"])


def details(verdicts: pd.DataFrame) -> str:
    """Return the counts and then for every claim its numbers, statement, and reason."""
    found = [counted(verdicts)]
    for row in named_rows(verdicts):
        found.append(f"{literal(row.id, 'terminal'):<6} {row.verdict:<10} {_numbers(row)}".rstrip())
        for text in (f"{row.statement} ({row.origin})", row.reason, _tested(row)):
            shown = literal(text, "terminal")
            found += textwrap.wrap(shown, WIDTH, initial_indent=" " * 7, subsequent_indent=" " * 7)
    return "\n".join(found)


def _line(row: Any) -> str:
    mark = "*" if is_exploratory(row) else ""
    start = f"{literal(row.id, 'terminal'):<5} {row.verdict + mark:<11} {_numbers(row):<37}"
    statement = literal(row.statement, "terminal")
    room = max(WIDTH - len(start) - 1, LEAST)
    return f"{start} {textwrap.shorten(statement, room, placeholder=' ...')}"


def _numbers(row: Any) -> str:
    """Return estimate, interval and n, or what there is of them."""
    if row.verdict == "not tested":
        return ""
    known = not pd.isna(row.ci_low)
    interval = f"[{short(row.ci_low)}, {short(row.ci_high)}]" if known else ""
    return f"{short(row.estimate):>8} {interval:<20} n {row.n}"


def _tested(row: Any) -> str:
    """Return margin, p-values, interval for new images and the declaration's word on it."""
    if row.verdict == "not tested":
        return ""
    tolerance = "" if pd.isna(row.tolerance) else f" +- {short(row.tolerance)}"
    text = f"margin {row.margin:.6g}{tolerance}"
    if not pd.isna(row.look):
        equal = "" if pd.isna(row.p_equal) else f", equal {row.p_equal:.2g}"
        text += f"; look {row.look}: p holds {row.p_holds:.2g}, fails {row.p_fails:.2g}{equal}, "
        text += f"against {row.alpha:.2g}"
    if not pd.isna(row.new_low):
        text += f"; on new images {short(row.new_low)} to {short(row.new_high)}"
    if is_exploratory(row):
        text += f"; exploratory: declaration {row.declaration} is not that of the first look"
    return text
