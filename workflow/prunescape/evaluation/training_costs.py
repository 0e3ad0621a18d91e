"""The table of what networks cost in training, whatever machine trains them: training.csv."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open

ARM = [
    *("study", "dataset", "network", "fit", "criterion"),
    *("scope", "selection", "effect", "schedule"),
]
COLUMNS = [*ARM, "step", "level", "budget", "epochs", "multiply_adds"]
_MODEL = ARM[:4]
_NAMED = ("network", "fit", "criterion", "scope", "selection", "schedule")
_PASSES = 3
"""Forward, and two backward: the gradients of inputs and of weights."""


def images_in(paths: Iterable[str]) -> int:
    """Return how many images split files have; only their headers are read.

    ValueError names a file that is none.
    """
    count = 0
    for path in paths:
        try:
            with safe_open(path, framework="numpy") as opened:
                count += opened.get_slice("labels").get_shape()[0]
        except SafetensorError as error:
            raise ValueError(f"{path}: not a split of a data set ({error})") from None
    return count


def collect(
    scores: pd.DataFrame, lengths: Sequence[Mapping[str, Any]], images: int
) -> pd.DataFrame:
    """Return what the networks of a study cost in training, a row for each point of an arm.

    An image of a training step costs three times the multiply-adds of one that is evaluated under
    the mask: forward, and backward for inputs and for weights. A posterior that samples activations
    doubles that, growing weights by their gradient takes that of all weights at every update, and
    an unpruned network that teaches sees each image forward.

    Args:
        scores: the study's table.
        lengths: of every arm with its model's network and fit: `_NAMED` columns, budget (0: none),
            before and steps (`training_lengths.Length`), passes (as before, but epochs of sampled
            activations count twice), grown, the share of retraining's steps that take the
            gradient of all weights, and taught, whether unpruned networks teach in it.
        images: number of training images.

    Returns:
        A table with COLUMNS, in the order of the table: epochs of training up to the step; their
        multiply-adds, in the prunable layers, mean over replicates; the declared budget or NaN.
    """
    clean = scores[(scores["noise"] == "none") & (scores["prediction"] == "mean")]
    sizes = clean.groupby([*ARM, "step", "level"])["multiply_adds"].mean().reset_index()
    known = {tuple(each[name] for name in _NAMED): each for each in lengths}
    dense = sizes[(sizes["criterion"] == "none") & (sizes["schedule"] == "none")]
    whole = dict(zip(dense["network"], dense["multiply_adds"], strict=False))
    rows = [
        row
        for arm, points in sizes.groupby(ARM)
        for row in _points(dict(zip(ARM, arm, strict=True)), points, known, whole, images)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _points(
    arm: Mapping[str, Any],
    points: pd.DataFrame,
    lengths: Mapping[tuple[Any, ...], Mapping[str, Any]],
    whole: Mapping[str, float],
    images: int,
) -> Iterator[dict[str, Any]]:
    """Yield the row of every point of an arm, with one effect."""
    length, dense = lengths[tuple(arm[name] for name in _NAMED)], whole[arm["network"]]
    steps = {int(step): epochs for step, epochs in length["steps"].items()}
    start = images * length["passes"] * _PASSES * dense
    of_step = points.groupby("step")["multiply_adds"].mean()
    chained = len(steps) > 1
    for step, level, size in zip(
        points["step"], points["level"], points["multiply_adds"], strict=True
    ):
        trained = [before for before in sorted(steps) if before <= step] if chained else [step]
        work = 0.0
        for each in trained:
            mine = of_step[each] if chained else size
            an_image = _PASSES * mine + length["grown"] * (dense - mine)
            an_image += dense if length["taught"] else 0
            work += images * steps[each] * an_image
        yield {
            **arm,
            "step": step,
            "level": level,
            "budget": length["budget"] or None,
            "epochs": length["before"] + sum(steps[each] for each in trained),
            "multiply_adds": start + work,
        }
