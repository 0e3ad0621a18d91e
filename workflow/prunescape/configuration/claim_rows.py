"""Report, before a run, the claims that it can't judge because its table will lack their rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from prunescape.configuration.own_files import files_of_claims
from prunescape.configuration.words import Problem, listed, nearest, shown
from prunescape.evaluation import columns
from prunescape.foundations import levels
from prunescape.pipeline import plan
from prunescape.verdicts import claim_files
from prunescape.verdicts.claim_files import IN_WORDS, Claim, Filters, clean_unless_named, in_words

TABLES = ("scores", "gradient_noise")


def check_claim_rows(config: dict[str, Any]) -> Iterator[Problem]:
    """Report claims about the run's studies whose statistic doesn't select exactly one row.

    Args:
        config: a valid configuration, with defaults filled in.
    """
    out = {claim for claim, reason in config["not_tested"].items() if reason}
    studies: dict[str, _Rows] = {}
    for i, path in enumerate(files_of_claims(config), -1):
        for claim in claim_files.read(path):
            if claim.id in out or claim.study not in config["studies"]:
                continue
            rows = studies.setdefault(claim.study, _Rows(config, claim.study))
            if wrong := next(_wrong(claim, rows), None):
                place = ("not_tested",) if path == str(claim_files.PROJECT) else ("claims", i)
                way = f"not_tested: {{{claim.id}: why}}"
                yield place, f"claim {claim.id}: {wrong}, or {way}, which leaves the claim out"


class _Rows:
    """Counts of a study's table rows for one replicate, by the values of some key columns."""

    def __init__(self, config: Mapping[str, Any], study: str) -> None:
        alone = {study: {**config["catalogue"][study], "replicates": [1]}}
        self.config = {**config, "studies": [study], "catalogue": alone}
        self.study = study
        self.counted: dict[tuple[str, tuple[str, ...]], Counter[tuple[Any, ...]]] = {}

    @cached_property
    def keys(self) -> dict[str, list[tuple[Any, ...]]]:
        """Table -> the keys of all its rows."""
        fits = self.config["catalogue"][self.study]["fits"]
        noisy = [
            model
            for model in plan.models(self.config)
            if fits[model.fit]["optimiser"]["kind"] == "psgd"
        ]
        return {
            "scores": list(plan.keys(self.config)),
            "gradient_noise": [(*model, 1) for model in noisy],
        }

    def count(self, table: str, filters: Filters) -> int:
        """Return the number of rows that a replicate has with the filters' values."""
        names = tuple(sorted(filters))
        if (table, names) not in self.counted:
            at = [columns.of(table).index(name) for name in names]
            found = Counter(tuple(key[i] for i in at) for key in self.keys[table])
            self.counted[table, names] = found
        return self.counted[table, names][
            tuple(
                levels.number(filters[name]) if name in IN_WORDS else filters[name]
                for name in names
            )
        ]


def _wrong(claim: Claim, rows: _Rows) -> Iterator[str]:
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
            if column not in known:
                yield f"found the column {shown(column)}{nearest(column, known)}; allowed: " + (
                    listed(known)
                )
                return
        if "noise" in known:
            filters = clean_unless_named(filters)
        if "replicate" in filters:
            continue  # a claim may select any replicate of the run
        number = rows.count(table, filters)
        if number != 1:
            several = f"{number} rows a replicate" if number else "no rows"
            yield f"found {several} of this run with {in_words(filters)}; allowed: exactly one"
