"""Kinds of input noise, as far as the workflow must know them when it is parsed.

Those of a user are functions in files; their source is looked at, nothing is executed. Standard
library only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.foundations import spelling, user_files

BUILT_IN = ("grey_raw", "grey_normalised", "gaussian", "salt_pepper", "occlusion")
PARAMETERS = ["images", "level", "generator"]


def check(named: str) -> None:
    """Look whether a function of a file takes what noise is given.

    Args:
        named: path/to/file.py:function.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or takes others.
    """
    given = user_files.function(named).args
    first = [each.arg for each in given.args]
    optional = len(first) - len(given.defaults) <= len(PARAMETERS) and None not in given.kw_defaults
    if given.posonlyargs or first[: len(PARAMETERS)] != PARAMETERS or not optional:
        raise ValueError(
            f"its parameters are {', '.join(first) or 'none'}; allowed: {', '.join(PARAMETERS)}, "
            "and others with a default"
        )


def spelled(config: Mapping[str, Any], kinds: Iterable[str]) -> list[str]:
    """Return the user's kinds among some, as scripts take them, with their functions."""
    own = config["noises"]
    return [spelling.spell(kind, own[kind]) for kind in dict.fromkeys(kinds) if kind in own]
