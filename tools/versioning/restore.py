"""Restore a snapshot: pull its bytes, confirm each output, give Snakemake its records and times."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from versioning import files, provenance, records
from versioning.files import Digests, Error
from versioning.provenance import Provenance
from versioning.snapshot import is_behind
from versioning.store import Store, Tracked, objects

Say = Callable[[str], None]


class Outcome(NamedTuple):
    """What became of the outputs of a snapshot."""

    restored: list[str]
    kept: list[str]  # made again here, later, with the same bytes
    unconfirmed: list[str]  # missing, or other bytes than the provenance says


def restore(
    root: Path, names: Sequence[str] | None, file: str, folder: str | None, force: bool, say: Say
) -> Outcome:
    """Pull what is under DVC and give Snakemake back what it knew of it.

    Args:
        root: of the git repository, and where Snakemake runs.
        names: paths to restore; None for all.
        file: the provenance, relative to `root`.
        folder: a local folder to be the default remote.
        force: replace files that are not those of the snapshot.
        say: takes a line for the user.

    Raises:
        Error: the working folder is as it was before.
    """
    store = Store(root)
    store.check()
    records.check_unlocked(root)
    known = provenance.read(root / file)
    entries = store.tracked(names)
    known = known.below([entry.path for entry in entries])
    if not known.outputs:
        raise Error(f"{file} knows of nothing under DVC here: are its pointers in this commit?")
    remote = store.remote(folder, create=False)

    fetch(store, entries, remote, say)
    listings = [store.listed(entry) or {} for entry in entries]
    there = {
        path: files.digests(root / path)
        for entry in entries
        for path in files.below(root, entry.path)
    }
    wanted = {path: md5 for listing in listings for path, md5 in listing.items()}
    differing = [path for path, found in there.items() if wanted.get(path) != found.md5]
    if differing and not force:
        raise Error(
            f"{len(differing)} files here are not those of the snapshot, such as "
            f"{files.few(sorted(differing), 3)}: keep them with a snapshot of their own, or have "
            "them replaced with --force (FORCE=1 of make)"
        )
    if differing or len(there) < len(wanted):
        there = _check_out(store, entries, known, remote, there, say)
    return _bless(root, known, there)


def report(outcome: Outcome, say: Say) -> int:
    """Print what became of the outputs; return 1 if any is not what the provenance says."""
    say(f"{len(outcome.restored)} outputs restored: bytes confirmed, records and times given back")
    if outcome.kept:
        say(f"{len(outcome.kept)} were made again here since, with the same bytes: left alone")
    for path in outcome.unconfirmed:
        say(f"not confirmed, to be computed again: {path}")
    return 1 if outcome.unconfirmed else 0


def fetch(store: Store, entries: Sequence[Tracked], remote: str | None, say: Say) -> None:
    """Bring what the cache lacks; Error if it can't be had. Files here are not touched."""
    absent = store.absent(entries)
    if not absent:
        return
    if remote is None:
        raise Error(
            f"{len(absent)} objects are not in this clone's cache and no remote is set: name the "
            "folder that has them with --store (PRUNESCAPE_STORE of make), or a remote with "
            "dvc remote add --local --default NAME LOCATION"
        )
    say(f"fetching from {remote}")
    try:
        store.dvc("fetch", "--remote", remote, *(entry.pointer for entry in entries))
    except Error as error:
        failure: Error | None = error
    else:
        failure = None
    absent = store.absent(entries)
    if absent:
        reason = failure or "DVC says no more"
        raise Error(
            f"{len(absent)} objects can't be had from the remote {remote} ({reason}): who took "
            "the snapshot can push them again by giving the same snapshot command"
        )


def _check_out(
    store: Store,
    entries: Sequence[Tracked],
    known: Provenance,
    remote: str | None,
    there: dict[str, Digests],
    say: Say,
) -> dict[str, Digests]:
    """Have DVC lay out the files; return their checksums, as far as they were read.

    DVC hands out an object of its cache without looking into it. Where an output isn't what it
    should be, broken objects are thrown away and fetched anew, once.
    """
    pointers = [entry.pointer for entry in entries]
    say("laying out the files")
    for attempt in (1, 2):
        store.dvc("checkout", "--force", *pointers)
        there = {p: files.digests(store.root / p) for p in known.outputs if (store.root / p).is_file()}
        names = objects(filter(None, (store.listed(entry) for entry in entries)))
        if attempt == 2 or _confirmed(known, there) or not store.evict_corrupt(names):
            break
        say("DVC's cache had broken objects: fetching them anew")
        for path, found in there.items():
            if found.sha256 != known.outputs[path].digests.sha256:
                (store.root / path).unlink()
        fetch(store, entries, remote, say)
    return there


def _confirmed(known: Provenance, there: dict[str, Digests]) -> bool:
    return all(
        path in there and there[path].sha256 == output.digests.sha256
        for path, output in known.outputs.items()
    )


def _bless(root: Path, known: Provenance, there: dict[str, Digests]) -> Outcome:
    """Give records and times to the outputs that are what the provenance says.

    Of others even the file goes (DVC's cache has it): Snakemake doesn't rerun a job for want of a
    record, and would take whatever lies there for its output.
    """
    outcome = Outcome([], [], [])
    for path, output in sorted(known.outputs.items()):
        if path not in there or there[path].sha256 != output.digests.sha256:
            records.delete(root, path)
            (root / path).unlink(missing_ok=True)
            outcome.unconfirmed.append(path)
            continue
        local = records.read(root, path)
        if local is None or local == output.record or is_behind(local, output, there[path].sha256):
            outcome.restored.append(path)
        else:
            outcome.kept.append(path)
    confirmed = known.only(set(outcome.restored))
    intact = {path: there[path] for path in (*outcome.restored, *outcome.kept)}
    for path, time in times(root, confirmed, intact).items():
        records.write(root, path, confirmed.outputs[path].record)
        os.utime(root / path, (time, time))
    return outcome


def times(root: Path, known: Provenance, there: dict[str, Digests]) -> dict[str, float]:
    """Return the time of each output, from the inputs as they are in the folder now.

    `there` has the checksums of files that were read already.
    """
    found = {path: f"sha256:{digests.sha256}" for path, digests in there.items()}

    def checksum(name: str) -> str | None:
        if name not in found:
            if not (root / name).is_file():
                return None
            found[name] = f"sha256:{files.digests(root / name).sha256}"
        return found[name]

    return provenance.times(known, checksum, lambda name: (root / name).stat().st_mtime)
