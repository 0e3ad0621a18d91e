"""The import closure of a script or a user's file: all source files that it runs.

Rules declare these files as inputs, so an edited module reruns exactly the rules whose scripts
import it. Nothing is executed; imports inside functions count too. Standard library only.
"""

import sys
from functools import cache
from pathlib import Path

from prunescape.foundations import known_imports, local_imports


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


def libraries(script: str | Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return what importing a script's code imports of libraries: modules and names from them.

    The names may be modules, too. Python's own library isn't among them, nor are imports inside
    functions. Raises ValueError as `code` does.
    """
    files = code(script)
    own = {file.stem for file in files} | {local_imports.LIBRARY.name} | sys.stdlib_module_names
    found: dict[str, set[str]] = {}
    for each in (each for file in files for each in known_imports.of(file).at_top):
        if not each.level and each.module[0] not in own:
            found.setdefault(".".join(each.module), set()).update(each.names)
    return [(module, tuple(sorted(found[module]))) for module in sorted(found)]
