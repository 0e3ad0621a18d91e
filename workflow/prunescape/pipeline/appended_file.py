"""The file that keeps for which rows of a study replicates were appended: read and checked.

It lies beside the study's results (`paths.APPENDED`) and is no output of any job:

    [{"first": 6, "last": 10, "rows": [{"network": "logistic", "fit": "vi", ...}]}]

It has entries in the order in which they came, each with its rows as columns of
`replicates.ROW` or `replicates.CHECK`. Entries are added and never changed, so that nothing that
was computed for one is computed again. Several may have the same replicates, with other rows.

Standard library only: the workflow imports this when it is parsed.
"""

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import shorten
from typing import Any

from prunescape.pipeline import paths
from prunescape.pipeline.replicates import CHECK, ROW, Config, blocks, row_columns

NUMBERS = {"step": int, "level": float, "noise_level": float}
"""Type of the columns that are no text."""

_REMOVED = "; without the file there are no appended replicates"

Entry = dict[str, Any]


def read(path: str | os.PathLike) -> list[Entry]:
    """Return what was appended to a study; [] if the file isn't there.

    Raises:
        ValueError: if the file has another form; names it and the entry.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: can't be read ({error})") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: found no JSON{_REMOVED}") from None
    if not isinstance(found, list):
        raise ValueError(f"{path}: expected a list of entries{_REMOVED}")
    for i, entry in enumerate(found):
        if wrong := next(_wrong(entry), None):
            raise ValueError(f"{path}: [{i}]: {wrong}{_REMOVED}")
    return found


def _wrong(entry: Any) -> Iterator[str]:
    """Yield what is wrong with an entry."""
    if not isinstance(entry, dict) or set(entry) != {"first", "last", "rows"}:
        yield "expected first, last and rows"
        return
    ends = entry["first"], entry["last"]
    if not all(type(end) is int for end in ends) or not 1 < ends[0] <= ends[1]:
        found = " to ".join(map(_short, ends))
        yield f"found the replicates {found}, expected 1 < first <= last"
    if not isinstance(entry["rows"], list) or not entry["rows"]:
        yield "expected a list of rows"
        return
    for row in entry["rows"]:
        if not isinstance(row, dict) or set(row) not in (set(ROW), set(CHECK)):
            yield f"found a row {_short(row)}, expected the columns {', '.join(ROW)}"
        elif any(type(row[name]) is not NUMBERS.get(name, str) for name in row_columns(row)):
            yield f"found a row {_short(row)}, expected texts, a whole step, levels with a point"


def _short(value: Any) -> str:
    return shorten(repr(value), 300)


def merged(config: Config, folder: str) -> dict[str, Any]:
    """Return a valid config with what was appended to its studies, under the key `appended`.

    `folder` is that of the run's results.

    Raises:
        ValueError: if the file has another form, or its replicates don't follow the config's.
    """
    found = {}
    for study in config["studies"]:
        path = f"{folder}/{paths.of_study(paths.APPENDED).format(study=study)}"
        if entries := read(path):
            _check_ends(config, study, entries, path)
            found[study] = entries
    return {**config, "appended": found}


def _check_ends(config: Config, study: str, entries: list[Entry], path: str) -> None:
    """Check that appended blocks follow those of the config, and one another."""
    ends = sorted({(entry["first"], entry["last"]) for entry in entries})
    if any(left[1] + 1 != right[0] for left, right in pairwise(ends)):
        raise ValueError(f"{path}: found the blocks {_shown(ends)}, expected no gap")
    have = blocks(config, study)[-1].last
    allowed = [ends[0][0] - 1, *(last for _, last in ends)]
    if have < allowed[-1] and have not in allowed:
        raise ValueError(
            f"replicates: found {have} for study {study}, to which {_shown(ends)} were appended "
            f"({path}); allowed: a sum of {', '.join(map(str, allowed))} or more; without that "
            "file, any"
        )


def _shown(ends: list[tuple[int, int]]) -> str:
    return ", ".join(f"{first}-{last}" for first, last in ends)
