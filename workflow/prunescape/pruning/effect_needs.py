"""Which measurements effects read; the workflow needs to know it when it is parsed.

A user's effect is a function in a file, whose parameters name what it reads; its source is read,
nothing is executed. Standard library only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.foundations import spelling, user_files
from prunescape.foundations.choices import choose

Config = Mapping[str, Any]

BUILT_IN: dict[str, frozenset[str]] = {
    "zero": frozenset(),
    "compensate": frozenset({"input_mean"}),
    "freeze": frozenset(),
    "recalibrate": frozenset({"statistics"}),
    "reconstruct": frozenset({"second_moment"}),
}
"""Effect of the library -> what is measured for it."""
PARAMETERS = {
    "weight": "the layer's weights",
    "mask": "which of them are kept, a boolean tensor of the weights' shape",
    "bias": "the layer's bias [replicates, out], or None if it has none",
    "input_mean": "mean of the layer's inputs over the training images",
    "second_moment": "mean of their products, matrices [replicates or 1, groups, inputs, inputs]",
}
"""Name of a parameter of a user's effect -> what it is given, for a layer [replicates, out, in,
...]."""
FIRST = ["weight", "mask"]

MOMENTS = {"input_mean"}
"""What the rule `measure` computes."""
ON_IMAGES = {"statistics", "second_moment"}
"""What the evaluation measures on the training images."""


def of(config: Config, effect: str) -> frozenset[str]:
    """Return what an effect of the config reads; ValueError for another name."""
    own = config.get("effects", {})
    choose(dict.fromkeys(["none", *BUILT_IN, *own]), effect, "effect")
    return of_user(own[effect]) if effect in own else BUILT_IN.get(effect, frozenset())


def of_user(named: str) -> frozenset[str]:
    """Return what a function in a user's file reads beside weight and mask.

    Args:
        named: path/to/file.py:function.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or no effect.
    """
    known = ", ".join(list(PARAMETERS)[2:])
    return user_files.reads(named, PARAMETERS, FIRST, f"any of {known}")


def files(config: Config, effects: Iterable[str]) -> list[str]:
    """Return the user's files that hold any of these effects."""
    own = config.get("effects", {})
    return list(dict.fromkeys(user_files.split(own[name])[0] for name in effects if name in own))


def spelled(config: Config, effects: Iterable[str]) -> list[str]:
    """Return those of `effects` that are the user's, as scripts take them: with their functions."""
    own = config.get("effects", {})
    return [spelling.spell(name, own[name]) for name in dict.fromkeys(effects) if name in own]
