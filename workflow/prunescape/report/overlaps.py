"""Overlap of masks, the share of weights that both keep: of two criteria or two replicates."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.foundations import levels
from prunescape.foundations.files import Arrays

COLUMNS = [
    *("network", "fit", "scope", "schedule", "step", "level"),
    *("criterion", "replicate", "other_criterion", "other_replicate", "overlap"),
]


class Cut(NamedTuple):
    """The origin of masks: a model that is pruned at one point of a schedule."""

    network: str
    fit: str
    schedule: str
    step: int
    level: str


def table(files: Iterable[tuple[Cut, Arrays, Sequence[int]]]) -> pd.DataFrame:
    """Compare masks with each other, two by two.

    Masks of two criteria are compared within a replicate, since they come from the same checkpoint.
    Masks of one criterion are compared between replicates, whose networks share only the data.

    Args:
        files: (cut, packed masks "<criterion>/<scope>/<layer>" as uint8 [R, bytes], their
            replicates). Several entries, one a block of replicates, may have the same cut.

    Returns:
        `COLUMNS`, a row a pair. overlap: the share of the weights kept by the smaller mask that
        the other keeps too, in [0, 1]; NaN if one keeps nothing. Random masks overlap by the share
        of all weights that they keep.
    """
    members: dict[tuple[Cut, str], dict[tuple[str, int], np.ndarray]] = {}
    for cut, packed, replicates in files:
        for criterion, scope in dict.fromkeys(tuple(name.split("/")[:2]) for name in packed):
            prefix = f"{criterion}/{scope}/"
            layers = [value for name, value in packed.items() if name.startswith(prefix)]
            for replicate, bits in zip(replicates, np.concatenate(layers, axis=1), strict=True):
                members.setdefault((cut, scope), {})[criterion, replicate] = bits
    rows: list[tuple[Any, ...]] = []
    for (cut, scope), masks in members.items():
        place = (cut.network, cut.fit, scope, cut.schedule, cut.step, levels.number(cut.level))
        for (name, r), (other, s) in combinations(sorted(masks), 2):
            if (name == other) != (r == s):
                rows.append((*place, name, r, other, s, _shared(masks[name, r], masks[other, s])))
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(COLUMNS[:10], ignore_index=True)


def _shared(left: np.ndarray, right: np.ndarray) -> float:
    """Return the overlap of two packed masks."""
    both, *kept = (int(np.bitwise_count(bits).sum()) for bits in (left & right, left, right))
    return both / min(kept) if min(kept) else float("nan")
