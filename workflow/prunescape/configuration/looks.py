"""Check of the config's block `verdicts`: looks, shares and alpha go together."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import mapping
from prunescape.configuration.words import Problem
from prunescape.verdicts.looks import stated


def check_looks(verdicts: Any) -> Iterator[Problem]:
    """Check that looks ascend, and that their shares of alpha are as many and add up to 1."""
    block = mapping(verdicts)
    numbers = [block.get("alpha")]
    for key in ("looks", "shares"):
        numbers += block[key] if isinstance(block.get(key), list) else [None]
    if not all(type(each) in (int, float) for each in numbers):
        return  # the schema reports it
    try:
        stated(block)
    except ValueError as error:
        key, text = str(error).split(": ", 1)
        yield ("verdicts", key), text.removesuffix(f" (config key verdicts.{key})")
