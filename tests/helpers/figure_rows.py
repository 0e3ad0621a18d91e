"""Rows of a made-up table, for figures."""

import numpy as np
import pandas as pd

from prunescape.evaluation import calibration, columns, reliability, table, training_costs


def row(accuracy, kept=1000, **changes):
    """A row of a dense network, or of one that `changes` says is pruned."""
    correct = round(accuracy * 10_000)
    arm = ["none"] * 4
    if changes.get("criterion", "none") != "none":
        arm = ["global", "exact_k", "zero", "oneshot"]
    key = dict.fromkeys(columns.KEY, "none")
    key |= {"study": "graves", "dataset": "mnist", "network": "logistic", "fit": "vi"}
    key |= dict(zip(["scope", "selection", "effect", "schedule"], arm, strict=True))
    key |= {"step": 0, "level": 0.0, "replicate": 1, "noise_level": 0.0}
    key |= {"prediction": "mean"}
    value = dict.fromkeys(columns.VALUE, 0)
    value |= {
        "total_weights": 1000,
        "kept_weights": kept,
        "multiply_adds": kept,
        "kept_by_layer": f"{kept - kept // 4} {kept // 4}",
        "silent_by_layer": "0 0",
    }
    value |= {"n_images": 10_000, "n_correct": correct, "accuracy": correct / 10_000}
    return key | value | changes


def scores(rows):
    return table.validate(pd.DataFrame(rows))


def replicates(accuracies, **changes):
    return [row(a, replicate=i, **changes) for i, a in enumerate(accuracies, start=1)]


def trained(rows):
    """What networks of a table cost in training: an epoch of 100 images, and one after a step."""
    names = ["network", "fit", "criterion", "scope", "selection", "schedule"]
    lengths = [
        dict(zip(names, arm, strict=True))
        | {"budget": 0, "before": 1, "passes": 1, "grown": 0, "taught": False}
        | {"steps": {step: int(arm[-1] not in ("none", "oneshot")) for step in points["step"]}}
        for arm, points in rows.groupby(names)
    ]
    return training_costs.collect(rows, lengths, images=100)


def binned(rows):
    """Bins of the rows of a table, whose networks are 5 points more confident than right."""
    ordered = rows.sort_values(list(columns.KEY), ignore_index=True)
    place = (np.arange(1000) + 0.5) / 1000
    right = ordered["accuracy"].to_numpy()[:, None] ** (2 * place)
    made = [
        calibration.binned(np.minimum(each + 0.05, 1)[None], (place * 7 % 1 < each)[None])
        for each in right
    ]
    checked = dict.fromkeys(table.CHECKED, "")
    record = {"rows": [each | checked for each in ordered.to_dict("records")]}
    return reliability.of_rows(ordered, [record], [np.concatenate(made)])


DENSE = replicates([0.91, 0.92, 0.93])
