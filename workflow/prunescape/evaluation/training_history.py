"""The table of the course of every training, by epoch: history.csv."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.evaluation.training_costs import ARM
from prunescape.fitting.history_names import CORRECT, LOSS, PREFIX, WRONG
from prunescape.foundations import files, levels

COLUMNS = [
    *ARM,
    *("step", "level", "replicate", "epoch"),
    *("loss", "n_images", "n_correct", "accuracy"),
]
_UNPRUNED = ("none", "none", "none", "0")


def collect(courses: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the course of trainings, a row for each epoch of each network.

    Args:
        courses: of each training path (its checkpoint), study, dataset, network, fit, schedule
            ("none": the fit itself), step, and before: the number of epochs before its first.

    Returns:
        A table with COLUMNS, sorted by them up to the epoch, which counts on from the fit's;
        n_images and n_correct, of held-out images, and accuracy are missing where they were not
        measured.

    Raises:
        ValueError: names a file that is no checkpoint.
    """
    rows = [row for course in courses for row in _of_training(course)]
    found = pd.DataFrame(rows, columns=COLUMNS)
    found = found.astype({"loss": np.float32})
    found = found.astype({"n_images": "Int64", "n_correct": "Int64"})
    return found.sort_values(COLUMNS[:-4], ignore_index=True)


def _of_training(course: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a training's networks; none of one that kept no history."""
    arrays, metadata = files.read_tensors(course["path"], PREFIX)
    if LOSS not in arrays:
        return
    replicates = files.members_of(course["path"], arrays, metadata)
    model = {name: course[name] for name in ("study", "dataset", "network", "fit", "schedule")}
    arms = metadata.get("arms") or [_UNPRUNED] * len(replicates)
    for i, (replicate, (criterion, scope, effect, level)) in enumerate(
        zip(replicates, arms, strict=True)
    ):
        network = {
            "criterion": criterion,
            "scope": scope,
            "selection": "none" if criterion == "none" else "exact_k",
            "effect": effect,
            "step": course["step"],
            "level": levels.number(level),
            "replicate": replicate,
        }
        for epoch in _epochs({name: values[i] for name, values in arrays.items()}):
            yield {**model, **network, **epoch, "epoch": course["before"] + epoch["epoch"]}


def _epochs(history: Mapping[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """Yield epoch (from 1), loss, and what was measured after it, of one network."""
    losses = history[LOSS]
    unmeasured: Sequence[int] = [0] * len(losses)
    measured = (history.get(name, unmeasured) for name in (CORRECT, WRONG))
    for epoch, (loss, correct, wrong) in enumerate(zip(losses, *measured, strict=True), 1):
        found = {"epoch": epoch, "loss": loss}
        if images := int(correct + wrong):
            right = int(correct)
            found |= {"n_images": images, "n_correct": right, "accuracy": right / images}
        yield found
