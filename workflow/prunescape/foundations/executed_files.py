"""Note the files whose code Python executes, whatever executes it. Standard library only."""

import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_noted: list[list[str]] = []


@contextlib.contextmanager
def noted() -> Iterator[list[str]]:
    """Yield a list that gets the file of every module or text that is executed in the block."""
    _install()
    names: list[str] = []
    _noted.append(names)
    try:
        yield names
    finally:
        _noted.remove(names)


def inside(folder: Path, names: list[str]) -> set[Path]:
    """Return the noted files that lie in a folder, but in none of `sys.path` inside of it.

    Args:
        folder: the folder, resolved.
        names: what `noted` yielded; names of no file, such as <string>, are left out.
    """
    installed = [Path(each).resolve() for each in sys.path]
    installed = [each for each in installed if each != folder and each.is_relative_to(folder)]
    files = {Path(name).resolve() for name in set(names) if Path(name).is_file()}
    return {
        file
        for file in files
        if file.is_relative_to(folder) and not any(file.is_relative_to(each) for each in installed)
    }


@functools.cache
def _install() -> None:
    sys.addaudithook(_hear)  # it can't be taken off again


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "exec" and _noted:
        # Not later: the code that is executed may change the working folder.
        name = str(Path(getattr(arguments[0], "co_filename", "")).absolute())
        for names in _noted:
            names.append(name)
