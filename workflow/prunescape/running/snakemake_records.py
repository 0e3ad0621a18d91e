"""Warn about results without Snakemake's records, whose settings may have changed unnoticed.

Snakemake's records in .snakemake say how outputs were made. An output without a record isn't made
again. So results that were copied without .snakemake pass for results of the current settings.
Standard library only.
"""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from prunescape.pipeline import paths

FOLDER = Path(".snakemake")
SHOWN = 3
"""The most settings that a message names, and the most results that are checked."""


def unseen_changes(
    results: Path, config: Mapping[str, Any], with_defaults: Callable[[Any], Any] = lambda x: x
) -> str:
    """Return a warning if results without records were made with other settings; "" if not.

    Args:
        results: folder of the run, relative to Snakemake's working folder.
        config: the run's settings, with defaults.
        with_defaults: adds the defaults of settings that are newer than the results; may raise any
            error.
    """
    if not any(not _recorded(path) for path in _made(results)):
        return ""
    try:
        stated = json.loads((results / paths.ENVIRONMENT).read_text(encoding="utf-8"))["config"]
    except (OSError, ValueError, KeyError, TypeError):
        what = f"{results}: nothing says which settings it was made with, and they may be others:"
    else:
        with suppress(Exception):  # settings of another version are compared as they are
            stated = with_defaults(stated)
        # Changed values first, then new keys.
        changed = sorted(_changes(stated, json.loads(json.dumps(config)), ""), key=_is_new)
        if not changed:
            return ""
        named = ", ".join([*changed[:SHOWN], *(["..."] if changed[SHOWN:] else [])])
        what = f"{results} was made with other settings ({named}):"
    return (
        f"{what} Snakemake can't see that, as its records of these results (.snakemake) are not "
        "here; what it doesn't run for another reason stays as it is. Bring the records too, `make "
        f"restore` a snapshot, or remove {results} to compute it anew"
    )


def _made(results: Path) -> Iterator[Path]:
    """Yield some results that jobs have made: the table, or else the first few checkpoints."""
    table = results / paths.TABLE
    if table.is_file():
        yield table
    else:
        yield from islice(results.rglob("checkpoint.safetensors"), SHOWN)


def _recorded(output: Path) -> bool:
    """Return whether Snakemake has a record of an output, or keeps its records in a database."""
    folder = FOLDER / "metadata"
    if (FOLDER / "metadata.db").exists():
        return True
    limit = (os.pathconf(folder, "PC_NAME_MAX") if folder.is_dir() else 0) or 255
    name = urlsafe_b64encode(str(output).encode()).decode()
    # Snakemake cuts a name that is too long for a file into folders that begin with @.
    *folders, last = [name[i : i + limit - 1] for i in range(0, len(name), limit - 1)]
    return folder.joinpath(*(f"@{part}" for part in folders), last).exists()


def _changes(before: Any, now: Any, place: str) -> Iterator[str]:
    """Yield `key: before, now ...` for every setting that differs."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            path = f"{place}.{key}" if place else str(key)
            yield from _changes(before.get(key), now.get(key), path)
    elif before != now:
        yield f"{place}: {_short(before)}, now {_short(now)}"


def _is_new(change: str) -> bool:
    return ": null, now " in change


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
