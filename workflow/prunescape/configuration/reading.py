"""Read a config file as Snakemake does, but execute no template and refuse duplicate keys.

Snakemake tries JSON, then YAML, and passes YAML to YTE, whose templates run Python. If a key is
there twice, Snakemake keeps the last value; its messages about unreadable files are unclear.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from prunescape.configuration.words import shown
from prunescape.foundations.messages import one_line

DEEPEST = 50
"""The most levels of nested lists and mappings; the schema has about ten."""
LARGEST = 1_000_000
"""The most values in a file, with aliases expanded."""

LONGEST_NUMBER = 100
"""The most characters of a number; converting a very long one would take minutes."""
NUMBER_OF_OLD = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""010 and 1:30, which YAML 1.1 takes for 8 and 90."""

TOO_DEEP = f"found more than {DEEPEST} lists or mappings in each other"
TOO_LARGE = f"found more than {LARGEST:,} values, aliases expanded"


def read(path: str | os.PathLike) -> dict[str, Any]:
    """Return the contents of a config file.

    Args:
        path: JSON or YAML in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: if the file is missing, not UTF-8, neither JSON nor YAML, or not a mapping; if
            a key is there twice or begins with __, as YTE's do; if a number is octal or counts in
            sixties; if aliases contain themselves or repeat too much. The message is one line, with
            the line number if there is one.
    """
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise _RefusedError(": found a pipe or device, which has nothing for the next reader")
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
    """Well-formed contents that are refused; the message begins with the line, if it is known."""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except ValueError:  # Snakemake tries YAML next, too, also after a byte order mark.
        pass
    # Snakemake uses the loader in Python, which refuses tabs that the loader in C accepts.
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
    """Return a JSON object as a dict, after checking its keys."""
    _check_keys((key, "") for key, _ in pairs)
    return dict(pairs)


def _check_keys(keys: Iterable[tuple[str, str]]) -> None:
    """Refuse a key that is there twice, or that would make a file a template.

    Args:
        keys: pairs for the keys of one mapping: the key, and ", line <number>" or "".
    """
    seen = set()
    for key, line in keys:
        if key in seen:
            raise _RefusedError(f"{line}: found the key {shown(key)} again; allowed: each key once")
        if key.startswith("__"):
            text = f"found the key {shown(key)}, with which YTE would run Python"
            raise _RefusedError(f"{line}: {text}; allowed: keys that don't begin with __")
        seen.add(key)


def _check_number(node: yaml.ScalarNode, line: str) -> None:
    """Refuse a number that YAML 1.1 reads as another than it looks like, or that is very long."""
    of_number = node.tag.endswith((":int", ":float")) and not node.style
    if of_number and len(node.value) > LONGEST_NUMBER:
        raise _RefusedError(
            f"{line}: found a number of {len(node.value):,} characters; allowed: {LONGEST_NUMBER}"
        )
    if of_number and NUMBER_OF_OLD.fullmatch(node.value):
        meant = yaml.safe_load(node.value)
        raise _RefusedError(
            f"{line}: found {node.value}, which YAML reads as {meant}; allowed: {meant}, or "
            f'"{node.value}" in quotes if it is a text'
        )


def _check(node: yaml.Node, around: list[yaml.Node], values: dict[int, int]) -> int:
    """Count the values in a node, aliases expanded; refuse endless aliases and forbidden keys.

    Args:
        node: a node of the document.
        around: the nodes that contain it, outermost first.
        values: id of a node -> its count, so that an alias isn't counted again.
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
        elif isinstance(node, yaml.ScalarNode):
            _check_number(node, line)
        values[id(node)] = 1 + sum(_check(part, [*around, node], values) for part in parts)
    if values[id(node)] > LARGEST:
        raise _RefusedError(f"{line}: {TOO_LARGE}")
    return values[id(node)]
