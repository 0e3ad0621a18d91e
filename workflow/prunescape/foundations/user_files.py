"""Functions and classes in files of the user, named path/to/file.py:name.

The workflow looks at the source alone (`function`, `check`), jobs run it (`load`): these files are
the only code of the user that is executed. Standard library only.
"""

import ast
import functools
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunescape.foundations.messages import one_line

NAMED = re.compile(r"(?P<path>[^=]+\.py):(?P<name>[A-Za-z_]\w*)")
"""A name in a file."""


def split(named: str) -> tuple[str, str]:
    """Return the path and the name in it; ValueError if there aren't two parts."""
    found = NAMED.fullmatch(named)
    if not found:
        raise ValueError(f"{named!r} is not of the form path/to/file.py:name")
    return found["path"], found["name"]


def function(named: str) -> ast.FunctionDef:
    """Return the source of a function; nothing is executed.

    Raises:
        ValueError: if the file can't be read or parsed, or doesn't define the function.
    """
    path, name = split(named)
    found = functions(_source(path))
    if name not in found:
        there = ", ".join(found) or "none"
        raise ValueError(f"{path} defines no function {name} (functions: {there})")
    return found[name]


def check(named: str) -> None:
    """Look whether a file defines a name at its top level; nothing is executed.

    Raises:
        ValueError: if the file can't be read or parsed, or doesn't define the name.
    """
    path, name = split(named)
    found = names(_source(path))
    if name not in found:
        raise ValueError(f"{path} defines no {name} (it defines: {', '.join(found) or 'nothing'})")


def _source(path: str) -> str:
    """Return the text of a file; ValueError if it can't be read or is no Python."""
    try:
        source = Path(path).read_text(encoding="utf-8")
        _tree(source)
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    except SyntaxError as error:
        raise ValueError(f"{path} is no Python: line {error.lineno}: {error.msg}") from None
    except ValueError as error:  # null bytes
        raise ValueError(f"{path} is no Python: {error}") from None
    return source


@functools.lru_cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


@functools.lru_cache
def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return the functions at the top level of a source; SyntaxError if it is no Python."""
    return {node.name: node for node in _tree(source).body if isinstance(node, ast.FunctionDef)}


def names(source: str) -> list[str]:
    """Return what a source defines at its top level: functions, classes, values; not imports."""
    found: list[str] = []
    for node in _tree(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found


def load(named: str) -> Callable[..., Any]:
    """Run the file and return what it defines; modules beside the file can be imported.

    Raises:
        ValueError: if that fails, with the line of the file.
    """
    path, name = split(named)
    check(named)  # the clear words of what is wrong with the source
    folder = str(Path(path).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(f"user_file_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses, for one, look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(told(path, error)) from error
    return getattr(module, name)


def told(path: str, error: Exception) -> str:
    """Return in one line what a file of the user raised, and where."""
    line, trace = "", error.__traceback__
    while trace:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == Path(path).resolve():
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    text = one_line(error)
    return f"{path}{line}: {type(error).__name__}: {text}"
