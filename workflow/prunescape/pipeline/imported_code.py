"""The import closure of a script or a user's file: all source files that it runs.

Rules declare these files as inputs, so an edited module reruns exactly the rules whose scripts
import it. Nothing is executed; imports inside functions count too. Standard library only.
"""

from functools import cache
from pathlib import Path

from prunescape.foundations import local_imports


def code(script: str | Path) -> list[Path]:
    """Return a file and all files of its folder and of the library that it imports, at any depth.

    The file itself comes first, the others in sorted order. The answer is cached, so an edit while
    the workflow runs counts from the next run on.

    Raises:
        ValueError: if one of the files can't be read, or is no Python.
    """
    return list(_code(Path(script).resolve()))


@cache
def _code(start: Path) -> tuple[Path, ...]:
    return start, *sorted(local_imports.closure(start) - {start})
