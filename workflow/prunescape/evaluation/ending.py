"""Ends an arm's rising sparsities where too much accuracy is lost (standard library only)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from prunescape.foundations import levels

Row = Mapping[str, Any]


def lost(rows: Iterable[Row], unpruned: Mapping[int, float]) -> float:
    """Return the points of accuracy that networks lose on clean images, mean over replicates.

    Args:
        rows: of one arm, effect and level; those of noise and of sampled weights are passed over.
        unpruned: replicate -> accuracy before pruning.
    """
    return 100 * fmean(unpruned[row["replicate"]] - row["accuracy"] for row in rows if clean(row))


def clean(row: Row) -> bool:
    """Return whether a row is of clean images, and of the weights as they are."""
    return bool(row["noise"] == "none" and row["prediction"] == "mean")


def accuracies(rows: Iterable[Row]) -> dict[int, float]:
    """Return replicate -> accuracy of the unpruned networks, given a model's rows."""
    return {
        row["replicate"]: row["accuracy"]
        for row in rows
        if clean(row) and row["criterion"] == row["schedule"] == "none"
    }


def unfounded(record: Mapping[str, Any], unpruned: Mapping[int, float]) -> list[Row]:
    """Return what a record says is left out though its effect lost less at all levels before.

    Args:
        record: of the evaluation of one arm: rows, left_out (keys), until_lost.
        unpruned: replicate -> accuracy before pruning.
    """
    measured: dict[tuple[str, int, float], list[Row]] = defaultdict(list)
    for row in filter(clean, record["rows"]):
        measured[row["effect"], row["step"], row["level"]].append(row)
    ends = [key for key, rows in measured.items() if lost(rows, unpruned) > record["until_lost"]]
    return [
        each
        for each in record["left_out"]
        if not any(
            effect == each["effect"] and (step, level) < (each["step"], each["level"])
            for effect, step, level in ends
        )
    ]


class End:
    """Knows which cases come after one that lost too much.

    Each effect ends by itself. Cases of an effect are asked for in the order of rising levels.
    """

    def __init__(self, until_lost: float, unpruned: Iterable[Row]) -> None:
        """Take the limit.

        Args:
            until_lost: points of accuracy; a case that loses more is the last one.
            unpruned: rows of the same networks before pruning.
        """
        self._most, self._unpruned = until_lost, accuracies(unpruned)
        self._last: dict[str, tuple[int, str]] = {}

    def note(self, key: Row, rows: Iterable[Row]) -> None:
        """Note what a case (its effect, step and level) lost on clean images."""
        if lost(rows, self._unpruned) > self._most:
            self._last.setdefault(key["effect"], (key["step"], key["level"]))

    def leaves_out(self, key: Row) -> bool:
        """Return whether a case comes after the last one of its effect."""
        last = self._last.get(key["effect"])
        return last is not None and _level(key["step"], key["level"]) > _level(*last)


def _level(step: int, level: str) -> tuple[int, float]:
    return step, levels.number(level)
