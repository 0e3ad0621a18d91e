"""Files of weights that others wrote: what is in them, or what they are if it can't be read."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from prunescape.foundations.messages import one_line

LONG = b"\x8a"
"""pickle's long integer, with which torch.save began its files before they were zip archives."""


@contextlib.contextmanager
def opened(path: str | os.PathLike, framework: str) -> Iterator[Any]:
    """Open a safetensors file, as `safetensors.safe_open` does for a framework.

    Raises:
        ValueError: in one line, also from within the block, if it is no whole safetensors file.
        OSError: with the path, if it can't be read.
    """
    try:
        with safe_open(path, framework=framework) as found:
            yield found
    except (SafetensorError, TypeError) as error:
        broken = f"not a whole safetensors file ({one_line(error)})"
        raise ValueError(f"{path}: {_other_kind(path) or broken}") from None
    except OSError as error:
        named = "" if str(path) in str(error) else f"{path}: "
        raise type(error)(f"{named}{error}") from None


def names(path: str | os.PathLike) -> list[str]:
    """Return the names of a file's tensors, of whatever type; errors as of `opened`."""
    with opened(path, "numpy") as found:
        return list(found.keys())


def _other_kind(path: str | os.PathLike) -> str:
    """Return what a file is that has weights of another kind, "" if that can't be told."""
    with Path(path).open("rb") as file:
        begin = file.read(3)
    if not begin:
        return "found an empty file; allowed: safetensors"
    # A pickle names its protocol, and an operation follows. Safetensors begin with the length of
    # their header, whose third byte is 0 up to 64 kB.
    is_pickle = begin[:1] == b"\x80" and begin[1:2] <= b"\x05" and begin[2:] not in (b"", b"\0")
    if begin[:2] == b"PK" or (is_pickle and begin[2:] == LONG):
        return (
            "found a file of torch.save with another ending; allowed: safetensors, which "
            f"`python tools/convert.py {path} NEW.safetensors` makes of it"
        )
    if is_pickle:
        return (
            "found a pickle, which nothing here reads; allowed: safetensors, as tools/convert.py "
            "makes of what torch.save(state_dict, PATH) writes"
        )
    return ""
