"""Report, before a run, the claims that it can't judge because its table will lack their rows."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.own_files import files_of_claims
from prunescape.configuration.words import Problem, listed, nearest, shown
from prunescape.evaluation import columns
from prunescape.verdicts import claim_files
from prunescape.verdicts.claim_files import Claim, clean_unless_named, in_words
from prunescape.verdicts.rows_read import TABLES, Rows


def check_claim_rows(config: dict[str, Any]) -> Iterator[Problem]:
    """Report claims about the run's studies whose statistic doesn't select exactly one row.

    Args:
        config: a valid configuration, with defaults filled in.
    """
    out = {claim for claim, reason in config["not_tested"].items() if reason}
    studies: dict[str, Rows] = {}
    for i, path in enumerate(files_of_claims(config), -1):
        for claim in claim_files.read(path):
            if claim.id in out or claim.study not in config["studies"]:
                continue
            rows = studies.setdefault(claim.study, Rows(config, claim.study))
            if wrong := next(_wrong(claim, rows), None):
                place = ("not_tested",) if path == str(claim_files.PROJECT) else ("claims", i)
                way = f"not_tested: {{{claim.id}: why}}"
                yield place, f"claim {claim.id}: {wrong}, or {way}, which leaves the claim out"


def _wrong(claim: Claim, rows: Rows) -> Iterator[str]:
    """Yield the reasons why a claim can't be judged."""
    words = claim.statistic
    table = words.get("table", "scores")
    if table not in TABLES:
        yield f"found the table {shown(table)}; allowed: {listed(TABLES)}"
        return
    known, measures = columns.of(table), columns.measures(table)
    if words["measure"] not in measures:
        meant = nearest(words["measure"], measures)
        yield f"found the measure {shown(words['measure'])}{meant}; allowed: {listed(measures)}"
        return
    for _, filters in claim.selections():
        for column in filters:
            if column == "replicate":
                yield "found the column replicate; allowed: the others, as a claim is of them all"
                return
            if column not in known:
                yield f"found the column {shown(column)}{nearest(column, known)}; allowed: " + (
                    listed(known)
                )
                return
        if "noise" in known:
            filters = clean_unless_named(filters)
        number = len(rows.found(table, filters))
        if number != 1:
            several = f"{number} rows a replicate" if number else "no rows"
            yield f"found {several} of this run with {in_words(filters)}; allowed: exactly one"
