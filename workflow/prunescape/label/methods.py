"""The ways of pruning that a label compares, with the outcomes of every image (needs pandas)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations.table_rows import named_rows
from prunescape.scoring.needs import SHUFFLED

NAMES = ("criterion", "scope", "selection", "effect", "schedule")
"""The key columns that tell ways of pruning one network apart."""
Cells = dict[tuple[Any, ...], dict[int, int]]
"""(*NAMES, level, step) -> replicate -> row."""


@dataclass(frozen=True)
class Method:
    """A way of pruning, at rising sparsities.

    Attributes:
        names: the columns `NAMES`.
        points: (step, level) of every sparsity, rising.
        correct: for every point bool [R, N]: whether network r is right about image n.
    """

    names: dict[str, str]
    points: list[tuple[int, float]]
    correct: list[np.ndarray]

    @property
    def is_control(self) -> bool:
        """Whether the criterion is there for comparison alone: random, or shuffled scores."""
        criterion = self.names["criterion"]
        return criterion == "random" or criterion.startswith(SHUFFLED)


def read(found: Outcomes) -> tuple[list[int], np.ndarray, list[Method]]:
    """Return the outcomes of the networks before pruning, and all ways of pruning them.

    Clean images, the weights as they are (`prediction: mean`), an exact number of weights removed.
    Of a chain that has a level twice, the last step counts. Networks that a method lacks, since
    training on diverged, are left out of all. A method ends before a level at which some of its
    networks were not evaluated, since they had lost too much (`until_lost` of the arm).

    Args:
        found: the outcomes of a study that has one fit of one network.

    Returns:
        The replicates; bool [R, N] of their networks as they were given or fitted; and the methods
        in the order of the table, controls last.

    Raises:
        ValueError: if there are several networks or fits, nothing is pruned, or no network was
            evaluated everywhere.
    """
    models = found.rows[["network", "fit"]].drop_duplicates()
    if len(models) != 1:
        raise ValueError(f"label: found {len(models)} fits of networks; allowed: one of one")
    clean = (found.rows["noise"] == "none") & (found.rows["prediction"] == "mean")
    unpruned = (found.rows["criterion"] == "none") & (found.rows["schedule"] == "none")
    removed = (found.rows["selection"] == "exact_k") & (found.rows["effect"] != "freeze")
    base = found.rows[clean & unpruned]
    by_replicate = dict(zip(base["replicate"], base.index, strict=True))
    cells: Cells = {}
    for row in named_rows(found.rows[clean & removed]):
        key = *(str(getattr(row, name)) for name in NAMES), float(row.level), int(row.step)
        cells.setdefault(key, {})[int(row.replicate)] = int(row.Index)
    kept = set(by_replicate).intersection(*map(set, _everywhere(cells)))
    if not cells or not kept:
        raise ValueError("label: found no networks that were pruned; allowed: one or more")
    replicates = sorted(kept)
    by_method: dict[tuple[str, ...], dict[float, tuple[int, np.ndarray]]] = {}
    for *names, level, step in sorted(cells, key=lambda key: key[-2:]):
        cell = cells[(*names, level, step)]
        if kept <= set(cell):
            correct = found.correct[[cell[replicate] for replicate in replicates]]
            by_method.setdefault(tuple(names), {})[level] = step, correct
    order = list(dict.fromkeys(key[: len(NAMES)] for key in cells))
    methods = [
        Method(
            dict(zip(NAMES, names, strict=True)),
            [(step, level) for level, (step, _) in by_method[names].items()],
            [correct for _, correct in by_method[names].values()],
        )
        for names in order
    ]
    methods.sort(key=lambda method: method.is_control)
    unpruned_rows = [by_replicate[replicate] for replicate in replicates]
    return replicates, found.correct[unpruned_rows], methods


def _everywhere(cells: Cells) -> Iterator[dict[int, int]]:
    """Yield the cells that have all of a method's networks, but for those that diverged.

    What is pruned at once can't diverge. Its largest sparsities may lack networks that had lost too
    much before; the smallest one has all.
    """
    begun = set()
    for key in sorted(cells, key=lambda key: key[-2:]):
        names = key[: len(NAMES)]
        if names not in begun or names[-1] != "oneshot":
            yield cells[key]
        begun.add(names)
