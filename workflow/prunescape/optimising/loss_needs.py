"""What a loss in a user's file may read; the workflow needs to know it when it is parsed.

A loss is a function in a file, `objective.loss` of a fit; its source is read, nothing is executed.
Standard library only.
"""

from collections.abc import Mapping
from typing import Any

from prunescape.foundations import user_files

PARAMETERS = {
    "logits": "the networks' outputs [replicates, images, classes]",
    "labels": "the images' classes [replicates, images]",
    "weights": "layer -> the prunable weights [replicates, out, in, ...]",
}
"""Name of a parameter of a user's loss -> what it is given."""
FIRST = ["logits", "labels"]


def of_user(named: str) -> frozenset[str]:
    """Return what a function in a user's file reads beside logits and labels.

    Args:
        named: path/to/file.py:function.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or no loss.
    """
    return user_files.reads(named, PARAMETERS, FIRST, "weights")


def files(objective: Mapping[str, Any]) -> list[str]:
    """Return the user's file with the loss of a fit's objective; [] if it has none."""
    return [user_files.split(objective["loss"])[0]] if "loss" in objective else []
