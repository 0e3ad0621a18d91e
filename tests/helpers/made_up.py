"""A made-up table and verdicts, with everything that the explorer can meet."""

import itertools

import numpy as np
import pandas as pd

from prunescape.evaluation import columns, table
from prunescape.verdicts import claims

REPLICATES = 3
WEIGHTS = 1000
IMAGES = 360  # accuracies that are no short decimal


def scores() -> pd.DataFrame:
    """Return a table of three studies: one shot with noise and thresholds, a chain, networks."""
    return table.validate(pd.DataFrame([*_graves(), *_magnitude(), *_k_winners()]))


def verdicts() -> pd.DataFrame:
    """Return two verdicts of study graves."""
    text = {"study": "graves", "origin": "this project", "source": "here", "statistic": "-"}
    text |= {"unit": "points"}
    held = {"id": "g1", "statement": "A <b>claim</b>.", "verdict": "holds", "reason": "it is so"}
    open_ = {"id": "g2", "statement": "Another.", "verdict": "not tested", "reason": "on digits"}
    numbers = {"estimate": 0.5, "ci_low": 0.25, "ci_high": 0.75, "margin": 1.0}
    rows = [text | held | numbers | {"n": 3}, text | open_ | {"margin": 1.0}]
    return pd.DataFrame(rows, columns=list(claims.COLUMNS)).astype(claims.TYPES)


def _graves():
    rng = np.random.default_rng(1)
    for fit in ("vi", "point"):
        model = {"study": "graves", "network": "logistic", "fit": fit}
        for noise in (0.0, 0.2, 0.4):
            met = {"noise": "grey_raw" if noise else "none", "noise_level": noise}
            yield from _replicates(rng, 0.9 - noise / 2, **model, **met)
            for criterion, level in itertools.product(("snr", "magnitude", "random"), (0.5, 0.9)):
                arm = _arm(criterion, level) | model | met
                yield from _replicates(rng, 0.85 - level / 3 - noise / 4, **arm)
    for level, kept in ((0.1, 900), (3.0, 100)):
        arm = _arm("snr", level, selection="threshold") | {"study": "graves", "network": "logistic"}
        yield from _replicates(rng, 0.4 + kept / 2000, **arm | {"fit": "vi", "kept_weights": kept})


def _magnitude():
    rng = np.random.default_rng(2)
    model = {"study": "magnitude", "network": "mlp", "fit": "adam"}
    yield from _replicates(rng, 0.95, **model)
    for step, level in enumerate((0.0, 0.5, 0.9, 0.9)):
        # The control improves from step to step: the step of the partner matters.
        control = {"schedule": "fine", "step": step}
        yield from _replicates(rng, 0.8 + step / 20, **model | control)
        for scope in ("global", "floor"):
            arm = _arm("magnitude", level, scope=scope) | model | control
            yield from _replicates(rng, 0.9 - level / 4, **arm)


def _k_winners():
    rng = np.random.default_rng(3)
    for network, noise in itertools.product(("small_dense", "small_sparse"), (0.0, 0.3, 0.6)):
        met = {"noise": "grey_normalised" if noise else "none", "noise_level": noise}
        model = {"study": "k_winners", "network": network, "fit": "sgd"}
        yield from _replicates(rng, 0.9 - noise, **model | met)


def _arm(criterion, level, scope="global", selection="exact_k"):
    words = {"criterion": criterion, "scope": scope, "selection": selection, "effect": "zero"}
    kept = {"kept_weights": round(WEIGHTS * (1 - level))} if selection == "exact_k" else {}
    return words | {"schedule": "oneshot", "level": level} | kept


def _replicates(rng, accuracy, **changes):
    for replicate in range(1, REPLICATES + 1):
        correct = round(IMAGES * float(np.clip(accuracy + rng.normal(0, 0.02), 0, 1)))
        key = dict.fromkeys(columns.KEY, "none") | {"dataset": "digits", "step": 0, "level": 0.0}
        value = dict.fromkeys(columns.VALUE, 0) | {
            "total_weights": WEIGHTS,
            "kept_weights": WEIGHTS,
        }
        row = (
            key
            | value
            | {"noise_level": 0.0, "prediction": "mean"}
            | changes
            | {"replicate": replicate}
        )
        kept = row["kept_weights"]
        yield row | {
            "n_images": IMAGES,
            "n_correct": correct,
            "accuracy": correct / IMAGES,
            "nll": rng.uniform(0.1, 2),
            "ece": rng.uniform(0, 0.2),
            "ece_equal_mass": rng.uniform(0, 0.2),
            "brier": rng.uniform(0, 1),
            "kept_by_layer": str(kept),
            "silent_by_layer": "0",
            "min_layer_kept": kept,
            "sparsity_actual": 1 - kept / WEIGHTS,
        }
