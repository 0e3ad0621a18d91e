"""Compare outputs with their snapshot, without changing anything."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from . import files, provenance, records
from .provenance import STEP
from .restore import times
from .snapshot import is_behind
from .store import Store


class Status(NamedTuple):
    """Outputs of a snapshot, by how they stand here."""

    intact: list[str]  # bytes, record and time
    later: list[str]  # the same bytes, made again here
    changed: list[str]  # other bytes
    missing: list[str]
    unrestored: list[str]  # the bytes are there, but Snakemake doesn't know how they were made


def status(root: Path, names: Sequence[str] | None, file: str) -> Status:
    """Say of each output of a snapshot how it stands in the folder `root`."""
    store = Store(root)
    store.check()
    known = provenance.read(root / file)
    if names is not None:
        known = known.below([entry.path for entry in store.tracked(names)])
    there = {p: files.digests(root / p) for p in known.outputs if (root / p).is_file()}
    due = times(root, known.only(there), there)
    found = Status([], [], [], [], [])
    for path, output in sorted(known.outputs.items()):
        if path not in there:
            found.missing.append(path)
        elif there[path].sha256 != output.digests.sha256:
            found.changed.append(path)
        else:
            record = records.read(root, path)
            if is_behind(record, output, there[path].sha256):
                found.unrestored.append(path)
            elif record != output.record:
                found.later.append(path)
            elif (root / path).stat().st_mtime > due[path] + STEP:
                # Laid out once more by a pull: newer than inputs that were edited before it.
                found.unrestored.append(path)
            else:
                found.intact.append(path)
    return found


def report(found: Status, say: Callable[[str], None]) -> int:
    """Print how many outputs stand how, the first of each; return 1 if any lacks a restore."""
    meanings = (
        ("as in the snapshot", found.intact, 0),
        ("made again here with the same bytes", found.later, 3),
        ("changed since", found.changed, 3),
        ("not here", found.missing, 3),
        ("pulled without a restore: give restore, Snakemake misjudges them", found.unrestored, 3),
    )
    for meaning, paths, shown in meanings:
        if paths:
            say(f"{len(paths):6} {meaning}" + (f": {files.few(paths, shown)}" if shown else ""))
    return 1 if found.unrestored else 0
