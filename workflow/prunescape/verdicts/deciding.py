"""What to append so that undecided claims reach their next look: replicates of the rows they read.

Pure functions of the config (with what was appended before, `appended_file`) and of the verdicts.
Standard library only.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from prunescape.evaluation import columns
from prunescape.pipeline.fits import is_given
from prunescape.pipeline.replicates import CHECK, ROW, Config, Row, appended, blocks, named
from prunescape.verdicts.claim_files import Claim
from prunescape.verdicts.looks import Looks
from prunescape.verdicts.rows_read import Rows, waiting

Entry = dict[str, Any]


class Waiting(NamedTuple):
    """A claim that more replicates may decide.

    Attributes:
        claim: the claim.
        rows: the rows that it reads, as tuples of the columns `ROW` or `CHECK`.
        number: replicates at its next look.
    """

    claim: Claim
    rows: frozenset[Row]
    number: int


def rows_of(config: Config, claims: Iterable[Claim]) -> dict[str, frozenset[Row]]:
    """Return the rows that claims read: id -> tuples of the columns `ROW` or `CHECK`."""
    studies: dict[str, Rows] = {}
    found = {}
    for claim in claims:
        rows = studies.setdefault(claim.study, Rows(config, claim.study))
        names = columns.of(claim.statistic.get("table", "scores"))
        kept = [names.index(name) for name in (ROW if "criterion" in names else CHECK)]
        found[claim.id] = frozenset(tuple(key[i] for i in kept) for key in rows.read_by(claim))
    return found


def undecided(
    config: Config,
    claims: Iterable[Claim],
    verdicts: Iterable[Mapping[str, Any]],
    looks: Looks,
) -> list[Waiting]:
    """Return the claims that wait for replicates, in the order of `claims`.

    None is about a study with weights that are given: there are as many replicates as files.

    Args:
        config: the config.
        claims: all claims.
        verdicts: rows of claims.csv with id, verdict and look (None before the first look).
        looks: the declared looks.
    """
    numbers = waiting(verdicts, looks)
    asked = [
        claim
        for claim in claims
        if claim.id in numbers
        and not any(map(is_given, config["catalogue"][claim.study]["fits"].values()))
    ]
    rows = rows_of(config, asked)
    return [Waiting(claim, rows[claim.id], numbers[claim.id]) for claim in asked]


def after(config: Config, claims: Iterable[Waiting]) -> dict[str, list[Entry]]:
    """Return a study's appended blocks once every claim's rows have its number of replicates.

    A row first takes whole blocks that were appended to the study for other rows, whose networks
    are trained already. New blocks then fill up to each number that is asked for; none is larger
    than the study's own, so that several can be trained at once. Blocks that are there stay, in
    their order.
    """
    found = {study: list(entries) for study, entries in config.get("appended", {}).items()}
    wanted: dict[str, dict[Row, int]] = {}
    for each in claims:
        of_study = wanted.setdefault(each.claim.study, {})
        for row in each.rows:
            of_study[row] = max(each.number, of_study.get(row, 0))
    for study, numbers in wanted.items():
        new = _entries(config, study, numbers)
        if new:
            found[study] = [*found.get(study, []), *new]
    return found


def new(
    config: Config, found: Mapping[str, Sequence[Entry]], study: str
) -> list[tuple[Entry, frozenset[Row]]]:
    """Return what `after` has appended to a study: entries, each with its rows as tuples."""
    had = len(config.get("appended", {}).get(study, ()))
    return [
        (entry, frozenset(tuple(row.values()) for row in entry["rows"]))
        for entry in found.get(study, ())[had:]
    ]


def _entries(config: Config, study: str, wanted: Mapping[Row, int]) -> list[Entry]:
    there: dict[tuple[int, int], set[Row]] = {}
    for block, rows in appended(config, study):
        there.setdefault((block.first, block.last), set()).update(rows)
    of_config = blocks(config, study)
    largest = max(block.last - block.first + 1 for block in of_config)
    end = max([of_config[-1].last, *(last for _, last in there)])
    for number in sorted(set(wanted.values())):
        while end < number:
            begin, end = end + 1, min(end + largest, number)
            there[begin, end] = set()
    found = []
    for (first, last), has in sorted(there.items(), key=lambda block: block[0]):
        lacking = [row for row, number in wanted.items() if number >= first and row not in has]
        if lacking:
            entry = {"first": first, "last": last, "rows": [*map(named, sorted(lacking))]}
            found.append(entry)
    return found
