"""Functions and classes in files of the user, named path/to/file.py:name.

The workflow looks at the source alone (`function`, `check`), jobs run it (`load`): these files are
the only code of the user that is executed. Standard library only.
"""

import ast
import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from prunescape.foundations import (
    global_state,
    local_imports,
    python_source,
    torchvision_hook,
    user_namespace,
)
from prunescape.foundations.messages import one_line

NAMED = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)")
"""A name in a file."""

FAILURES = (Exception, SystemExit)
"""What a user's code may raise that is told in a line; KeyboardInterrupt is nobody's fault."""

PROGRAM = 'put what only a program does below `if __name__ == "__main__":`'
"""What is said of a file that ends the program when it is imported."""

LONGEST = 500
"""Characters of a message of a user's code that are shown."""

NO_PROGRAM = "--this-is-no-program"
"""The command line that a user's file sees: a program's arguments would be another's."""


def split(named: str) -> tuple[str, str]:
    """Return the path and the name in it; ValueError if there aren't two parts."""
    found = NAMED.fullmatch(named)
    if not found:
        raise ValueError(f"{named!r} is not of the form path/to/file.py:name")
    return found["path"], found["name"]


def check(named: str) -> None:
    """Look whether a file defines, imports or assigns a name at its top level.

    Nothing is executed.

    Raises:
        ValueError: if the file, or one of its folder that it imports, can't be read or is no
            Python, or the name is missing.
    """
    path, name = split(named)
    _check_sources(path)
    found = python_source.bound(path)
    # What a star brings, or a module's own __getattr__, only running it can tell.
    if not {name, python_source.STAR, "__getattr__"} & set(found):
        raise ValueError(f"{path} defines no {name} (it defines: {', '.join(found) or 'nothing'})")


def function(named: str) -> ast.FunctionDef:
    """Return the source of a function; nothing is executed.

    The function may be imported from another file of the folder, or be another name's.

    Raises:
        ValueError: if a file can't be read or parsed, or there is no one function of which the
            parameters can be read.
    """
    path, name = split(named)
    _check_sources(path)
    start = local_imports.first(Path(path).resolve())
    found = _functions(start, name, frozenset())
    if not found:
        there = ", ".join(functions(path)) or "none"
        raise ValueError(f"{path} defines no function {name} (functions: {there})")
    if len({ast.dump(each.args) for each in found}) > 1:
        raise ValueError(
            f"{path} defines {name} in {len(found)} ways with different parameters; allowed: one"
        )
    return found[-1]


def functions(path: str | Path) -> dict[str, ast.FunctionDef]:
    """Return the functions that the top level of a file defines."""
    found = python_source.definitions(path)
    return {name: f for name, [*_, f] in found.items() if isinstance(f, ast.FunctionDef)}


def _functions(
    module: local_imports.Module, name: str, passed: frozenset[tuple[Path, str]]
) -> list[ast.FunctionDef]:
    """Return the functions that a module's name may stand for; none if one of them isn't local."""
    if (module.file, name) in passed:
        return []
    passed |= {(module.file, name)}
    found: list[ast.FunctionDef] = []
    for node in python_source.definitions(module.file).get(name, []):
        there: list[ast.FunctionDef] = []
        if isinstance(node, ast.FunctionDef):
            there = [node]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Name):
            there = _functions(module, node.value.id, passed)
        elif isinstance(node, ast.ImportFrom):
            inner = local_imports.imported_from(module, python_source.import_of(node))
            taken = {alias.asname or alias.name: alias.name for alias in node.names}
            there = _functions(inner, taken[name], passed) if inner else []
        if not there:
            return []
        found += there
    return found


def _check_sources(path: str) -> None:
    """Look whether Python compiles a file and those of its folder that it imports.

    Raises:
        ValueError: if not, with the path as the user would write it.
    """
    python_source.compiles(path)
    file, folder = Path(path).resolve(), path[: -len(Path(path).name)]
    try:
        for each in sorted(local_imports.closure(file)):
            if each.suffix == ".py" and not each.is_relative_to(local_imports.LIBRARY):
                python_source.compiles(each)
    except ValueError as error:
        raise ValueError(str(error).replace(f"{file.parent}/", folder)) from None


