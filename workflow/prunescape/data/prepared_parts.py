"""The parts of a prepared data set, a file each, which its settings in the config decide.

The workflow imports this module when it is parsed, so it needs the standard library only.
"""

from collections.abc import Mapping
from typing import Any

LEARNT = ("train", "validation")
"""What networks are trained on; a training that looks at validation images doesn't learn them."""
CALIBRATION = "calibration"
"""Images that only statistics of given networks are measured on, and that nothing evaluates."""
ALL = (*LEARNT, CALIBRATION, "test")


def learns(dataset: Mapping[Any, Any]) -> bool:
    """Return whether a data set has images to learn from: not with `train: 0`."""
    train = dataset.get("train")
    return type(train) is not int or train != 0


def sets_apart(dataset: Mapping[Any, Any]) -> bool:
    """Return whether a data set has images for calibration."""
    return "calibration" in dataset


def of(dataset: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the parts that a data set has, in their order.

    Without images to learn from the calibration part is always there. It has no image if none are
    set apart, and tells what a given network must know even so: the images' shape, the classes.
    """
    if learns(dataset):
        return tuple(part for part in ALL if part != CALIBRATION or sets_apart(dataset))
    return (CALIBRATION, "test")
