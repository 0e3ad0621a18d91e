"""A label's contents, from made-up outcomes of one network."""

import numpy as np
import pandas as pd

from prunescape.evaluation import columns
from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations import streams
from prunescape.label import comparing
from tests.helpers.evaluations import dense, row

N, CLASSES = 4000, 4
LOST = {"snr": [2, 10, 200], "magnitude": [4, 80, 600], "random": [900, 2000, 3000]}
"""Images that become wrong at the levels, by criterion; 40 are wrong before."""
LEVELS = [0.3, 0.5, 0.9]
LABELS = streams.generator("test", "label").integers(0, CLASSES, N)


def outcomes(replicates: int = 1) -> Outcomes:
    """Return outcomes of three criteria at three levels, rows in no order, and noise."""
    generator = streams.generator("test", "label outcomes")
    rows, correct = [], []
    for replicate in range(1, replicates + 1):
        named = {"replicate": replicate, "noise": "none", "noise_level": 0.0}
        order = generator.permutation(N)
        unpruned = np.ones(N, bool)
        unpruned[order[:40]] = False
        rows.append(dense(**named))
        correct.append(unpruned)
        rows.append(dense(**named | {"noise": "grey_raw", "noise_level": 0.1}))
        correct.append(np.zeros(N, bool))
        for criterion, counts in LOST.items():
            for level, count in zip(LEVELS, counts, strict=True):
                pruned = unpruned.copy()
                pruned[order[40 : 40 + count]] = False
                pruned[order[0]] = True  # one is mended
                rows.append(row(criterion=criterion, level=level, **named))
                correct.append(pruned)
    table = pd.DataFrame(rows)[[*columns.KEY, *columns.VALUE]]
    found = np.stack(correct)
    table = table.assign(n_images=N, n_correct=found.sum(1), accuracy=found.mean(1))
    shuffled = generator.permutation(len(table))
    return Outcomes(
        table.iloc[shuffled].reset_index(drop=True), found[shuffled], {"test": "3" * 64}
    )


def compared(replicates: int = 1) -> dict:
    """Return what is compared and chosen."""
    names = ["ant", "bee", "<b>cat</b>", "dog"]
    return comparing.compared(outcomes(replicates), LABELS, names, [0.5, 1, 2], 7)


def label(replicates: int = 1) -> dict:
    """Return the contents of a label."""
    choice = compared(replicates)
    cost = {"points": 0.4, "at_most": 0.9}
    noise = [{"noise": "gaussian", "level": 0.1, "unpruned": 0.97, "pruned": 0.966} | cost]
    times = {side: {"median": 1.5, "low": 1.4, "high": 1.6} for side in ("unpruned", "pruned")}
    return choice | {
        "format": 1,
        "run": "mine",
        "network": "nets.py:<i>net",
        "fit": "given",
        "dataset": "own",
        "source": "file:images.npz",
        "version": "0.2.0",
        "command": "make label NETWORK='a & b.py:net'",
        "images": choice["images"] | {"calibration": 500, "repeated": 3},
        "files": {"a.safetensors": "5" * 64},
        "measured": {
            "noise": noise,
            "bytes": {"unpruned": 4e6, "pruned": 1e6, "way": "csr", "compressed": [3e6, 9e5]},
            "multiply_adds": {"all": 2_000_000, "nonzero": 300_000},
            "latency": {"1": times, "256": times},
        },
    }
