"""Made-up outcomes of every image, for the tests of what pruning breaks and of its figures."""

import numpy as np
import pandas as pd

from prunescape.evaluation import columns
from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations import streams
from tests.helpers.evaluations import dense, row

N, CLASSES = 200, 4
GENERATOR = streams.generator("test", "image outcomes")
LABELS = GENERATOR.integers(0, CLASSES, N)
IMAGES = GENERATOR.integers(0, 256, (N, 1, 5, 5), dtype=np.uint8)
HARD = np.arange(N) < 20
"""Images that every pruned network gets wrong and no unpruned one does."""
CONTROL = {"schedule": "tuned", "step": 1}


def outcomes(replicates: int = 3) -> Outcomes:
    """Return a study's outcomes: two criteria and random masks, two levels, a control, noise."""
    rows = []
    for r in range(1, replicates + 1):
        named = {"replicate": r, "noise": "none", "noise_level": 0.0}
        rows += [dense(**named), dense(**CONTROL, **named)]
        rows.append(dense(**named | {"noise": "grey_raw", "noise_level": 0.1}))
        for criterion in ("snr", "magnitude", "random"):
            rows += [row(criterion=criterion, level=each, **named) for each in (0.5, 0.9)]
        rows.append(row(criterion="snr", **CONTROL, **named))
    table = pd.DataFrame(rows)[[*columns.KEY, *columns.VALUE]].sample(frac=1, random_state=1)
    table = table.reset_index(drop=True)
    correct = GENERATOR.random((len(table), N)) < 0.97
    pruned = (table["criterion"] != "none").to_numpy()
    correct[:, HARD] = ~pruned[:, None]
    correct[(table["criterion"] == "random").to_numpy()] &= GENERATOR.random(N) < 0.5
    counted = table.assign(n_images=N, n_correct=correct.sum(1), accuracy=correct.mean(1))
    return Outcomes(counted, correct, {"test": "3" * 64})
