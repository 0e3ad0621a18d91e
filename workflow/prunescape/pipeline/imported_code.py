"""Which files of the library a script runs: the import closure, read from the source.

Rules declare it as input, so an edited module reruns exactly the rules whose scripts import it.
Nothing is executed; imports inside functions count too. Standard library only.
"""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def code(script: str | Path) -> list[Path]:
    """Return a script and every project file that it imports, directly or not, in sorted order.

    The script comes first. Looked for are modules beside the script and modules of this package.
    """
    start = Path(script).resolve()
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported(path))
    return [start, *sorted(found - {start})]


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    names, inside = set(), path.is_relative_to(PACKAGE.parent)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level and not inside:
            continue  # a file of the user is in no package: the import will fail
        elif isinstance(node, ast.ImportFrom):
            # A relative import starts in the module's own package, or above it.
            own = path.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
            module = ".".join([*own, *([node.module] if node.module else [])])
            # `from package import name`: the name may be a module of the package, or not.
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    files = [file for name in names for file in _files(path.parent, name)]
    return tuple(sorted(files))


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files that importing `name` runs: packages on the way, and the module itself."""
    parts = name.split(".")
    root = PACKAGE.parent if parts[0] == PACKAGE.name else folder
    files = [root.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    files.append(root.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.is_file()]
