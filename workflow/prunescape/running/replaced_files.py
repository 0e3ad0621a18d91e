"""Have Snakemake look into inputs that were replaced by files that are older than its outputs.

Snakemake compares an input with its record only if the input's time is after the output's. A file
that keeps its time when it is put in place, as mv, cp -p, rsync -t and tar do, goes unseen, and so
does an edit after which the time is put back. But the system notes when it happened (ctime). An
output that was made before is dated before the file, so that Snakemake compares. Standard library
only.
"""

import base64
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

RECORDS = Path(".snakemake/metadata")
LOOKED = Path(".snakemake/prunescape/sources.json")
"""When was looked last, and the inputs that no job makes."""
ROUGHLY = 1.0
"""Seconds by which a file system's clock may be behind."""


def redate(folder: Path) -> int:
    """Date outputs before those of their inputs that were replaced since.

    Inputs that a job makes don't count: what is left of a run may be copied, linked or restored.

    Args:
        folder: Snakemake's working folder.

    Returns:
        The number of outputs that were redated.
    """
    began = time.time()
    paths = [path for path in (folder / RECORDS).rglob("*") if path.is_file()]
    outputs = {_output(folder, path): path for path in paths}
    looked, sources = _known(folder)
    for path in paths:
        if path.stat().st_mtime >= looked - ROUGHLY:
            sources |= set(_inputs(path)) - outputs.keys()
    placed = {name: times for name in sources if (times := _times(folder / name))}
    new = {name for name, (changed, _) in placed.items() if changed >= looked - ROUGHLY}
    found = 0
    for output, path in outputs.items() if new else ():
        replaced = [placed[name] for name in _inputs(path) if name in new]
        found += _redated(folder / output, replaced)
    _remember(folder, began, sources)
    return found


def _output(folder: Path, record: Path) -> str:
    """Return the output of a record: its path is the name in base64, cut into folders if long."""
    parts = record.relative_to(folder / RECORDS).parts
    name = "".join(part.removeprefix("@") for part in parts)
    with suppress(ValueError):
        return base64.urlsafe_b64decode(name).decode()
    return name


def _inputs(record: Path) -> Iterator[str]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        yield from map(str, json.loads(record.read_text(encoding="utf-8"))["input"])


def _times(path: Path) -> tuple[float, float] | None:
    """Return when a file, or a link to it, was put in place, and the time that Snakemake sees."""
    try:
        both = path.lstat(), path.stat()
    except OSError:
        return None
    return max(each.st_ctime for each in both), max(each.st_mtime for each in both)


def _redated(output: Path, times: Iterable[tuple[float, float]]) -> bool:
    try:
        made = output.stat().st_mtime
        unseen = [seen for changed, seen in times if changed > made >= seen]
        if unseen:
            os.utime(output, (min(unseen) - 1,) * 2)
    except OSError:  # gone, or somebody else's
        return False
    return bool(unseen)


def _known(folder: Path) -> tuple[float, set[str]]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads((folder / LOOKED).read_text(encoding="utf-8"))
        return float(known["looked"]), set(map(str, known["sources"]))
    return 0.0, set()


def _remember(folder: Path, looked: float, sources: set[str]) -> None:
    temporary = (folder / LOOKED).with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        temporary.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"looked": looked, "sources": sorted(sources)})
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(folder / LOOKED)
