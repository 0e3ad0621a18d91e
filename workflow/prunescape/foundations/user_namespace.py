"""Run a user's file as a module in a private namespace.

Python looks the file's imports up in its folder first, as if the file were run as a program. The
modules found there get private names in `sys.modules` (`helper` is `user_file_3_helper`), so
neither another user's file nor the library can import them by accident. Imports inside functions
work the same way, whenever the functions are called. Standard library only.
"""

import builtins
import functools
import importlib.util
import itertools
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import (
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Any

from prunescape.foundations import local_imports

NAME = re.compile(r"user_file_(\d+)_")
"""The prefix of a private module name in `sys.modules`."""

_numbers = itertools.count(1)
_namespaces: dict[int, "_Namespace"] = {}


def run(path: str | Path) -> ModuleType:
    """Run a file as a new module and return it; the file's errors are not caught."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    return _Namespace(Path(path).resolve()).run()


class _Namespace:
    """The modules that a user's file may import from its folder, under private names.

    Attributes:
        files: the files that rules declare as inputs; importing any other from the folder fails,
            as its edits would go unnoticed.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.files = local_imports.closure(file)
        number = next(_numbers)
        _namespaces[number] = self
        self.prefix = f"user_file_{number}_"
        self.is_own = functools.cache(functools.partial(local_imports.is_local, folder=file.parent))
        self.builtins = vars(builtins) | {"__import__": self._import}
        # A stand-in for importlib, whose `import_module` can't know which file calls it.
        self.importlib = ModuleType("importlib")
        vars(self.importlib).update(vars(importlib))
        vars(self.importlib)["import_module"] = self._import_module
        vars(self.importlib)["__getattr__"] = functools.partial(getattr, importlib)

    def run(self) -> ModuleType:
        name = self.prefix + re.sub(r"\W", "_", self.file.stem)
        loader = _Source(name, str(self.file), self.builtins)
        spec = ModuleSpec(name, loader, origin=str(self.file))
        spec.has_location = True
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
        return module

    def spec(self, name: str, inner: str, folders: Sequence[str] | None) -> ModuleSpec | None:
        """Return the spec of a module in this namespace; None if there is no such module.

        Args:
            name: its private name in `sys.modules`.
            inner: its name in the user's code.
            folders: the folders of its package; None at the top level.
        """
        last = inner.rpartition(".")[2]
        found = local_imports.find(last, folders or [str(self.file.parent)])
        if not found or not found.origin:
            return _renamed(found, name, None)
        if Path(found.origin) not in self.files:
            raise ImportError(
                f"{inner} is imported by a name that isn't in the source, so that an edit of "
                f"{found.origin} would go unnoticed; write `import {inner}` where it is needed",
                name=inner,
            )
        if isinstance(found.loader, ExtensionFileLoader):
            return _renamed(found, name, _Compiled(inner, found.origin))
        kind = _Bytecode if isinstance(found.loader, SourcelessFileLoader) else _Source
        return _renamed(found, name, kind(name, found.origin, self.builtins))

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  # names that Python gives
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as `__import__` does; every import statement of the namespace calls this."""
        if not level:
            name = self._private(name)
        try:
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
        except ImportError as error:
            error.msg = NAME.sub("", str(error.msg))
            error.name = error.name and NAME.sub("", error.name)
            raise
        return self.importlib if found is importlib else found

    def _import_module(self, name: str, package: str | None = None) -> ModuleType:
        """Import as `importlib.import_module` does."""
        return importlib.import_module(self._private(importlib.util.resolve_name(name, package)))

    def _private(self, name: str) -> str:
        return self.prefix + name if self.is_own(name.partition(".")[0]) else name


def _renamed(found: ModuleSpec | None, name: str, loader: Any) -> ModuleSpec | None:
    if not found:
        return None
    inside = found.submodule_search_locations
    spec = ModuleSpec(name, loader, origin=found.origin, is_package=inside is not None)
    spec.submodule_search_locations = inside
    spec.has_location = found.origin is not None
    return spec


class _Finder:
    """Finds the modules of all namespaces for Python's import system."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = NAME.match(fullname)
        if not found or int(found[1]) not in _namespaces:
            return None
        return _namespaces[int(found[1])].spec(fullname, fullname[found.end() :], path)


class _Source(SourceFileLoader):
    """Runs a source with the namespace's `__import__`."""

    def __init__(self, name: str, path: str, own_builtins: dict[str, Any]) -> None:
        super().__init__(name, path)
        self.own_builtins = own_builtins

    def path_stats(self, path: Any) -> Mapping[str, Any]:
        """Never use cached bytecode.

        Python would use it after an edit within the same second that keeps the file's size. Nor is
        any written into the user's folder.
        """
        raise OSError(f"no bytecode is kept of {path}")

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self.own_builtins
        super().exec_module(module)


class _Bytecode(SourcelessFileLoader):
    """Runs a bytecode file that has no source, with the namespace's `__import__`."""

    def __init__(self, name: str, path: str, own_builtins: dict[str, Any]) -> None:
        super().__init__(name, path)
        self.own_builtins = own_builtins

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self.own_builtins
        super().exec_module(module)


class _Compiled(ExtensionFileLoader):
    """Loads a compiled module under the original name, which is part of its code."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return super().create_module(ModuleSpec(self.name, self, origin=spec.origin))