def load(named: str) -> Callable[..., Any]:
    """Run the file and return what it defines; modules beside the file can be imported.

    Each call runs the file anew, as a module of its own: see `user_namespace`. The global random
    generators start from the same state every time, and what the file changes for the whole
    process is put back.

    Raises:
        ValueError: if that fails, with the line of the file.
    """
    path, name = split(named)
    check(named)  # the clear words of what is wrong with the source
    torchvision_hook.install()
    with running(path, f"when it is imported; {PROGRAM}"):
        global_state.seed(0)
        module = user_namespace.run(path)
        found: Callable[..., Any] | None = getattr(module, name, None)
    if found is None:
        raise ValueError(f"{path} defines no {name} once it has run")
    return found


@contextlib.contextmanager
def running(path: str, ending: str = "") -> Iterator[None]:
    """Run code of a user's file in this block; what it changes for the whole process is put back.

    Args:
        path: the file, which errors name.
        ending: what is said of code that ends the program.

    Raises:
        ValueError: for whatever the code raises, in one line.
    """
    with global_state.kept():
        sys.argv = [path, NO_PROGRAM]
        folders, modules = list(sys.path), set(sys.modules)
        try:
            yield
            _check_folders(folders, modules)
        except FAILURES as error:
            raise ValueError(told(path, error, ending)) from error


def _check_folders(folders: list[str], modules: set[str]) -> None:
    """Refuse modules of folders that a file put on Python's path: their edits would go unnoticed.

    Args:
        folders: Python's path before the file was run.
        modules: names of modules that were there before.
    """
    roots = [Path(each).resolve() for each in global_state.added(folders)]
    for name in sys.modules.keys() - modules if roots else ():
        file = getattr(sys.modules[name], "__file__", None)
        if user_namespace.NAME.match(name) or not file:
            continue
        if any(Path(file).resolve().is_relative_to(root) for root in roots):
            del sys.modules[name]
            raise ImportError(
                f"{name} comes from a folder that was put on sys.path ({file}), so that its edits "
                "would go unnoticed; allowed: modules beside the file, and installed ones"
            )


@contextlib.contextmanager
def calling(named: str, instead: str) -> Iterator[None]:
    """Run a function of a user's file that must not draw from a global generator.

    Args:
        named: path/to/file.py:function, which errors name.
        instead: where the function has its random numbers from.

    Raises:
        ValueError: for whatever the function raises, in one line; and if it drew from the global
            generator of a library, as its numbers would be others every time.
    """
    path, name = split(named)
    with running(path):
        before = global_state.random_states()
        yield
        after = global_state.random_states()
        drawn = [each for each, state in after.items() if before.get(each, state) != state]
    if drawn:
        raise ValueError(
            f"{path}: {name} draws from the global random numbers of {' and '.join(drawn)}, which "
            f"no seed of the run decides; allowed: {instead}"
        )


def told(path: str, error: BaseException, ending: str = "") -> str:
    """Return in one line what a file of the user raised, and where.

    Args:
        path: the file.
        error: what it raised.
        ending: what is said of code that ends the program.
    """
    place = f"{path}{_line(path, error)}"
    if isinstance(error, SystemExit):
        return one_line(f"{place}: it ends the program (SystemExit) {ending}")
    try:
        text = user_namespace.NAME.sub("", one_line(error))
    except Exception as unshown:
        text = f"(its message can't be shown: {type(unshown).__name__})"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ..."
    return f"{place}: {type(error).__name__}{text and f': {text}'}"


def _line(path: str, error: BaseException) -> str:
    """Return where in a file an error began, and where in a module beside it."""
    file, trace = Path(path).resolve(), error.__traceback__
    line = beside = ""
    while trace:
        frame = trace.tb_frame
        if Path(frame.f_code.co_filename).resolve() == file:
            line, beside = f", line {trace.tb_lineno}", ""
        elif user_namespace.NAME.match(str(frame.f_globals.get("__name__"))):
            name = Path(frame.f_code.co_filename).relative_to(file.parent)
            beside = f" ({name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return line + beside
