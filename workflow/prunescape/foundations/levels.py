"""Levels: the strings in the config, the numbers that they mean, and the exact k.

A level is a share of weights to remove, "0.90", or a compression, "68x" (one weight in 68 is kept:
1 - 1/68), or under selection = threshold any number, "-1.5". The config and paths keep the string
that the user wrote; arithmetic is done on fractions, so k never depends on how a binary float
rounds. Standard library only.
"""

import re
from decimal import Decimal
from fractions import Fraction
from math import floor

from prunescape.foundations.choices import choose

PATTERN = r"-?\d+(\.\d+)?|[1-9]\d*x"
"""A regular expression that matches every level, for wildcards and the config's schema."""


def fraction(level: str) -> Fraction:
    """Return the exact number that the string `level` means.

    Raises:
        ValueError: `level` is neither a plain decimal number nor a whole compression.
    """
    if not isinstance(level, str) or not re.fullmatch(PATTERN, level, flags=re.ASCII):
        raise ValueError(
            f'level {level!r}: expected a string such as "0.90", or "68x" for one weight kept of '
            "68 (config key levels; quote it, YAML reads 0.90 as a number)"
        )
    if level.endswith("x"):
        return 1 - Fraction(1, int(level[:-1]))
    return Fraction(level)


def number(level: str) -> float:
    """Return the float64 that the table has for the string `level`."""
    return float(fraction(level))


def shortest(level: str) -> str:
    """Return the shortest spelling of a decimal number: "0.3" for "0.30"."""
    return f"{Decimal(level).normalize():f}"


def share(level: str | Decimal) -> Fraction:
    """Return `level` exactly; unlike a threshold it must be a share of weights, in [0, 1].

    Raises:
        ValueError: not a level, or outside [0, 1].
    """
    exact = Fraction(level) if isinstance(level, Decimal) else fraction(level)
    if not 0 <= exact <= 1:
        raise ValueError(
            f"level {level}: expected a share of weights in [0, 1] (config key levels)"
        )
    return exact


def count(level: str | Decimal, units: int, rounding: str = "nearest") -> int:
    """Return k = level * units, rounded as `rounded` does.

    `units` >= 0 is the number of weights (or units) in the scope; k of them are removed or frozen.
    """
    return rounded(share(level), units, rounding)


def rounded(part: Fraction, units: int, rounding: str = "nearest") -> int:
    """Return `part` * `units` as an integer: the nearest, of two the even one, or that below.

    `rounding` is nearest or down.
    """
    if units < 0:
        raise ValueError(f"{units} units: expected a number >= 0")
    exact = part * units
    return choose({"nearest": round(exact), "down": floor(exact)}, rounding, "rounding")


def recover(value: float) -> Fraction:
    """Return the exact level behind a float64 of the table: the inverse of `number`.

    It is the compression whose float is `value`, if there is one, as its decimal may never end;
    otherwise the shortest decimal that reads as `value`, which is the config's.
    """
    if 0 <= value < 1:
        compression = 1 - Fraction(1, round(1 / (1 - value)))
        if float(compression) == value:
            return compression
    return Fraction(repr(float(value)))
