"""What a label says of clean images: every way of pruning, what was chosen, what it breaks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.evaluation.outcomes import Outcomes
from prunescape.label import choosing, losses, methods
from prunescape.label.choosing import Choice
from prunescape.label.methods import Method
from prunescape.report import new_images

MEASURES = ("accuracy", "nll", "ece", "brier")


def compared(
    found: Outcomes, labels: np.ndarray, names: Sequence[str], limits: Sequence[float], seed: int
) -> dict[str, Any]:
    """Compare all ways of pruning a study's networks, and choose among them.

    Args:
        found: the outcomes of the study.
        labels: classes of the images [N].
        names: of the classes.
        limits: points of accuracy that may be lost, rising.
        seed: decides which half of the images chooses.

    Returns:
        As JSON. images: how many are evaluated, choose, and state. choosing: a bit an image, 1 if
        it chooses, packed (numpy.packbits), in hexadecimal digits. networks: how many. weights: how
        many are prunable. unpruned: `MEASURES`. methods: `methods.NAMES`, control, and points:
        step, level, loss and at_most (points), broken, mended (images; means over networks),
        `MEASURES`; largest: for every limit the largest level shown to be below it, or None.
        choices: as `choosing.Choice`, with levels. detail: what is looked at closer, or None: the
        choice for the middle limit (where nothing is shown for it: for a larger one) with which
        classes lose, and for one network McNemar's p.
    """
    replicates, unpruned, ways = methods.read(found)
    parts = choosing.halves(len(labels), seed)
    choices = choosing.choose(unpruned, ways, limits, parts)
    rows = found.rows[found.rows["replicate"].isin(replicates)]
    base = rows[(rows["criterion"] == "none") & (rows["schedule"] == "none")]
    base = base[(base["noise"] == "none") & (base["prediction"] == "mean")]
    return {
        "images": {"evaluated": len(labels), "choosing": len(parts[0]), "stating": len(parts[1])},
        "choosing": np.packbits(np.isin(np.arange(len(labels)), parts[0])).tobytes().hex(),
        "networks": len(unpruned),
        "weights": int(base["total_weights"].iloc[0]),
        "unpruned": _measures(base),
        "methods": [_method(rows, unpruned, each, limits) for each in ways],
        "choices": [_choice(each, ways) for each in choices],
        "detail": _detail(unpruned, ways, _looked_at(choices), labels, names),
    }


def under_noise(measured: Sequence[Mapping[str, Any]], images: int) -> list[dict[str, Any]]:
    """Return what pruning costs under noise.

    Args:
        measured: as from `measuring.under_noise`.
        images: how many were evaluated.

    Returns:
        For every condition: noise, level, unpruned and pruned (accuracy, means over networks), and
        the loss there (points, at_most; see `losses`).
    """
    found = []
    for each in measured:
        before, after = (
            np.stack([_unpacked(digits, images) for digits in each[side]])
            for side in ("unpruned", "pruned")
        )
        accuracies = {"unpruned": float(before.mean()), "pruned": float(after.mean())}
        named = {"noise": each["noise"], "level": each["level"]}
        found.append(named | accuracies | losses.loss(before, after)._asdict())
    return found


def _unpacked(digits: str, images: int) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8), count=images)
    return bits.astype(bool)


def _measures(rows: pd.DataFrame) -> dict[str, float]:
    return {name: float(rows[name].mean()) for name in MEASURES}


def _method(
    rows: pd.DataFrame, unpruned: np.ndarray, way: Method, limits: Sequence[float]
) -> dict[str, Any]:
    found = choosing.of(unpruned, way, slice(None))
    chosen = (rows["noise"] == "none") & (rows["prediction"] == "mean")
    for name, value in way.names.items():
        chosen &= rows[name] == value
    own, points = rows[chosen], []
    for (step, level), loss, correct in zip(way.points, found, way.correct, strict=True):
        broken, mended = new_images.discordant(unpruned, correct)
        here = own[(own["step"] == step) & (own["level"] == level)]
        points.append(
            {"step": step, "level": level, **loss._asdict()}
            | {"broken": broken / len(unpruned), "mended": mended / len(unpruned)}
            | _measures(here)
        )
    reached = [losses.last_within(found, limit) for limit in limits]
    largest = [None if point is None else way.points[point][1] for point in reached]
    return way.names | {
        "control": way.is_control,
        "points": points,
        "largest": [{"limit": each, "level": at} for each, at in zip(limits, largest, strict=True)],
    }


def _choice(choice: Choice, ways: Sequence[Method]) -> dict[str, Any]:
    shown: dict[str, Any] = {"limit": choice.limit, "method": choice.method, "level": None}
    if choice.method is None or choice.point is None or choice.loss is None:
        return shown
    step, level = ways[choice.method].points[choice.point]
    return shown | {"step": step, "level": level} | choice.loss._asdict()


def _looked_at(choices: Sequence[Choice]) -> Choice:
    """Return the choice for the middle limit or, if it shows nothing, a larger one that does."""
    upper = choices[(len(choices) - 1) // 2 :]
    return next((each for each in upper if each.point is not None), upper[0])


def _detail(
    unpruned: np.ndarray,
    ways: Sequence[Method],
    choice: Choice,
    labels: np.ndarray,
    names: Sequence[str],
) -> dict[str, Any] | None:
    """Return what pruning breaks at the sparsity that was chosen for a limit, on all images."""
    if choice.method is None or choice.point is None:
        return None
    way = ways[choice.method]
    (step, level), pruned = way.points[choice.point], way.correct[choice.point]
    broken, mended = new_images.discordant(unpruned, pruned)
    lost = (unpruned.astype(np.int64) - pruned).sum(0)
    classes = []
    for number, name in enumerate(names):
        of_class = labels == number
        count = int(of_class.sum())
        points = 100 * float(lost[of_class].sum()) / count / len(unpruned) if count else None
        classes.append({"name": name, "images": count, "loss": points})
    found = {"method": choice.method, "limit": choice.limit, "step": step, "level": level}
    p = new_images.mcnemar(unpruned[0], pruned[0]) if len(unpruned) == 1 else None
    return (
        found
        | losses.loss(unpruned, pruned)._asdict()
        | {"broken": broken / len(unpruned), "mended": mended / len(unpruned)}
        | {"mcnemar_p": p, "classes": classes}
    )
