"""Functions and classes in files of the user, named path/to/file.py:name.

The workflow only reads the source (`function`, `check`); jobs run it (`load`). No other code of the
user is executed. Standard library only.
"""

import ast
import contextlib
import re
import sys
from collections.abc import Callable, Collection, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from prunescape.foundations import (
    executed_files,
    global_state,
    local_imports,
    python_source,
    torchvision_hook,
    user_namespace,
)
from prunescape.foundations.messages import one_line

NAMED = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)")
"""The form path/to/file.py:name."""

FAILURES = BaseException
"""Exceptions of a user's code that become a one-line message, except for INTERRUPTIONS."""

INTERRUPTIONS = KeyboardInterrupt
"""What a user does to end a program: no fault of the code."""

PROGRAM = 'put what only a program does below `if __name__ == "__main__":`'
"""The advice in the error about a file that ends the program when it is imported."""

LONGEST = 500
"""The most characters that are shown of an error message from a user's code."""

NO_PROGRAM = "--this-is-no-program"
"""The command line that a user's file sees in place of the running script's."""


def split(named: str) -> tuple[str, str]:
    """Split path/to/file.py:name into path and name; ValueError if it has another form."""
    found = NAMED.fullmatch(named)
    if not found:
        raise ValueError(f"{named!r} is not of the form path/to/file.py:name")
    return found["path"], found["name"]


def check(named: str) -> None:
    """Check that a file defines, imports or assigns a name at its top level.

    Nothing is executed.

    Raises:
        ValueError: if the name is missing, or the file or a module beside it that it imports can't
            be read or is no Python.
    """
    path, name = split(named)
    _check_sources(path)
    found = python_source.bound(path)
    # Names from a star import or a module's __getattr__ appear only when the file is run.
    if not {name, python_source.STAR, "__getattr__"} & set(found):
        raise ValueError(f"{path} defines no {name} (it defines: {', '.join(found) or 'nothing'})")


def function(named: str) -> ast.FunctionDef:
    """Return the source of a function; nothing is executed.

    The name may also be imported from another file of the folder, or assigned from another name.

    Raises:
        ValueError: if a file can't be read or parsed, no function is found, or conditions choose
            between functions with different parameters.
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
    """Return name -> function, for the functions defined at a file's top level."""
    found = python_source.definitions(path)
    return {name: f for name, [*_, f] in found.items() if isinstance(f, ast.FunctionDef)}


def _functions(
    module: local_imports.Module, name: str, passed: frozenset[tuple[Path, str]]
) -> list[ast.FunctionDef]:
    """Return the functions that a name in a module may stand for; none if one isn't local.

    `passed` has the names that were followed to get here, so that a circle ends.
    """
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
    """Check that Python compiles a file and the modules beside it that it imports.

    Raises:
        ValueError: if not, with the path relative to where the user named the file.
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
    """Run a file and return the function or class that it defines; it may import modules beside it.

    Every call runs the file anew, as a separate module: see `user_namespace`. The global random
    generators start from the same state every time, and the process's global state is restored.

    Raises:
        ValueError: if that fails, with the line of the file.
    """
    path, name = split(named)
    check(named)  # its messages about the source are clearer than Python's
    torchvision_hook.install()
    file = Path(path).resolve()  # not later: the code may change the working folder
    with running(path, f"when it is imported; {PROGRAM}"):
        global_state.seed(0)
        with executed_files.noted() as names:
            module = user_namespace.run(path)
        _check_executed(file, names)
        found: Callable[..., Any] | None = getattr(module, name, None)
    if found is None:
        raise ValueError(f"{path} defines no {name} once it has run")
    return found


@contextlib.contextmanager
def running(path: str, ending: str = "") -> Iterator[None]:
    """Run code of a user's file in this block, then restore the process's global state.

    Args:
        path: the file, for error messages.
        ending: the end of the message if the code ends the program.

    Raises:
        ValueError: if the code raises, with its error in one line.
    """
    with global_state.kept():
        sys.argv = [path, NO_PROGRAM]
        folders, modules = list(sys.path), set(sys.modules)
        try:
            yield
            _check_folders(folders, modules)
        except INTERRUPTIONS:
            raise
        except FAILURES as error:
            raise ValueError(message(path, error, ending)) from error


def _check_executed(file: Path, names: list[str]) -> None:
    """Refuse files beside the user's that are executed by their path instead of being imported.

    Args:
        file: the user's file, resolved.
        names: the files that were executed with it.
    """
    unknown = executed_files.inside(file.parent, names) - local_imports.closure(file)
    if unknown:
        raise ImportError(
            f"{min(unknown)} is executed, but not imported, so that its edits would go unnoticed; "
            "allowed: import statements"
        )


def _check_folders(folders: list[str], modules: set[str]) -> None:
    """Refuse modules from folders that a file added to `sys.path`: no rule would see their edits.

    Args:
        folders: `sys.path` before the file was run.
        modules: the names in `sys.modules` before the file was run.
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
        named: path/to/file.py:function, for error messages.
        instead: where the function should take random numbers from, for the error message.

    Raises:
        ValueError: if the function raises, with its error in one line; or if it drew from a
            library's global generator, whose numbers differ from run to run.
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


def message(path: str, error: BaseException, ending: str = "") -> str:
    """Return a one-line message with the error that a user's file raised, and its line.

    Args:
        path: the file.
        error: the error.
        ending: the end of the message if the code ended the program.
    """
    place = f"{path}{_line(path, error)}"
    try:
        text = user_namespace.NAME.sub("", one_line(error))
    except Exception as unshown:
        text = f"(its message can't be shown: {type(unshown).__name__})"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ..."
    what = f"{type(error).__name__}{text and f': {text}'}{_namesake(path, error, text)}"
    if isinstance(error, SystemExit):
        return one_line(f"{place}: it ends the program ({what}) {ending}")
    return f"{place}: {what}"


def _namesake(path: str, error: BaseException, text: str) -> str:
    """Return a clause that says which file a module is, if it hides an installed one's name."""
    missed = re.match(r"(?:No module named|module) '(\w+)", text)
    if not missed or not isinstance(error, (ImportError, AttributeError)):
        return ""
    beside = Path(path).with_name(f"{missed[1]}.py")
    hides = beside.is_file() and PathFinder.find_spec(missed[1])
    return f" ({missed[1]} is {beside}; allowed: another name for that file)" if hides else ""


def _line(path: str, error: BaseException) -> str:
    """Return the line of a file where an error arose, and that in a module beside it, if any."""
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


def reads(named: str, known: Collection[str], first: list[str], then: str) -> frozenset[str]:
    """Return which known parameters a function has beside the first ones, from its source.

    Args:
        named: path/to/file.py:function.
        known: names of parameters that may be given; others need a default.
        first: those with which it must begin.
        then: words for what may follow.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or has other
            parameters.
    """
    given = function(named).args
    names = [each.arg for each in [*given.args, *given.kwonlyargs]]
    optional = {each.arg for each in given.args[len(given.args) - len(given.defaults) :]}
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    optional |= {each.arg for each, default in pairs if default is not None}
    unknown = [name for name in names if name not in known and name not in optional]
    other = given.posonlyargs or given.vararg or given.kwarg
    if other or names[: len(first)] != first or unknown:
        raise ValueError(
            f"its parameters are {', '.join(names) or 'none'}; allowed: {', '.join(first)}, then "
            f"{then}, and others with a default"
        )
    return frozenset(name for name in names[len(first) :] if name in known)
