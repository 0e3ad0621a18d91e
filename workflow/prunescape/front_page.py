"""The verdicts in words, for the front page of the report (reStructuredText)."""

import re

import pandas as pd

ORDER = ("holds", "fails", "undecided", "not tested")


def verdicts(found: pd.DataFrame) -> str:
    """Return how the claims of a run fared: a summary, then a list of claims for each study.

    Args:
        found: as `claims.read_verdicts` returns it.

    Returns:
        reStructuredText without headings, so that it can be included below any.
    """
    blocks = [f"{_summary(found)}\n"]
    for study in dict.fromkeys(found["study"]):
        rows = found[found["study"] == study]
        blocks.append(f"**Study {_plain(study)}**: {_summary(rows)}\n")
        blocks.append("".join(_claim(row) for row in rows.itertuples()))
    return "\n".join(blocks)


def _summary(found: pd.DataFrame) -> str:
    counts = found["verdict"].value_counts()
    said = [f"{counts[verdict]} {verdict}" for verdict in ORDER if verdict in counts]
    claims = "1 claim" if len(found) == 1 else f"{len(found)} claims"
    return f"{claims}: {', '.join(said)}." if said else "no claims."


def _claim(row: pd.Series) -> str:
    lines = [f"* **{row.id} {row.verdict}**: {_plain(row.statement)}"]
    if row.verdict != "not tested":
        interval = f"95 % interval {_number(row.ci_low)} to {_number(row.ci_high)}"
        lines.append(
            f"Estimate {_number(row.estimate)}, {interval}, margin {_number(row.margin)}, "
            f"n = {row.n}."
        )
    lines.append(f"*{_sentence(row.reason)}* ({_plain(row.origin)})")
    return "\n  ".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:].removesuffix(".") + ".")


def _plain(text: str) -> str:
    r"""Return text in which reStructuredText finds no markup: |w| is no substitution."""
    return re.sub(r"([\\*`|_<>])", r"\\\1", str(text))
