"""The import closure of a file: the files of its folder and of this library that it imports.

Python's path finder looks the modules up: packages and the modules in them, namespace packages,
compiled modules. Nothing is executed. Standard library only.
"""

import functools
from collections.abc import Iterable, Iterator
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    FrozenImporter,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from sys import builtin_module_names
from typing import NamedTuple

from prunescape.foundations import known_imports, python_source

LIBRARY = Path(__file__).resolve().parents[1]


class Module(NamedTuple):
    """A file that is run as a module."""

    file: Path
    package: tuple[str, ...]
    """The package that relative imports start from; empty for a module beside the first file."""
    root: Path
    """The folder in which the first part of its name is looked up."""
    name: tuple[str, ...] = ()
    """The parts of its dotted name; empty for the first file."""


@functools.cache
def _finder(folder: str) -> FileFinder:
    return FileFinder(
        folder,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (SourceFileLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def find(name: str, folders: Iterable[str]) -> ModuleSpec | None:
    """Return the spec that Python finds in `folders` for a module without its packages, or None."""
    portions: list[str] = []
    for folder in folders:
        spec = _finder(folder).find_spec(name)
        if spec and spec.loader:
            return spec
        portions += spec.submodule_search_locations or [] if spec else []
    if not portions:
        return None
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = portions
    return namespace


def is_local(name: str, folder: Path) -> bool:
    """Return whether a file in `folder` that imports a top-level name gets it from that folder.

    The file counts as run as a program: Python searches its folder first, but after the built-in
    modules; a folder without `__init__.py` gives way to a package elsewhere.
    """
    if name == LIBRARY.name or name in builtin_module_names or FrozenImporter.find_spec(name):
        return False
    spec = find(name, [str(folder)])
    if spec and not spec.loader:
        elsewhere = PathFinder.find_spec(name)
        return not (elsewhere and elsewhere.has_location)
    return spec is not None


def first(file: Path) -> Module:
    """Return a file, resolved, as the module in which a closure starts."""
    if file.is_relative_to(LIBRARY):
        return Module(file, file.parent.relative_to(LIBRARY.parent).parts, LIBRARY.parent)
    return Module(file, (), file.parent)


def closure(start: Path) -> frozenset[Path]:
    """Return a file and all files of its folder and of this library that importing it may run.

    Imports inside functions count, and so do calls of `import_module` with the name as a literal; a
    computed name can't be known.

    Args:
        start: the file, resolved.

    Raises:
        ValueError: if one of the files can't be read or is no Python, with the line; or if it
            imports this library where a module beside it has the library's name.
    """
    found = {first(start)}
    waiting = list(found)
    while waiting:
        module = waiting.pop()
        of_library = module.root == LIBRARY.parent
        more = (_imported_by_library if of_library else _imported)(module) - found
        found |= more
        waiting += more
    return frozenset(module.file for module in found)


def _imported(module: Module) -> frozenset[Module]:
    """Return the local modules that a module imports."""
    return frozenset(_looked_up(module))


# A user's files may change while the process lives, as in a notebook; the library doesn't.
_imported_by_library = functools.cache(_imported)


def _looked_up(module: Module) -> Iterator[Module]:
    if module.file.suffix not in SOURCE_SUFFIXES:
        return
    for each in known_imports.of(module.file).everywhere:
        if place := _place(module, each):
            name, root = place
            yield from _chain(name, root)
            yield from _submodules(name, each.names, root)


def imported_from(module: Module, each: python_source.Import) -> Module | None:
    """Return the module from which an import in `module` takes names; None if it isn't local."""
    place = _place(module, each)
    found = list(_chain(*place)) if place else []
    return found[-1] if found and place and len(found[-1].name) == len(place[0]) else None


def _place(module: Module, each: python_source.Import) -> tuple[tuple[str, ...], Path] | None:
    """Return an imported module's full name and root folder; None if it isn't local."""
    if each.level:
        kept = len(module.package) - each.level + 1
        # Python's error: no known parent package.
        return ((*module.package[:kept], *each.module), module.root) if kept > 0 else None
    if each.module[0] == LIBRARY.name:
        _refuse_namesake(module)
        return each.module, LIBRARY.parent
    own = module.root != LIBRARY.parent and is_local(each.module[0], module.root)
    return (each.module, module.root) if own else None


def _refuse_namesake(module: Module) -> None:
    """Refuse a module that imports this library where another one beside it has its name."""
    beside = find(LIBRARY.name, [str(module.root)])
    if beside and beside.origin and Path(beside.origin).resolve().parent != LIBRARY:
        raise ValueError(
            f"{module.file} imports {LIBRARY.name}, which may be this library or {beside.origin}; "
            "allowed: another name for that file"
        )


def _chain(name: tuple[str, ...], root: Path) -> Iterator[Module]:
    """Yield a module's parent packages, outermost first, and the module; only those with files."""
    for end, spec in enumerate(_specs(name, root), 1):
        if spec.origin:
            yield _of_spec(spec, name[:end], root)


def _specs(name: tuple[str, ...], root: Path) -> Iterator[ModuleSpec]:
    """Yield the specs of a dotted name's parts, outermost first; stop at a part that is missing."""
    folders: list[str] = [str(root)]
    for part in name:
        spec = find(part, folders)
        if not spec:
            return
        yield spec
        folders = spec.submodule_search_locations or []


def _submodules(name: tuple[str, ...], taken: Iterable[str], root: Path) -> Iterator[Module]:
    """Yield the modules of a package that are among the names `taken` from it."""
    specs = list(_specs(name, root))
    if len(specs) < len(name):
        return
    folders = specs[-1].submodule_search_locations or []
    for each in taken:
        for part in _of_star(specs[-1]) if each == python_source.STAR else [each]:
            spec = find(part, folders)
            if spec and spec.origin:
                yield _of_spec(spec, (*name, part), root)


def _of_spec(spec: ModuleSpec, name: tuple[str, ...], root: Path) -> Module:
    package = name if spec.submodule_search_locations else name[:-1]
    return Module(Path(str(spec.origin)), package, root, name)


def _of_star(package: ModuleSpec) -> list[str]:
    """Return the names of submodules that `from package import *` may import.

    They are those in `__all__`, or all of the package's if its source doesn't show the list.
    """
    if not package.origin or Path(package.origin).suffix not in SOURCE_SUFFIXES:
        return []
    listed = python_source.all_of(package.origin)
    if listed is not None:
        return listed
    folders = map(Path, package.submodule_search_locations or [])
    inside = [path.name.partition(".")[0] for folder in folders for path in folder.iterdir()]
    return sorted({*inside} - {"__init__", "__pycache__"})
