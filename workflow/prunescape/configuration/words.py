"""Messages about a configuration's problems: one line, with the key's path and what was found."""

import datetime
import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

Place = tuple[Any, ...]
"""Keys and list positions from the top of the configuration to a value."""
Problem = tuple[Place, str]
"""The place of a faulty value, and a text "found ...; allowed: ..."."""


def lines(problems: Iterable[Problem]) -> list[str]:
    """Return the problems as lines `path: text`, without duplicates, ordered by place."""
    ordered = sorted(problems, key=_order)
    return list(dict.fromkeys(f"{_path(place)}: {text}" for place, text in ordered))


def nearest(word: Any, known: Iterable[Any]) -> str:
    """Return a clause with the known word that is most like `word`; "" if none is close."""
    close = difflib.get_close_matches(str(word).lower(), [str(each) for each in known], n=1)
    return f", perhaps {plain(close[0])} is meant" if close else ""


def listed(names: Iterable[Any]) -> str:
    """Return names on one line."""
    return few([plain(name) for name in names])


def few(words: Sequence[str], limit: int = 30) -> str:
    """Return words on one line: all, or the first, the last and the count if over `limit`."""
    if len(words) <= limit:
        return ", ".join(words)
    return f"{', '.join(words[: limit - 1])}, ..., {words[-1]}: {len(words)} in all"


def plain(name: Any) -> str:
    """Return a name without quotes, unless it has characters that no valid name has."""
    return name if isinstance(name, str) and re.fullmatch(r"[\w-]+", name) else repr(name)


def shown(value: Any) -> str:
    """Return a value of a configuration on one short line."""
    if value is None:
        return "nothing (an empty value)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date):
        return f"the date {value}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _path(place: Place) -> str:
    parts = [f"[{part}]" if type(part) is int else f".{plain(part)}" for part in place]
    return "".join(parts).removeprefix(".") or "config"


def _order(problem: Problem) -> tuple[list[str], str]:
    place, text = problem
    return [f"{part:09}" if isinstance(part, int) else str(part) for part in place], text
