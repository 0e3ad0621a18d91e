"""Measure the library's structure: rooms, who imports whom, the longest files and functions.

    python tools/house.py           # of workflow/prunescape
    python tools/house.py FOLDER    # of another package, an older checkout's for one

A room is a folder of the package; a module that lies beside the rooms counts as a room of its own.
Read from the source, nothing is imported.
"""

import argparse
import ast
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

LIBRARY = Path(__file__).resolve().parents[1] / "workflow" / "prunescape"

FLOORS = (
    ("foundations",),
    ("networks", "pipeline", "data"),
    ("optimising", "running"),
    ("fitting",),
    ("pruning", "scoring"),
    ("evaluation", "exports"),
    ("verdicts",),
    ("jobs", "report"),
    ("configuration", "drawing"),
    ("explorer", "figures", "label"),
)
"""The rooms from the ground up: a module imports from its own room and from floors below it."""


class Import(NamedTuple):
    """One module that imports another of the package; both are paths below it."""

    importer: Path
    imported: Path


class Function(NamedTuple):
    """A function or method and how many lines it has, its docstring among them."""

    lines: int
    path: Path
    name: str


def modules(package: Path) -> list[Path]:
    """Return the modules of a package, as paths below it, in order."""
    return sorted(path.relative_to(package) for path in package.rglob("*.py"))


def room(module: Path) -> str:
    """Return the room of a module: its folder, or its own name where it lies beside the rooms."""
    return module.parts[0] if len(module.parts) > 1 else module.stem


def imports(package: Path) -> set[Import]:
    """Return which modules of a package import which others, inside functions too."""
    there = set(modules(package))
    found = set()
    for module in there:
        for name in _names(ast.parse((package / module).read_text(encoding="utf-8"))):
            parts = name.split(".")
            if parts[0] == package.name and len(parts) > 1:
                imported = Path(*parts[1:]).with_suffix(".py")
                if imported in there and imported != module:
                    found.add(Import(module, imported))
    return found


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(found: set[Import]) -> Counter[tuple[str, str]]:
    """Return how many modules of a room import from another: (importer, imported) -> number."""
    pairs = {(each.importer, room(each.importer), room(each.imported)) for each in found}
    return Counter((start, end) for _, start, end in pairs if start != end)


def circle(found: Counter[tuple[str, str]]) -> list[str]:
    """Return rooms that import each other in a circle, the first again at the end; [] if none."""
    graph = defaultdict(set)
    for importer, imported in found:
        graph[importer].add(imported)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        rooms: list[str] = error.args[1]
        return rooms
    return []


def upward(found: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the arrows that don't lead to a floor below, and those of rooms that have no floor."""
    floor = {name: i for i, names in enumerate(FLOORS) for name in names}
    return sorted(
        (start, end)
        for start, end in found
        if start not in floor or end not in floor or floor[end] >= floor[start]
    )


def functions(package: Path) -> list[Function]:
    """Return the functions and methods of a package, the longest first."""
    found = [
        Function(node.end_lineno - node.lineno + 1, module, node.name)
        for module in modules(package)
        for node in ast.walk(ast.parse((package / module).read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    ]
    return sorted(found, key=lambda each: (-each.lines, each.path, each.name))


def report(package: Path) -> Iterator[str]:
    """Yield the lines that describe a package."""
    there = modules(package)
    files = Counter(room(module) for module in there if module != Path("__init__.py"))
    found = imports(package)
    between = arrows(found)
    yield f"{len(there)} files in {len(files)} rooms"
    yield f"{len(found)} imports between files, {len(between)} arrows between rooms"
    for name, count in sorted(files.items()):
        to = sorted(end for start, end in between if start == name)
        yield f"  {name:14} {count:3} files{' -> ' if to else ''}{', '.join(to)}"
    around = circle(between)
    yield f"circle: {' -> '.join(around) or 'none'}"
    on_floors = files.keys() & set(itertools.chain(*FLOORS))
    if 2 * len(on_floors) > len(files):  # an older checkout has other rooms
        up = [f"{start} -> {end}" for start, end in upward(between)]
        yield f"arrows that don't lead down: {', '.join(up) or 'none'}"
    lengths = {module: len((package / module).read_text().splitlines()) for module in there}
    yield "longest files:"
    for module in sorted(lengths, key=lengths.__getitem__, reverse=True)[:5]:
        yield f"  {lengths[module]:4} {module}"
    yield "longest functions:"
    for each in itertools.islice(functions(package), 5):
        yield f"  {each.lines:4} {each.path}: {each.name}"


def main() -> None:
    """Parse the arguments, print the measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, nargs="?", default=LIBRARY, metavar="FOLDER")
    print("\n".join(report(parser.parse_args().package.resolve())))


if __name__ == "__main__":
    main()
