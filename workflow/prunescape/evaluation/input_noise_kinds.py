"""Names of the kinds of input noise; the workflow needs them when it is parsed.

A user's kind is a function in a file; its source is read, nothing is executed. Standard library
only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.evaluation import noise_suites
from prunescape.foundations import spelling, user_files

SIMPLE = ("grey_raw", "grey_normalised", "gaussian", "salt_pepper", "occlusion")
BUILT_IN = (*SIMPLE, *noise_suites.KINDS)
PARAMETERS = ["images", "level", "generator"]


def check(named: str) -> None:
    """Check that a function in a file takes the arguments of a kind of noise.

    Args:
        named: path/to/file.py:function.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or takes other
            arguments.
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
    """Return those of `kinds` that are the user's, as scripts take them: with their functions."""
    own = config["noises"]
    return [spelling.spell(kind, own[kind]) for kind in dict.fromkeys(kinds) if kind in own]
