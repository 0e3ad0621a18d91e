"""Claims as files state them: workflow/resources/claims.yaml, and files of the user.

A claim states that a statistic lies on one side of a margin. Its statistic is written in these
words:

    table      scores (the default) or gradient_noise
    measure    accuracy or error, in points (percent); or any numeric column, unchanged
    of         selection of rows: {key column: value}
    minus      a second selection, subtracted replicate by replicate; without it the statistic of
               one selection is compared with a fixed threshold
    where      filters of both selections
    each       filters that split the claim into parts; it claims that all parts hold
    mean_over  filters whose rows are averaged, replicate by replicate
    sum_over   filters whose rows are added up (the noise score: n_correct summed over noise)

`each`, `mean_over` and `sum_over` are a mapping or a list of mappings; a list of values stands for
several mappings, one a value ({level: ["0.70", "0.90"]}). The filters in `of` and `minus` win over
shared ones. Levels are the strings of config, "0.90" or "68x". Without a filter on noise, rows are
clean. A selection must leave exactly one row a replicate, and every replicate of the study must
have one unless it diverged. Replicates that all selections have are compared or averaged; n is
their number.
"""

import itertools
import math
import os
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from prunescape.foundations import levels
from prunescape.foundations.messages import one_line

ORIGINS = ("paper", "public code", "this project")
COMPARISONS = ("<=", "<", ">=", ">")
SEVERAL = ("each", "mean_over", "sum_over")  # words whose value may be several filters
WORDS = ("table", "measure", "where", "of", "minus", *SEVERAL)

IN_WORDS = {"level", "noise_level"}  # columns whose values files write as strings

Filters = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """One claim as a file states it."""

    id: str
    study: str
    origin: str
    source: str
    statement: str
    statistic: dict[str, Any]
    comparison: str
    margin: float

    def __post_init__(self) -> None:
        for name in ("id", "study", "source", "statement"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"claim {self.id!r}: {name} {text!r}, expected text")
        if not isinstance(self.statistic, dict):
            raise ValueError(f"claim {self.id}: statistic {self.statistic!r}, expected a mapping")
        wrong = [word for word in self.statistic if word not in WORDS]
        if wrong or not {"measure", "of"} <= set(self.statistic):
            raise ValueError(
                f"claim {self.id}: statistic has the words {list(self.statistic)}; expected "
                f"measure and of, and any of {WORDS}"
            )
        if {"mean_over", "sum_over"} <= set(self.statistic):
            raise ValueError(f"claim {self.id}: expected mean_over or sum_over, not both")
        for word in ("measure", "table"):
            if not isinstance(self.statistic.get(word, ""), str):
                raise ValueError(f"claim {self.id}: {word}: expected a name")
        for word in set(self.statistic) - {"measure", "table"}:
            self._check_filters(word)
        number = isinstance(self.margin, (int, float)) and not isinstance(self.margin, bool)
        if not number or not math.isfinite(self.margin):
            raise ValueError(f"claim {self.id}: margin {self.margin!r}, expected a number")
        for name, allowed in (("origin", ORIGINS), ("comparison", COMPARISONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"claim {self.id}: {name} {getattr(self, name)!r}, expected one of {allowed}"
                )

    def _check_filters(self, word: str) -> None:
        several = word in SEVERAL
        stated = _listed(self.statistic[word]) if several else [self.statistic[word]]
        if not stated or not all(isinstance(filters, dict) for filters in stated):
            raise ValueError(f"claim {self.id}: {word}: expected filters {{column: value}}")
        cases = expanded(stated) if several else stated
        if any(isinstance(value, (list, dict)) for case in cases for value in case.values()):
            raise ValueError(f"claim {self.id}: {word}: expected one value a column")
        if not cases:
            raise ValueError(f"claim {self.id}: {word}: found an empty list of values")
        for filters in cases:
            for column in IN_WORDS & set(filters):
                try:
                    levels.number(filters[column])
                except ValueError as error:
                    raise ValueError(f"claim {self.id}: {word}: {error}") from None

    def text(self) -> str:
        """Return the claim in one readable line: its statistic, direction and margin."""
        words = self.statistic
        minus = f" - ({in_words(words['minus'])})" if "minus" in words else ""
        parts = [f"{words['measure']} of ({in_words(words['of'])}){minus}"]
        if "table" in words:
            parts[0] = f"{words['table']}: {parts[0]}"
        parts += [
            f"{word.replace('_', ' ')} {' and '.join(map(in_words, _listed(words[word])))}"
            for word in ("where", *SEVERAL)
            if word in words
        ]
        return f"{'; '.join(parts)}; {self.comparison} {self.margin}"

    def past(self, estimate: float) -> float:
        """Return how far an estimate lies past the margin; below 0 on the claimed side."""
        beyond = estimate - self.margin
        return beyond if self.comparison in ("<=", "<") else -beyond


def read(*paths: str | os.PathLike) -> list[Claim]:
    """Read files of claims.

    Raises:
        ValueError: if a file is no list of claims, a claim is not well formed, or an id occurs
            twice; names the file.
        OSError: if a file can't be read.
    """
    found: dict[str, Claim] = {}
    for path in paths:
        for claim in _claims(path):
            if claim.id in found:
                raise ValueError(f"{path}: the claim's id {claim.id} occurs twice")
            found[claim.id] = claim
    return list(found.values())


def _claims(path: str | os.PathLike) -> Iterator[Claim]:
    expected = [field.name for field in fields(Claim)]
    try:
        text = Path(path).read_text(encoding="utf-8")
        entries = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or []
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # UnicodeDecodeError, dates
        reason = one_line(error)
        raise ValueError(f"{path}: not a YAML file ({reason})") from None
    if not isinstance(entries, list):
        raise ValueError(
            f"{path}: expected a list of claims, found {textwrap.shorten(repr(entries), 200)}"
        )
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != set(expected):
            shown = textwrap.shorten(repr(entry), 200)
            raise ValueError(f"{path}: expected a claim with the keys {expected}, found {shown}")
        try:
            yield Claim(**entry)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def _listed(filters: Filters | list[Filters]) -> list[Filters]:
    return filters if isinstance(filters, list) else [filters]


def expanded(filters: Filters | list[Filters]) -> list[Filters]:
    """Return filters without lists: one mapping for every combination of the listed values."""
    return [
        dict(zip(each, values, strict=True))
        for each in _listed(filters)
        for values in itertools.product(
            *(value if isinstance(value, list) else [value] for value in each.values())
        )
    ]


def in_words(filters: Filters) -> str:
    """Return filters in words: "criterion snr, level 0.70 0.90"."""
    return ", ".join(
        f"{column} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for column, value in filters.items()
    )
