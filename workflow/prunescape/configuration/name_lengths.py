"""Limits on names and levels that become folders."""

import re
from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import mapping
from prunescape.configuration.words import Place, Problem, shown

LONGEST = 100
"""The most bytes of a name: file systems take 255, tools add some; a path has about ten names."""
BLOCKS = (
    "catalogue",
    "datasets",
    "networks",
    "criteria",
    "effects",
    "noises",
    "exports",
    "sources",
)
"""Blocks whose keys are names; in the catalogue, values are names and levels too."""


def check_lengths(config: dict[Any, Any]) -> Iterator[Problem]:
    """Report names and levels that are too long for paths, or that Snakemake's wildcards refuse."""
    found: list[tuple[Place, Any]] = [(("run",), config.get("run"))]
    found += [
        ((block, name), name) for block in BLOCKS for name in mapping(config.get(block)) if name
    ]
    found += _texts(("catalogue",), config.get("catalogue"))
    for place, text in found:
        if not isinstance(text, str):
            continue
        if len(text.encode(errors="replace")) > LONGEST:
            what = f"found a name of {len(text)} characters; allowed: at most {LONGEST}"
            yield _short(place), f"{what}, as it becomes a folder"
        elif place != ("run",) and re.search(r"(.+)\1{19}$", text):  # a wildcard's value
            what = f"found {shown(text)}, which ends in 20 times the same"
            yield _short(place), f"{what}; allowed: a name that Snakemake doesn't take for a circle"


def _texts(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    """Yield keys and texts at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key), key
            yield from _texts((*place, key), inner)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _texts((*place, i), inner)
    else:
        yield place, value


def _short(place: Place) -> Place:
    """Return a place with long names cut, so that it fits on a line."""
    return tuple(
        f"{part[:20]}..." if isinstance(part, str) and len(part) > LONGEST else part
        for part in place
    )
