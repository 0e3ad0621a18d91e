"""Names of networks that are modules: whose code it is, and what it is called with.

    path/to/file.py:name                     a class or function in a file of the user
    path/to/file.py:name(depth=20)           called with arguments
    torchvision:resnet18(num_classes=10)     a model of torchvision, with new weights

The workflow only reads them (`split`, `check`); jobs run them (`load`). Standard library only.
"""

import ast
import functools
import importlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from prunescape.foundations import torchvision_hook, user_files
from prunescape.foundations.messages import one_line

TORCHVISION = "torchvision"
FORMS = "path/to/file.py:name, path/to/file.py:name(argument=value) or torchvision:name"
LONGEST = 200
"""The most characters of a name that a message shows."""
FORM = re.compile(
    rf"(?P<place>.+\.py|{TORCHVISION}):(?P<name>[A-Za-z_]\w*)(?P<call>\(.*\))?", re.DOTALL
)


class NetworkName(NamedTuple):
    """Where a network's class or function is, and with what it is called.

    Attributes:
        place: the user's file, or TORCHVISION.
        name: the class or function.
        arguments: keyword -> value.
    """

    place: str
    name: str
    arguments: dict[str, Any]

    @property
    def is_file(self) -> bool:
        """Whether the code is in a file of the user."""
        return self.place != TORCHVISION


def split(named: str) -> NetworkName:
    """Split a network's name; nothing is executed.

    Raises:
        ValueError: if it has another form, or an argument is no literal.
    """
    found = FORM.fullmatch(named)
    if not found:
        raise ValueError(f"{_shown(named)!r} is not of the form {FORMS}")
    return NetworkName(found["place"], found["name"], _arguments(named, found["call"]))


def _arguments(named: str, call: str | None) -> dict[str, Any]:
    if not call:
        return {}
    allowed = "allowed: keywords with numbers, texts, lists and the like, as in (depth=20)"
    try:
        parsed = ast.parse(f"f{call}", mode="eval").body
        if not isinstance(parsed, ast.Call) or parsed.args:
            raise ValueError("an argument without its keyword")
        found = {}
        for keyword in parsed.keywords:
            if keyword.arg is None:
                raise ValueError("**")
            if keyword.arg in found:
                raise ValueError(f"{keyword.arg} twice")
            found[keyword.arg] = _literal(keyword)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        what = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(f"{_shown(named)}: found arguments with {what}; {allowed}") from None
    return found


def _shown(named: str) -> str:
    return one_line(named if len(named) <= LONGEST else f"{named[:LONGEST]} ...")


def _literal(keyword: ast.keyword) -> Any:
    try:
        return ast.literal_eval(keyword.value)
    except ValueError:  # whose text has the address of an object
        raise ValueError(f"{keyword.arg} that is computed") from None


def check(named: str) -> None:
    """Check that a file defines the name; whether torchvision does is seen when it is loaded.

    Raises:
        ValueError: as `split` and `user_files.check`.
    """
    found = split(named)
    if found.is_file:
        user_files.check(f"{found.place}:{found.name}")


def load(named: str) -> Callable[[], Any]:
    """Return a function that makes a new module; a user's file is run.

    Raises:
        ValueError: as `split` and `user_files.load`, or if torchvision has no such model.
    """
    place, name, arguments = found = split(named)
    if found.is_file:
        function = user_files.load(f"{place}:{name}")
        return functools.partial(function, **arguments) if arguments else function
    torchvision_hook.install()
    models = importlib.import_module("torchvision.models")  # it imports torch and takes a second
    try:
        builder = models.get_model_builder(name)
    except ValueError:
        there = ", ".join(models.list_models(module=models))
        raise ValueError(f"torchvision has no model {name}; allowed: {there}") from None
    # Published weights would be downloaded, and would be the same for all replicates.
    return functools.partial(builder, **{"weights": None} | arguments)
