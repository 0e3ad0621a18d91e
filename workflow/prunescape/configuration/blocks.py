"""Read blocks of an unchecked configuration; values of a wrong type are left out."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from prunescape.configuration.words import Place, Problem, listed, nearest, shown
from prunescape.foundations import levels


def mapping(value: Any) -> dict[Any, Any]:
    """Return a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def blocks_in(value: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """Return (key or position, block) for the blocks in a mapping or a list."""
    pairs = enumerate(value) if isinstance(value, list) else mapping(value).items()
    return [(key, block) for key, block in pairs if isinstance(block, dict)]


def texts_in(value: Any) -> list[tuple[int, str]]:
    """Return the entries of a list that are text, with their positions."""
    entries = value if isinstance(value, list) else []
    return [(i, entry) for i, entry in enumerate(entries) if isinstance(entry, str)]


def texts_of(value: Any) -> list[str]:
    """Return the entries of a list that are text."""
    return [entry for _, entry in texts_in(value)]


def levels_in(value: Any) -> list[tuple[int, str, Fraction]]:
    """Return the entries of a list that are levels: position, spelling, meaning."""
    numbers = []
    for i, level in texts_in(value):
        with contextlib.suppress(ValueError):
            numbers.append((i, level, levels.fraction(level)))
    return numbers


def unknown_name(place: Place, name: Any, block: Any, of: str) -> Iterator[Problem]:
    """Report a name that isn't a key of a block; `of` describes the block's keys in the message."""
    if isinstance(block, dict) and isinstance(name, str) and name not in block:
        names = listed(block) or "none is defined"
        yield place, f"found {shown(name)}{nearest(name, block)}; allowed: {of} ({names})"


def is_given(fit: Any) -> bool:
    """Return whether a fit's weights are files of the user."""
    return mapping(fit).get("kind") == "given"


def objective_kind(fit: Any) -> Any:
    """Return the kind of a fit's objective, or None; given weights are a posterior or are not."""
    if is_given(fit):
        return "variational" if fit.get("posterior") is True else "likelihood"
    return mapping(mapping(fit).get("objective")).get("kind")


def step_levels(schedule: Any) -> list[tuple[int, str, Fraction]]:
    """Return the levels of a chain or a gradual schedule: step, spelling, meaning."""
    steps = mapping(schedule).get("steps")
    if mapping(schedule).get("kind") == "gradual":
        steps = [[schedule.get("level")]]  # those before are lower
    pairs = enumerate(steps) if isinstance(steps, list) else ()
    firsts = [(i, step[0]) for i, step in pairs if isinstance(step, list) and step]
    return [(i, *number[1:]) for i, level in firsts for number in levels_in([level])]


def optimiser_kind(fit: Any) -> Any:
    """Return the kind of a fit's optimiser, or None."""
    return mapping(mapping(fit).get("optimiser")).get("kind")


def level_values(value: Any) -> set[Fraction]:
    """Return the levels of a list as numbers."""
    return {number for _, _, number in levels_in(value)}


def repeated_levels(place: Place, entries: Any) -> Iterator[Problem]:
    """Report levels that mean the same number, such as "0.9" and "0.90"."""
    seen: dict[Fraction, tuple[int, str]] = {}
    for i, level, value in levels_in(entries):
        first, spelling = seen.setdefault(value, (i, level))
        if first != i:
            text = f"found {shown(level)}, the same as {shown(spelling)} in [{first}]"
            yield (*place, i), f"{text}; allowed: each level once"
