"""Reading a file of the configuration: as Snakemake does, but nothing is executed or lost.

Snakemake takes JSON, then YAML, and hands YAML to YTE, whose templates run Python. Of a key that
stands twice it keeps the last, and of a file that it can't read it has no clear words.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from prunescape.configuration.words import shown
from prunescape.foundations.messages import one_line

DEEPEST = 50
"""Lists and mappings in each other, at most; the schema has about ten."""
LARGEST = 1_000_000
"""Values of a file, at most, aliases expanded."""

TOO_DEEP = f"found more than {DEEPEST} lists or mappings in each other"
TOO_LARGE = f"found more than {LARGEST:,} values, aliases expanded"


def read(path: str | os.PathLike) -> dict[str, Any]:
    """Return what a file of the configuration says.

    Args:
        path: of JSON or YAML in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: in one line: the file is not there, no text, neither JSON nor YAML, or no
            mapping; a key stands twice; a key begins with __, a template's; aliases contain
            themselves or repeat too much. With the line where there is one.
    """
    try:
        found = _parsed(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error.strerror}); allowed: a file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: found bytes that are not UTF-8") from None
    except _RefusedError as error:
        raise ValueError(f"{path}{error}") from None
    except RecursionError:
        raise ValueError(f"{path}: {TOO_DEEP}") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or one_line(error)
        raise ValueError(f"{path}{place}: found no YAML ({what})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {shown(found)}; allowed: keys with their values")
    return found


class _RefusedError(Exception):
    """What is well formed, but would lose a value or run code; begins with the line, if known."""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except ValueError:  # Snakemake goes on as here, also after a byte order mark.
        pass
    # The loader in Python, which is Snakemake's: the one in C takes tabs where that one doesn't.
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, [], {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON whose keys are sound."""
    _check_keys((key, "") for key, _ in pairs)
    return dict(pairs)


def _check_keys(keys: Iterable[tuple[str, str]]) -> None:
    """Refuse a key that stands twice, or that would make a file a template.

    Args:
        keys: of one mapping: the key, and ", line <number>" if that is known.
    """
    seen = set()
    for key, line in keys:
        if key in seen:
            raise _RefusedError(f"{line}: found the key {shown(key)} again; allowed: each key once")
        if key.startswith("__"):
            text = f"found the key {shown(key)}, with which YTE would run Python"
            raise _RefusedError(f"{line}: {text}; allowed: keys that don't begin with __")
        seen.add(key)


def _check(node: yaml.Node, around: list[yaml.Node], values: dict[int, int]) -> int:
    """Return for how many values a node stands; refuse what doesn't end, and unsound keys.

    Args:
        node: of the document.
        around: the nodes that contain it, from the outermost.
        values: what this function returned for nodes, by their id; an alias is its node again.
    """
    line = f", line {node.start_mark.line + 1}"
    if any(node is each for each in around):
        raise _RefusedError(f"{line}: found an alias inside of what it stands for")
    if len(around) > DEEPEST:
        raise _RefusedError(f"{line}: {TOO_DEEP}")
    if id(node) not in values:
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            _check_keys((key.value, f", line {key.start_mark.line + 1}") for key in keys)
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = node.value
        values[id(node)] = 1 + sum(_check(part, [*around, node], values) for part in parts)
    if values[id(node)] > LARGEST:
        raise _RefusedError(f"{line}: {TOO_LARGE}")
    return values[id(node)]
