"""Made-up evaluations for the tests of the table, its gates and the claims."""

from typing import Any

import numpy as np

from prunescape.evaluation import calibration
from prunescape.evaluation.outcome_bits import Packed

TRAIN, VALIDATION, TEST = "1" * 64, "2" * 64, "3" * 64


def row(**changes: Any) -> dict[str, Any]:
    """Return a row that passes every gate: 90 % of three layers removed, changed by `changes`.

    accuracy follows from n_correct unless it is given.
    """
    replicate = changes.get("replicate", 1)
    made = {
        "study": "graves",
        "dataset": "mnist",
        "network": "logistic",
        "fit": "vi",
        "criterion": "snr",
        "scope": "global",
        "selection": "exact_k",
        "effect": "zero",
        "schedule": "oneshot",
        "step": 0,
        "level": 0.9,
        "replicate": 1,
        "noise": "none",
        "noise_level": 0,
        "prediction": "mean",
        "total_weights": 100,
        "kept_weights": 10,
        "sparsity_actual": 0.9,
        "frozen_weights": 0,
        "min_layer_kept": 1,
        "kept_by_layer": "6 3 1",
        "dead_units": 0,
        "multiply_adds": 10,
        "n_images": 10_000,
        "n_correct": 9_000,
        "nll": 0.3 + replicate / 1000 if isinstance(replicate, int) else 0.3,
        "ece": 0.1,
        "ece_equal_mass": 0.1,
        "brier": 0.2,
        "silent_by_layer": "0",
        "revived_weights": 0,
        "kept_by_unit": "0-1 0-1 0-1",
        "within_scope": "1 1 1",
        "kept_by_group": "",
    } | changes
    return {"accuracy": made["n_correct"] / made["n_images"]} | made


def dense(**changes: Any) -> dict[str, Any]:
    """Return the row of a network that is not pruned."""
    none = dict.fromkeys(("criterion", "scope", "selection", "effect", "schedule"), "none")
    kept = {"kept_weights": 100, "min_layer_kept": 10, "kept_by_layer": "60 30 10"}
    kept["multiply_adds"] = 100
    kept["kept_by_unit"] = "6-6 6-6 5-5"  # of 10, 5 and 2 units
    return row(**none | kept | {"level": 0, "sparsity_actual": 0.0} | changes)


def record(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return the contents of a rows.json file."""
    return {
        "fitted_on": {"train": TRAIN, "validation": VALIDATION},
        "evaluated_on": {"test": TEST},
        "rows": list(rows),
    }


def outcomes(record: dict[str, Any]) -> Packed:
    """Return outcomes that fit a record: of a row the first n_correct images are right.

    They have confidences from 1 down to 0.
    """
    rows = record["rows"]
    images = max((row["n_images"] for row in rows), default=10_000)
    correct = np.arange(images) < np.array([[row["n_correct"]] for row in rows]).reshape(-1, 1)
    confidence = np.broadcast_to(1 - np.arange(images) / images, correct.shape)
    bins = calibration.binned(confidence, correct)
    return Packed(np.packbits(correct, axis=1), bins, images, record["evaluated_on"])
