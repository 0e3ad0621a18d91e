"""What is declared before the first look, its checksum, and the record of it beside the results.

A verdict means what it says only if the claims, their margins, the looks and the recipes of the
networks were chosen before results were seen. So the declaration under which a family of claims was
first judged is recorded, and verdicts under another one are marked as exploratory.

Standard library only.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.foundations import files
from prunescape.verdicts.claim_files import PROJECT, Claim
from prunescape.verdicts.looks import Looks

DIGITS = 12
"""Length of a declaration's checksum."""


class Family(NamedTuple):
    """The tested claims on one study in one file; they share alpha."""

    study: str
    file: str

    @property
    def name(self) -> str:
        """The family's name in the record: the study; of a file of the user's also the file."""
        mine = Path(self.file).resolve() == PROJECT.resolve()
        return self.study if mine else f"{self.study} in {self.file}"


class Standing(NamedTuple):
    """How a family's declaration stands to the recorded one."""

    declaration: str
    exploratory: bool


def families(
    claims: Sequence[Claim], studies: Iterable[str], not_tested: Collection[str]
) -> dict[Family, list[Claim]]:
    """Return the families of the claims that are tested on `studies`."""
    found: dict[Family, list[Claim]] = {}
    studies = set(studies)
    for claim in claims:
        if claim.study in studies and claim.id not in not_tested:
            found.setdefault(Family(claim.study, claim.file), []).append(claim)
    return found


def declared(claims: Sequence[Claim], looks: Looks, design: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a family declares.

    Args:
        claims: the family's claims.
        looks: at which numbers of replicates they are judged.
        design: of the claims' study: seed, split, dataset, floors of its arms; fits, networks and
            schedules, of which those count that a claim names, all if one names none.
    """
    return {
        "alpha": looks.alpha,
        "looks": list(looks.numbers),
        "shares": list(looks.shares),
        "claims": [
            {
                "id": claim.id,
                "statistic": claim.statistic,
                "comparison": claim.comparison,
                "margin": claim.margin,
                "tolerance": claim.tolerance,
            }
            for claim in sorted(claims, key=lambda each: each.id)
        ],
        **{name: design[name] for name in ("seed", "split", "dataset", "floors")},
        **{
            many: _named(claims, one, design[many])
            for many, one in (("fits", "fit"), ("networks", "network"), ("schedules", "schedule"))
        },
    }


def _named(claims: Sequence[Claim], column: str, blocks: Mapping[str, Any]) -> dict[str, Any]:
    """Return the blocks that claims name by a column; all if one claim's rows are not filtered."""
    named = {filters.get(column) for claim in claims for _, filters in claim.selections()}
    return {name: block for name, block in blocks.items() if None in named or name in named}


def checksum(declaration: Mapping[str, Any]) -> str:
    """Return the first DIGITS hexadecimal digits of a declaration's SHA-256."""
    text = json.dumps(declaration, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def read_record(path: str | os.PathLike) -> dict[str, dict[str, Any]]:
    """Read the record of a run: name of a family -> the declaration of its first look.

    Returns:
        {} if there is no record yet.

    Raises:
        ValueError: if the file is not such a record; names it.
    """
    if not Path(path).exists():
        return {}
    found = files.read_json(path)
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError(f"{path}: expected the declaration of each family of claims")
    return found


def standing(record: Mapping[str, Any], family: Family, declaration: Mapping[str, Any]) -> Standing:
    """Return how a declaration stands to the recorded one of its family, if there is one."""
    first = record.get(family.name)
    return Standing(checksum(declaration), first is not None and first != declaration)


def recorded(
    record: Mapping[str, Any],
    declarations: Mapping[Family, Mapping[str, Any]],
    judged: Collection[Family],
) -> dict[str, Any]:
    """Return the record with the declarations of the families that were `judged` at a look.

    What the record has of a family stays: it is from the family's first look.
    """
    return {family.name: declarations[family] for family in judged} | dict(record)
