"""What a restore finds in its way: which files may go, which stay, which would be lost.

What git and DVC's cache have of some other snapshot may go. What no job made and the snapshot has
no file for, such as a report or notes, stays. An output of a job can't stay beside the snapshot:
Snakemake would take it for made of what was restored, since it is newer.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from . import provenance, records
from .files import Digests, Error
from .store import Store, Tracked


class Found(NamedTuple):
    """Files here that are not those of a snapshot."""

    saved: list[str]  # those of another snapshot
    aside: list[str]  # no outputs of jobs, and not in the way
    unsaved: list[str]  # in no snapshot, and in the way


def look(
    store: Store,
    entries: Sequence[Tracked],
    wanted: Mapping[str, str],
    there: Mapping[str, Digests],
) -> Found:
    """Say of each file that isn't the snapshot's what it is.

    Args:
        store: DVC in this clone.
        entries: what is to be restored.
        wanted: the MD5 of each file of the snapshot.
        there: both checksums of each file that lies here.
    """
    differing = {p: digests.md5 for p, digests in there.items() if wanted.get(p) != digests.md5}
    found = Found([], [], [])
    for entry in entries:
        mine = {p: md5 for p, md5 in differing.items() if provenance.is_below(p, [entry.path])}
        saved = _saved(store, entry, mine)
        for path in sorted(mine):
            if path in saved:
                found.saved.append(path)
            elif path not in wanted and records.read(store.root, path) is None:
                found.aside.append(path)
            else:
                found.unsaved.append(path)
    return found


def new_records(store: Store, file: str, found: Mapping[str, records.Record]) -> set[str]:
    """Return the outputs with a record that is in no commit's provenance: they were made here.

    The record of another snapshot that was restored before says nothing of this one, even where
    both have the same bytes.

    Args:
        store: DVC in this clone.
        file: the provenance, relative to the root.
        found: records of outputs as they are here.
    """
    new = set(found)
    history = store.history(file) if new else iter(())
    while new and (text := next(history, None)) is not None:
        with contextlib.suppress(Error):  # of another format
            known = provenance.parse(text, file).outputs
            new -= {path for path in new if path in known and known[path].record == found[path]}
    return new


def _saved(store: Store, entry: Tracked, mine: Mapping[str, str]) -> set[str]:
    """Return the files that a commit's snapshot has, and the cache, with the bytes they have."""
    cached = {path for path, md5 in mine.items() if store.has(md5)}
    saved: set[str] = set()
    versions = store.versions(entry) if cached else iter(())
    while saved != cached and (listing := next(versions, None)) is not None:
        saved |= {path for path in cached if listing.get(path) == mine[path]}
    return saved
