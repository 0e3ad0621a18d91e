"""Claims as files state them: workflow/resources/claims.yaml, and files of the user.

A claim states that a statistic lies on one side of a margin. Its statistic is written in these
words:

    table      scores (the default) or gradient_noise
    measure    accuracy or error, in points (percent); corruption_error or
               relative_corruption_error (`corruption_errors`), in percent of those of `minus`, over
               the noise and noise_level of mean_over; or any numeric column, unchanged
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
clean. A selection must leave exactly one row a replicate. Replicates that all selections have are
compared or averaged.

A claim may also have a `tolerance`, in the units of its margin: a statistic that is shown to lie so
near to the margin makes the claim `equal`. It needs a `reason`, and is at most 0.5 points for
accuracy or error on clean images.
"""

import itertools
import math
import os
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from prunescape.foundations import levels
from prunescape.foundations.messages import one_line

AFTERWARDS = "this project, after the fact"
"""Origin of a claim that was written when its result, or part of it, had been seen."""
PROJECT = Path(__file__).parents[2] / "resources" / "claims.yaml"
"""The project's claims."""
ORIGINS = ("paper", "public code", "this project", AFTERWARDS)
COMPARISONS = ("<=", "<", ">=", ">")
SEVERAL = ("each", "mean_over", "sum_over")  # words whose value may be several filters
WORDS = ("table", "measure", "where", "of", "minus", *SEVERAL)
PER_IMAGE = ("accuracy", "error", "n_correct")
"""Measures that follow from which images a network classifies correctly."""
CORRUPTION_ERRORS = ("corruption_error", "relative_corruption_error")
"""Measures over several kinds of noise: see `corruption_errors`."""
UNITS = {
    "accuracy": "points",
    "error": "points",
    **dict.fromkeys(CORRUPTION_ERRORS, "%"),
    "n_correct": "images",
    "n_images": "images",
    **dict.fromkeys(("kept_weights", "frozen_weights", "min_layer_kept"), "weights"),
    **dict.fromkeys(("noise_rank_fixed", "noise_rank_trained"), "rank correlation"),
}
"""Measure -> the unit of its statistic; other measures are their own unit."""
TOLERATED = 0.5  # points of accuracy or error on clean images

IN_WORDS = {"level", "noise_level"}  # columns whose values files write as strings

Filters = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """One claim as a file states it.

    `file` is where it stands; a file doesn't state that itself.
    """

    id: str
    study: str
    origin: str
    source: str
    statement: str
    statistic: dict[str, Any]
    comparison: str
    margin: float
    tolerance: float | None = None
    reason: str | None = None
    file: str = ""

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
        self._check_corruptions()
        if not _is_number(self.margin):
            raise ValueError(f"claim {self.id}: margin {self.margin!r}, expected a number")
        self._check_tolerance()
        for name, allowed in (("origin", ORIGINS), ("comparison", COMPARISONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"claim {self.id}: {name} {getattr(self, name)!r}, expected one of {allowed}"
                )

    def _check_corruptions(self) -> None:
        """Check that a corruption error has a baseline and kinds of noise."""
        words = self.statistic
        if words["measure"] not in CORRUPTION_ERRORS:
            return
        cells = expanded(words.get("mean_over", {}))
        named = all({"noise", "noise_level"} <= set(cell) for cell in cells)
        if "minus" not in words or not named or any(each["noise"] == "none" for each in cells):
            raise ValueError(
                f"claim {self.id}: measure {words['measure']}: expected minus, its baseline, and "
                "mean_over with noise and noise_level"
            )

    def _check_tolerance(self) -> None:
        if (self.tolerance is None) != (self.reason is None):
            raise ValueError(
                f"claim {self.id}: tolerance {self.tolerance!r} and reason {self.reason!r}, "
                "expected both or neither"
            )
        if self.tolerance is None:
            return
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise ValueError(f"claim {self.id}: reason {self.reason!r}, expected text")
        if not _is_number(self.tolerance) or self.tolerance <= 0:
            raise ValueError(
                f"claim {self.id}: tolerance {self.tolerance!r}, expected a number > 0"
            )
        points = self.statistic["measure"] in ("accuracy", "error")
        clean = all(each.get("noise", "none") == "none" for _, each in self.selections())
        if points and clean and self.tolerance > TOLERATED:
            raise ValueError(
                f"claim {self.id}: tolerance {self.tolerance!r}, expected at most {TOLERATED} "
                "points on clean images"
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

    @property
    def at_most(self) -> bool:
        """Whether the claimed side is below the margin."""
        return self.comparison in ("<=", "<")

    @property
    def unit(self) -> str:
        """The unit of statistic, margin and tolerance."""
        measure: str = self.statistic["measure"]
        return UNITS.get(measure, measure)

    @property
    def per_image(self) -> bool:
        """Whether the outcomes of single images determine the statistic."""
        table = self.statistic.get("table", "scores")
        return table == "scores" and self.statistic["measure"] in PER_IMAGE

    def selections(self) -> Iterator[tuple[str, Filters]]:
        """Yield (`of` or `minus`, filters) for every selection that is compared or averaged."""
        for part in expanded(self.statistic.get("each", {})):
            for side in ("of", "minus"):
                if side in self.statistic:
                    for filters in self.cells(side, part):
                        yield side, filters

    def cells(self, side: str, part: Filters) -> list[Filters]:
        """Return the filters of one side of one part: a mapping for every cell that is averaged."""
        words = self.statistic
        cells = expanded(words.get("mean_over", words.get("sum_over", {})))
        if words["measure"] == "relative_corruption_error":
            cells = [*cells, {"noise": "none"}]
        return [{**words.get("where", {}), **cell, **part, **words[side]} for cell in cells]


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
    known = {field.name: field.default is MISSING for field in fields(Claim)}
    del known["file"]
    expected = [name for name, needed in known.items() if needed]
    allowed = f"{expected}, and tolerance with reason"
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
        if not isinstance(entry, dict):
            shown = textwrap.shorten(repr(entry), 200)
            raise ValueError(f"{path}: expected a claim with the keys {expected}, found {shown}")
        here = f"{path}: claim {entry.get('id')!r}"
        if unknown := [key for key in entry if key not in known]:
            raise ValueError(f"{here}: unknown keys {unknown}; expected {allowed}")
        if lacking := [key for key in expected if key not in entry]:
            raise ValueError(f"{here}: lacks the keys {lacking}; expected {allowed}")
        try:
            yield replace(Claim(**entry), file=os.fspath(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def clean_unless_named(filters: Filters) -> Filters:
    """Return filters of the table of scores with those on noise: clean images, unless named."""
    filters = {"noise": "none", **filters}
    return {"noise_level": "0", **filters} if filters["noise"] == "none" else filters


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)


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
