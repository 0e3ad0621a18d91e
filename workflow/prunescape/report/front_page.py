"""The front page of the report: verdicts, gaps, and savings by sparsity (reStructuredText)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.fitting import divergence
from prunescape.foundations.plain_text import literal
from prunescape.foundations.short_numbers import typeset
from prunescape.foundations.table_rows import named_rows
from prunescape.verdicts import summaries

ARM = ("study", "network", "fit", "criterion", "scope", "effect", "schedule")


def verdicts(found: pd.DataFrame) -> str:
    """Return the verdicts on a run's claims: their counts, then a list for every study.

    Args:
        found: as `claims.read_verdicts` returns it.

    Returns:
        reStructuredText without headings, so that it can be included below any heading.
    """
    blocks = [f"**{summaries.counted(found)}**\n"]
    for study in dict.fromkeys(found["study"]):
        rows = found[found["study"] == study]
        blocks.append(f"**Study {_plain(study)}**: {summaries.counted(rows)}\n")
        blocks.append("".join(_claim(row) for row in named_rows(rows)))
    return "\n".join(blocks)


def diverged(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a text on replicates that are missing because a training diverged; "" without any.

    Args:
        found: as `divergence.read` returns it.
    """
    if not found:
        return ""
    lines = [f"* {_plain(divergence.sentence(row))}\n" for row in found]
    heading = "**Replicates that are missing**: their training diverged, so n is smaller there.\n"
    return "\n".join(["", heading, *lines])


def empty_layers(scores: pd.DataFrame) -> str:
    """Return a text on arms with networks that keep no weight in a layer; "" without any.

    Args:
        scores: the table.
    """
    nothing = (scores["min_layer_kept"] == 0) & (scores["effect"] != "freeze")  # it keeps values
    empty = scores[nothing & (scores["noise"] == "none")]
    if empty.empty:
        return ""
    lines = []
    for arm, rows in empty.groupby(list(ARM), sort=True):
        named = _plain(" / ".join(map(str, arm)))
        lines.append(f"* {named}: {len(rows)}, from level {rows['level'].min():g}\n")
    heading = (
        "**Networks that keep nothing in a layer** (min_layer_kept is 0 in scores.csv): unless "
        "something leads around it, they can only guess.\n"
    )
    return "\n".join(["", heading, "".join(lines)])


def savings(found: pd.DataFrame) -> str:
    """Return the savings of exported networks by their sparsity, and where there are none.

    Args:
        found: as `sizes.read` returns it.

    Returns:
        reStructuredText without headings.
    """
    blocks = ["**What sparsity buys**, beside the dense network stored and computed densely:\n"]
    for name, rows in found[found["form"] != "dense"].groupby("export", sort=False):
        first = rows.iloc[0]
        removed = f"{100 * first.nominal_sparsity:.4g} % of the weights removed"
        lines = [f"* **{_plain(str(name))}** ({_plain(first.criterion)}, {removed})."]
        for bought, said in ((True, "It buys"), (False, "It buys nothing in")):
            parts = [_saving(row) for row in named_rows(rows[rows["buys"] == bought])]
            lines += [f"{said}: {'; '.join(parts)}."] if parts else []
        blocks.append("\n  ".join(lines) + "\n")
    return "\n".join(blocks)


def _saving(row: Any) -> str:
    """Return one quantity in words, with its ratio to the dense network's."""
    batch = f", batch {row.batch}" if row.quantity == "latency" else ""
    what = f"{row.quantity} ({row.form}, {row.way}{batch})"
    return f"{_plain(what)} {100 * row.relative:.3g} %"


def _claim(row: pd.Series) -> str:
    """Return a claim in a line, which is wrapped after its statement."""
    mark = ", exploratory" if summaries.is_exploratory(row) else ""
    lines = [f"* **{_plain(row.id)} {row.verdict}{mark}**: {_plain(row.statement)}"]
    lines.append(f"({_plain(row.origin)}) {_numbers(row)}")
    return "\n  ".join(lines) + "\n"


def _numbers(row: pd.Series) -> str:
    """Return estimate, intervals, margin, tolerance and n; the reason where there are none."""
    if pd.isna(row.ci_low):
        return _sentence(row.reason)
    interval = f"{typeset(row.ci_low)} to {typeset(row.ci_high)}"
    if not pd.isna(row.new_low):
        interval += f"; on new images {typeset(row.new_low)} to {typeset(row.new_high)}"
    tolerance = "" if pd.isna(row.tolerance) else f" ± {typeset(row.tolerance)}"
    unit = "" if pd.isna(row.unit) else f" {_plain(row.unit)}"
    return (
        f"{typeset(row.estimate)}{unit} ({interval}), margin {typeset(row.margin)}{tolerance}, "
        f"n = {row.n}."
    )


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:].removesuffix(".") + ".")


def _plain(text: str) -> str:
    return literal(text, "rst")
