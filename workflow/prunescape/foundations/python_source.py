"""Read Python source: its imports, definitions and bound names; nothing is executed.

The running interpreter's decoder, parser and symbol table do the reading. Standard library only.
"""

import ast
import contextlib
import functools
import importlib.util
import os
import symtable
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

STAR = "*"
"""Stands for the names that `from module import *` binds, which its source doesn't show."""

CALLS = ("import_module", "__import__")
"""Functions that import the module whose name is their argument."""

LONGEST_NAME = 255
"""The most characters of a file's name."""

BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
"""The fields in which a statement's syntax tree has nested statements."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Import(NamedTuple):
    """An import: `import module`, or `from ..module import name, other` (level 2)."""

    module: tuple[str, ...]
    level: int = 0
    names: tuple[str, ...] = ()


class Imports(NamedTuple):
    """The imports of a file."""

    everywhere: tuple[Import, ...]
    """At the top level and inside functions."""
    at_top: tuple[Import, ...]
    """Only those that importing the file runs."""


class Source(NamedTuple):
    """A file that was read."""

    tree: ast.Module
    text: str
    imports: Imports


def content(path: str | os.PathLike[str]) -> bytes:
    """Return what a file contains; raise ValueError if it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror})") from None


def read(path: str | os.PathLike[str]) -> Source:
    """Return the source of a file.

    Raises:
        ValueError: if the file can't be read or is no Python, with the line.
    """
    return _parsed(content(path), str(path))


@functools.cache
def _parsed(written: bytes, path: str) -> Source:
    with _refusing(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # running the file shows them
        text = importlib.util.decode_source(written)
        tree = ast.parse(text, path)
    at_top = (each for node, _ in statements(tree.body) for each in imports_of(node))
    return Source(tree, text, Imports(tuple(_imports(tree, text)), tuple(at_top)))


@contextlib.contextmanager
def _refusing(path: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in {error.encoding.upper()}") from None
    except SyntaxError as error:
        if str(error.msg).startswith("invalid or missing encoding"):
            raise ValueError(f"{path} is not text in UTF-8") from None
        line = f"line {error.lineno}: " if error.lineno else ""
        raise ValueError(f"{path} is no Python: {line}{error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"{path} is nested too deeply for Python to read it") from None
    except (ValueError, LookupError) as error:  # null bytes; an encoding of no text, such as rot13
        raise ValueError(f"{path} is no Python: {error}") from None


def texts(path: str | os.PathLike[str]) -> set[str]:
    """Return the texts in a source that may name files: one line of at most LONGEST_NAME.

    Raises ValueError as `read` does.
    """
    values = (getattr(node, "value", None) for node in ast.walk(read(path).tree))
    return {
        text
        for text in values
        if isinstance(text, str) and 0 < len(text) <= LONGEST_NAME and text.isprintable()
    }


def compiles(path: str | os.PathLike[str]) -> None:
    """Check that Python compiles a file.

    This finds more errors than parsing, such as a `return` outside a function.

    Raises:
        ValueError: as `read` does.
    """
    tree = read(path).tree
    with _refusing(str(path)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(tree, str(path), "exec", dont_inherit=True)


def bound(path: str | os.PathLike[str]) -> list[str]:
    """Return the names that any statement at a file's top level binds.

    STAR is among them if the file has a star import. Raises ValueError as `read` does.
    """
    source = read(path)
    with _refusing(str(path)):
        symbols = symtable.symtable(source.text, str(path), "exec").get_symbols()
    names = [each.get_name() for each in symbols if each.is_assigned() or each.is_imported()]
    stars = any(STAR in each.names for each in source.imports.everywhere)
    return [*names, STAR] if stars else names


def statements(
    body: Iterable[ast.stmt], conditional: bool = False
) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield (statement, whether it is conditional) for what importing a module runs, in order.

    Left out are the blocks under `if __name__ == "__main__"` and `if TYPE_CHECKING`, and the bodies
    of functions and classes.
    """
    # Not recursive: each elif of a long chain is nested in the one before.
    waiting = [(node, conditional) for node in reversed([*body])]
    while waiting:
        node, conditional = waiting.pop()
        yield node, conditional
        if not isinstance(node, Function):
            within = conditional or not isinstance(node, ast.With)
            nested = [each for block in _blocks(node) for each in block]
            waiting += [(each, within) for each in reversed(nested)]


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    """Return a statement's blocks that importing its module may run."""
    parts = [*getattr(node, "handlers", []), *getattr(node, "cases", [])]
    blocks = [[] if _never_imported(node) else getattr(node, "body", [])]
    blocks += [part.body for part in parts]
    return [*blocks, getattr(node, "orelse", []), getattr(node, "finalbody", [])]


def _never_imported(node: ast.AST) -> bool:
    """Return whether a node is `if __name__ == "__main__":` or `if TYPE_CHECKING:`."""
    if not isinstance(node, ast.If):
        return False
    test = ast.unparse(node.test)
    return test in ("__name__ == '__main__'", "TYPE_CHECKING", "typing.TYPE_CHECKING")


def definitions(path: str | os.PathLike[str]) -> dict[str, list[ast.stmt]]:
    """Return name -> the top-level statements of a file that define, import or assign it.

    A name has several statements if conditions decide which one takes effect. Raises ValueError as
    `read` does.
    """
    found: dict[str, list[ast.stmt]] = {}
    for node, conditional in statements(read(path).tree.body):
        for name in _names(node):
            found[name] = [*(found.get(name, []) if conditional else []), node]
    return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, Function):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _imports(module: ast.Module, text: str) -> Iterator[Import]:
    """Yield imports, including calls of `import_module` and `__import__` with a literal name."""
    # Expressions are most of a source; they are searched only if one of these calls may be there.
    calls = any(name in text for name in CALLS)
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield from _called(node)
        else:
            yield from imports_of(node)
        if isinstance(node, ast.If) and _never_imported(node):
            waiting += node.orelse
        elif calls:
            waiting += ast.iter_child_nodes(node)
        else:
            for field in BLOCKS:
                waiting += getattr(node, field, ())


def imports_of(node: ast.AST) -> list[Import]:
    """Return an import statement's imports; of any other node, none."""
    if isinstance(node, ast.Import):
        return [Import(tuple(alias.name.split("."))) for alias in node.names]
    return [import_of(node)] if isinstance(node, ast.ImportFrom) else []


def import_of(node: ast.ImportFrom) -> Import:
    """Return a `from ... import` statement as an Import."""
    parts = tuple(node.module.split(".")) if node.module else ()
    return Import(parts, node.level, tuple(alias.name for alias in node.names))


def _called(node: ast.Call) -> Iterator[Import]:
    """Yield the import that a call makes, if it calls one of CALLS with a literal name."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    texts = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
    if name in CALLS and texts and isinstance(texts[0], str):
        module = texts[0].lstrip(".")
        level, package = len(texts[0]) - len(module), texts[1:]
        if level and package and isinstance(package[0], str):
            base = package[0].split(".")
            yield Import((*base[: len(base) - level + 1], *module.split(".")))
        elif module:
            yield Import(tuple(module.split(".")), level)


def all_of(path: str | os.PathLike[str]) -> list[str] | None:
    """Return the names in a module's `__all__`: [] without one, None if it is computed."""
    listed: list[str] = []
    for node, _ in statements(read(path).tree.body):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and "__all__" in _names(
            node
        ):
            try:
                listed += list(map(str, ast.literal_eval(node.value or ast.List([]))))
            except (ValueError, TypeError):
                return None
    return listed
