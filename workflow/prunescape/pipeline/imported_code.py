"""Which files a script or a user's file runs: the import closure, read from the source.

Rules declare it as input, so an edited module reruns exactly the rules whose scripts import it.
Nothing is executed; imports inside functions count too. Standard library only.
"""

from functools import cache
from pathlib import Path

from prunescape.foundations import local_imports


def code(script: str | Path) -> list[Path]:
    """Return a file and every file of its folder and of the library that it imports, or those do.

    The file itself comes first, the others in sorted order. A file is looked at once: an edit
    while the workflow runs is the next run's matter.

    Raises:
        ValueError: if one of the files can't be read, or is no Python.
    """
    return list(_code(Path(script).resolve()))


@cache
def _code(start: Path) -> tuple[Path, ...]:
    return start, *sorted(local_imports.closure(start) - {start})
