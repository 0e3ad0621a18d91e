"""What changed between two versions of a run: verdicts on claims, scores, figures."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

REPLICATE = "replicate"
KEY = (
    *("study", "dataset", "network", "fit", "criterion", "scope", "selection", "effect"),
    *("schedule", "step", "level", "noise", "noise_level", "prediction"),
)
MEASURE = "accuracy"

Rows = list[dict[str, str]]


class Change(NamedTuple):
    """A number before and after; None where there was or is none."""

    name: str
    before: float | None
    after: float | None
    words: str = ""

    @property
    def difference(self) -> float | None:
        """After minus before."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def read(text: str) -> Rows:
    """Return the rows of a CSV table."""
    return list(csv.DictReader(io.StringIO(text)))


def claims(before: Rows, after: Rows) -> list[Change]:
    """Return the claims whose row changed, with estimate and verdict."""
    old, new = ({row["id"]: row for row in rows} for rows in (before, after))
    found = []
    for name in _union(old, new):
        one, other = old.get(name), new.get(name)
        if one != other:
            words = [row["verdict"] if row else "none" for row in (one, other)]
            verdict = words[0] if words[0] == words[1] else " -> ".join(words)
            found.append(Change(name, _number(one), _number(other), verdict))
    return found


def scores(before: Rows, after: Rows) -> list[Change]:
    """Return the arms whose mean accuracy over replicates changed, greatest difference first.

    Arms that only one side has come last. An arm whose rows differ in anything else but has the
    same mean accuracy is listed with a difference of 0.
    """
    old, new = _arms(before), _arms(after)
    found = [
        Change(name, _mean(old.get(name)), _mean(new.get(name)))
        for name in _union(old, new)
        if old.get(name) != new.get(name)
    ]

    def order(change: Change) -> tuple[bool, float]:
        return change.difference is None, -abs(change.difference or 0.0)

    return sorted(found, key=order)


def files(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the files that differ by checksum, each with added, removed or changed."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            what = "changed" if name in before and name in after else None
            found.append((name, what or ("added" if name in after else "removed")))
    return found


def render(changes: Sequence[Change], heading: str, limit: int) -> Iterator[str]:
    """Yield the lines of a table of changes, of which at most `limit` are shown."""
    if not changes:
        yield f"{heading}: no change"
        return
    width = max(len(heading), *(len(change.name) for change in changes[:limit]))
    yield f"{heading:<{width}} {'before':>10} {'after':>10} {'difference':>11}"
    for change in changes[:limit]:
        numbers = f"{_text(change.before):>10} {_text(change.after):>10}"
        difference = _text(change.difference, "+")
        yield f"{change.name:<{width}} {numbers} {difference:>11}  {change.words}".rstrip()
    if len(changes) > limit:
        yield f"... and {len(changes) - limit} more (--all shows them)"


def _arms(rows: Rows) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        # Tables of older versions have no rows of sampled weights, nor a column that says so.
        name = " ".join(({"prediction": "mean"} | row)[column] for column in KEY)
        found.setdefault(name, []).append((row[MEASURE], row[REPLICATE], *row.values()))
    return {name: sorted(values) for name, values in found.items()}


def _mean(values: Sequence[tuple[str, ...]] | None) -> float | None:
    return None if values is None else sum(float(value[0]) for value in values) / len(values)


def _number(row: Mapping[str, str] | None) -> float | None:
    return float(row["estimate"]) if row and row["estimate"] else None


def _union(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Return the names of both, in the order of the new and then the old."""
    return list(dict.fromkeys([*new, *old]))


def _text(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.4f}"
