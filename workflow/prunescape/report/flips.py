"""What pruning breaks: images that flip, classes that lose, and images that most replicates lose.

Every pruned arm is compared on clean images with the unpruned networks of the same replicates:
those that trained as long where its schedule trains, else those that were fitted. A flip is an
image that one of the two gets right and the other wrong.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations import files
from prunescape.report import new_images

ARM = ["network", "fit", "criterion", "scope", "selection", "effect", "schedule", "step", "level"]
COLUMNS = [
    *("study", "dataset", *ARM, "compared_with", "n", "n_images"),
    *("broken", "mended", "difference", "interval", "low", "high", "mcnemar_p"),
    *("broken_in_most", "worst_class", "worst_class_loss", "loss_by_class"),
]
_MOST = 8  # pictures an arm


class Pair(NamedTuple):
    """A pruned arm at a level, and the unpruned networks of the same replicates.

    Attributes:
        arm: study, dataset and the columns `ARM`.
        compared_with: dense, or control where the unpruned networks trained as long.
        pruned: bool [R, N]: whether a replicate's pruned network classified an image correctly.
        unpruned: bool [R, N], of the same replicates.
    """

    arm: dict[str, Any]
    compared_with: str
    pruned: np.ndarray
    unpruned: np.ndarray

    @property
    def lost_by_most(self) -> np.ndarray:
        """Images that most pruned networks get wrong and most unpruned ones right: bool [N]."""
        return np.asarray((self.pruned.mean(0) < 0.5) & (self.unpruned.mean(0) > 0.5))


def pairs(found: Outcomes) -> Iterator[Pair]:
    """Yield every pruned arm at every level, on clean images, with what it is compared with.

    Args:
        found: the outcomes of a study. Replicates that one side lacks are left out.
    """
    clean = found.rows[found.rows["noise"] == "none"]
    networks = clean[clean["criterion"] == "none"]
    by_network = dict(list(networks.groupby(["network", "fit", "schedule", "step"])))
    for key, rows in clean[clean["criterion"] != "none"].groupby(["study", "dataset", *ARM]):
        arm = dict(zip(["study", "dataset", *ARM], key, strict=True))
        place = arm["network"], arm["fit"]
        control = by_network.get((*place, arm["schedule"], arm["step"]))
        unpruned = by_network.get((*place, "none", 0)) if control is None else control
        if unpruned is None:
            continue
        both = rows.reset_index().merge(unpruned.reset_index(), on="replicate")
        if len(both):
            yield Pair(
                arm,
                "dense" if control is None else "control",
                found.correct[both["index_x"]],
                found.correct[both["index_y"]],
            )


def class_losses(pair: Pair, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return how many points of accuracy each class loses, mean over replicates: [classes].

    A class without images loses NaN.
    """
    loss = (pair.unpruned.astype(np.int64) - pair.pruned).sum(0)
    counts = np.bincount(labels, minlength=classes)
    with np.errstate(invalid="ignore"):
        per_image = np.bincount(labels, loss, classes) / counts
    return np.asarray(100 * per_image / len(pair.pruned))


def table(found: Outcomes, labels: np.ndarray, classes: int) -> pd.DataFrame:
    """Return `COLUMNS`, a row for every pruned arm and level.

    broken, mended: images that pruning turns wrong, and right, mean over n replicates. difference:
    pruned minus unpruned accuracy in points, with low and high, the 95 % interval for new images:
    `interval` is crossed for several replicates (`new_images.crossed`), newcombe for one, which
    also has mcnemar_p. broken_in_most: images that most pruned networks get wrong and most unpruned
    ones right. loss_by_class: points of accuracy that each class loses, separated by spaces.

    Args:
        found: the outcomes of a study.
        labels: classes of the images [N].
        classes: the number of classes.
    """
    rows = []
    for pair in pairs(found):
        losses = class_losses(pair, labels, classes)
        worst = int(np.nanargmax(losses))
        broken, mended = new_images.discordant(pair.unpruned, pair.pruned)
        n, images = pair.pruned.shape
        rows.append(
            pair.arm
            | {"compared_with": pair.compared_with, "n": n, "n_images": images}
            | {"broken": broken / n, "mended": mended / n}
            | _difference(pair)
            | {"broken_in_most": int(pair.lost_by_most.sum())}
            | {"worst_class": worst, "worst_class_loss": losses[worst]}
            | {"loss_by_class": " ".join(f"{each:.4g}" for each in losses)}
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _difference(pair: Pair) -> dict[str, Any]:
    if len(pair.pruned) > 1:
        found = new_images.crossed(pair.pruned, pair.unpruned)
        mean, low, high, p, interval = found.mean, found.low, found.high, np.nan, "crossed"
    else:
        [pruned], [unpruned] = pair.pruned, pair.unpruned
        mean, p = pruned.mean() - unpruned.mean(), new_images.mcnemar(pruned, unpruned)
        (low, high), interval = new_images.newcombe(pruned, unpruned), "newcombe"
    points = {"difference": 100 * mean, "interval": interval, "low": 100 * low, "high": 100 * high}
    return points | {"mcnemar_p": p}


def broken_images(
    found: Outcomes, images: np.ndarray, labels: np.ndarray
) -> tuple[files.Arrays, dict[str, Any]]:
    """Return the images that pruning breaks in most replicates, some for every arm and level.

    Args:
        found: the outcomes of a study.
        images: the evaluated images [N, C, H, W].
        labels: their classes [N].

    Returns:
        Arrays with an entry a picture: images [K, C, H, W]; position (in the evaluated file);
        label; wrong and right: how many pruned networks get it wrong, and how many unpruned ones
        right; row (of `arms`). At most 8 a row, those with most of both first. And `arms`: a list
        of `ARM` with n, difference (pruned minus unpruned accuracy, in points) and broken_in_most,
        all as in `table`.
    """
    chosen: list[tuple[int, int, int, int]] = []
    arms = []
    for row, pair in enumerate(pairs(found)):
        points = 100 * float(pair.pruned.mean() - pair.unpruned.mean())
        counts = {"n": len(pair.pruned), "broken_in_most": int(pair.lost_by_most.sum())}
        arms.append({name: pair.arm[name] for name in ARM} | counts | {"difference": points})
        wrong, right = (~pair.pruned).sum(0), pair.unpruned.sum(0)
        lost = np.flatnonzero(pair.lost_by_most)
        order = lost[np.argsort(-(wrong + right)[lost], kind="stable")][:_MOST]
        chosen += [(row, int(i), int(wrong[i]), int(right[i])) for i in order]
    names = ("row", "position", "wrong", "right")
    columns = np.array(chosen, dtype=np.int64).reshape(-1, len(names)).T
    arrays = dict(zip(names, columns, strict=True))
    position = arrays["position"]
    return arrays | {"images": images[position], "label": labels[position]}, {"arms": arms}
