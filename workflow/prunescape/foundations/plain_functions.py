"""Functions of numbers in files of the user: arithmetic, of which nothing but itself is run.

Such a function may be called while the workflow is parsed, and in jobs without torch: it imports
nothing, reads no file, draws nothing, has no loops, and so gives the same numbers everywhere.
Standard library only.
"""

import ast
import math
from collections.abc import Callable, Sequence
from typing import Any

from prunescape.foundations import user_files
from prunescape.foundations.messages import one_line

CALLABLE = {each.__name__: each for each in (abs, float, int, len, max, min, round, sum)}
"""Functions that may be called, beside those of `math`."""
_NODES = (
    *(ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.If, ast.Expr),
    *(ast.Name, ast.Load, ast.Store, ast.Constant, ast.Tuple, ast.Call, ast.keyword, ast.Attribute),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_ALLOWED = f"arithmetic, conditions, math, {', '.join(CALLABLE)}"


def load(named: str, parameters: Sequence[str]) -> Callable[..., Any]:
    """Return a function in a user's file, alone: nothing else of the file is run.

    What it raises becomes a ValueError in one line, with the file.

    Args:
        named: path/to/file.py:function.
        parameters: its parameters; others need a default.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing, has other
            parameters or does anything but arithmetic.
    """
    path, name = user_files.split(named)
    source = user_files.function(named)
    _check(source, parameters)
    source.returns, source.decorator_list, source.name = None, [], name
    for each in [*source.args.args, *source.args.kwonlyargs]:
        each.annotation = None
    known: dict[str, Any] = {"__builtins__": {}, "math": math, **CALLABLE}
    module = ast.fix_missing_locations(ast.Module([source], []))
    exec(compile(module, path, "exec"), known)  # checked node by node
    function = known[name]

    def called(*given: Any) -> Any:
        try:
            return function(*given)
        except Exception as error:
            raise ValueError(f"{named}: {type(error).__name__}: {one_line(error)}") from None

    return called


def _check(source: ast.FunctionDef, parameters: Sequence[str]) -> None:
    """Check a function's parameters, and that it does arithmetic alone; ValueError if not."""
    given = source.args
    names = [each.arg for each in given.args]
    optional = len(names) - len(given.defaults) <= len(parameters) and None not in given.kw_defaults
    wrong = given.posonlyargs or given.vararg or given.kwarg or not optional
    if wrong or names[: len(parameters)] != list(parameters):
        raise ValueError(
            f"its parameters are {', '.join(names) or 'none'}; allowed: {', '.join(parameters)}, "
            "and others with a default"
        )
    for node in [source, *source.body, *given.defaults, *given.kw_defaults]:
        for inner in ast.walk(node) if node is not source and node else ():
            if word := _refused(inner):
                raise ValueError(
                    f"line {getattr(inner, 'lineno', source.lineno)}: it has {word}; "
                    f"allowed: {_ALLOWED}"
                )


def _refused(node: ast.AST) -> str:
    """Return what a function must not have, in words; "" if it may."""
    if isinstance(node, ast.Attribute):
        of_math = isinstance(node.value, ast.Name) and node.value.id == "math"
        return "" if of_math and not node.attr.startswith("_") else f".{node.attr}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return "" if node.func.id in CALLABLE else f"a call of {node.func.id}"
    if isinstance(node, ast.Name) and node.id.startswith("_"):
        return node.id
    if isinstance(node, _NODES):
        return ""
    return type(node).__name__.lower()
