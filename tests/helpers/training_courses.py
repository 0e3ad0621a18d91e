"""Courses of made-up trainings, as history.csv has them."""

import pandas as pd

from prunescape.evaluation import training_history

_MODEL = {"study": "graves", "dataset": "mnist", "network": "logistic", "fit": "vi"}
_IMAGES = 1000


def course(start, *, epochs=4, before=0, replicates=3, **changes):
    """A training whose loss falls from `start`; every other epoch is validated."""
    pruned = changes.get("criterion", "none") != "none"
    arm = ["global", "exact_k", "zero"] if pruned else ["none"] * 3
    key = _MODEL | {"criterion": "none", "schedule": "none", "step": 0, "level": 0.0}
    key |= dict(zip(("scope", "selection", "effect"), arm, strict=True)) | changes
    rows = []
    for replicate in range(1, replicates + 1):
        for epoch in range(1, epochs + 1):
            loss = start * (1 + 0.02 * replicate) / epoch
            correct = round(_IMAGES / (1 + loss / 2))
            seen = {"n_images": _IMAGES, "n_correct": correct, "accuracy": correct / _IMAGES}
            place = {"replicate": replicate, "epoch": before + epoch, "loss": loss}
            rows.append(key | place | (seen if epoch % 2 == 0 else {}))
    return pd.DataFrame(rows, columns=training_history.COLUMNS)


def history():
    """Two fits, of which one is retrained: level by level and in a chain."""
    after, parts = {"before": 10}, [course(2.0, epochs=10), course(5.0, fit="vi_signed")]
    parts += [course(0.3, schedule=name, **after) for name in ("tuned", "chain")]
    for criterion, levels in (("snr", (0.5, 0.9, 0.98)), ("magnitude", (0.5, 0.9))):
        arm = {"criterion": criterion, "schedule": "tuned", **after}
        parts += [course(0.4 + level, level=level, **arm) for level in levels]
    for criterion in ("snr", "magnitude"):
        for step, level in enumerate((0.5, 0.75)):
            arm = {"criterion": criterion, "schedule": "chain", "step": step, "level": level}
            parts.append(course(0.3 + level, epochs=2, before=10 + 2 * step, **arm))
    return pd.concat(parts, ignore_index=True)
