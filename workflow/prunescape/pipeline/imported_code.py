"""The import closure of a script or a user's file: all source files that it runs.

Rules declare these files as inputs, so an edited module reruns exactly the rules whose scripts
import it. Nothing is executed; imports inside functions count too. So do files of data in a user's
folder that the source names. Standard library only.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.machinery import all_suffixes
from pathlib import Path

from prunescape.foundations import known_imports, local_imports, python_source

CODE = frozenset(all_suffixes())
"""Endings of what Python imports, which counts if it is imported."""


def code(script: str | Path) -> list[Path]:
    """Return a file and all files of its folder and of the library that it imports, at any depth.

    With them are files of data in a user's folder whose names stand in its source as texts, such as
    "data/filters.txt", or "data" and "filters.txt". The file itself comes first, the others in
    sorted order. The answer is cached, so an edit while the workflow runs counts from the next run
    on.

    Raises:
        ValueError: if one of the files can't be read, or is no Python.
    """
    return list(_code(Path(script).resolve()))


@cache
def _code(start: Path) -> tuple[Path, ...]:
    found = local_imports.closure(start)
    return start, *sorted((found | _data(start, found)) - {start})


def _data(start: Path, sources: Iterable[Path]) -> set[Path]:
    """Return the files of data in the folder of a user's file that the sources name."""
    root, library = start.parent, local_imports.LIBRARY
    if root.is_relative_to(library.parent):
        return set()
    found: set[Path] = set()
    for source in sources:
        if source.suffix != ".py" or source.is_relative_to(library):
            continue
        texts = {text.lstrip("/") for text in python_source.texts(source)}
        folders = {source.parent, root}
        folders |= {each / text for each in list(folders) for text in texts}
        for folder in filter(os.path.isdir, folders):
            found |= {Path(os.path.normpath(folder / text)) for text in texts}
    # Path.is_file would raise for a text that is too long to be a path.
    kept = {each for each in found if each.suffix not in CODE and os.path.isfile(each)}  # noqa: PTH113
    return {each for each in kept if each.is_relative_to(root)}


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
