"""Restore a snapshot: pull its bytes, confirm each output, give Snakemake its records and times."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from . import files, killed, links, overwriting, provenance, records
from .files import Digests, Error
from .provenance import Provenance
from .snapshot import is_behind
from .store import Remote, Store, Tracked, objects

Say = Callable[[str], None]


class Outcome(NamedTuple):
    """What became of the outputs of a snapshot."""

    restored: list[str]
    kept: list[str]  # made again here, later, with the same bytes
    unconfirmed: list[str]  # missing, or other bytes than the provenance says
    lacking: list[str]  # files that are no outputs, such as logs, and can't be had


def restore(
    root: Path, names: Sequence[str] | None, file: str, folder: str | None, force: bool, say: Say
) -> Outcome:
    """Pull what is under DVC and give Snakemake back what it knew of it.

    Args:
        root: where Snakemake runs, in a git repository.
        names: paths to restore; None for all.
        file: the provenance, relative to `root`.
        folder: a local folder to be the default remote; None for the remote that is set, or the
            usual store where none is.
        force: replace files and records that are in no snapshot.
        say: takes a line for the user.

    Raises:
        Error: nothing that is in no snapshot was touched.
    """
    store = Store(root)
    store.check()
    records.check_unlocked(root)
    killed.clear(store)
    known = provenance.read(root / file)
    # What has no record is for dvc pull: Snakemake knows nothing of it that could come back.
    entries = [e for e in store.tracked(names) if known.below([e.path]).outputs]
    known = known.below([entry.path for entry in entries])
    if not known.outputs:
        raise Error(
            f"{file} has no record of what is under DVC here: give dvc pull for the bytes alone"
        )
    remote = store.remote(folder)

    lost = fetch(store, entries, remote, say)
    store.sweep(entries)
    # DVC's own checkout may have left links.
    links.separate(root, [entry.path for entry in entries], store.cache)
    wanted = {p: md5 for entry in entries for p, md5 in (store.listed(entry) or {}).items()}
    there = _digests(root, (p for entry in entries for p in files.below(root, entry.path)))
    found = overwriting.look(store, entries, wanted, there)
    if found.unsaved and (lost or not force):
        raise Error(
            f"{len(found.unsaved)} files here are in no snapshot and would be lost, such as "
            f"{files.few(found.unsaved, 3)}: keep them with a snapshot of their own, or "
            + ("move them away" if lost else "have them replaced with --force (FORCE=1 of make)")
        )
    if found.aside:
        say(f"left where they are, in no snapshot: {files.few(found.aside)}")
    replaced = {*found.saved, *found.unsaved}
    for path in replaced:
        (root / path).unlink()
    there = {path: digests for path, digests in there.items() if wanted.get(path) == digests.md5}
    for path in replaced | (wanted.keys() - there.keys()):
        # It would say of the snapshot's file how another was made.
        records.delete(root, path)
    if len(there) < len(wanted):
        there = _check_out(store, entries, wanted, remote, say)
    outcome = _bless(store, known, there, file, force)
    lacking = sorted(wanted.keys() - there.keys() - known.outputs.keys())
    return outcome._replace(lacking=lacking)


def report(outcome: Outcome, say: Say) -> int:
    """Print what became of the outputs; return 1 if not all is as in the snapshot."""
    say(f"{len(outcome.restored)} outputs restored: bytes confirmed, records and times given back")
    if outcome.kept:
        say(f"{len(outcome.kept)} were made again here since, with the same bytes: left alone")
    for path in outcome.unconfirmed:
        say(f"not confirmed, to be computed again: {path}")
    for path in outcome.lacking:
        say(f"not restored: {path}")
    return 1 if outcome.unconfirmed or outcome.lacking else 0


def fetch(store: Store, entries: Sequence[Tracked], remote: Remote | None, say: Say) -> list[str]:
    """Bring what the cache lacks, and return the objects that can't be had.

    Files here are not touched. Error if nothing can be restored from what there is.
    """
    absent = store.absent(entries)
    if not absent:
        return []
    if remote is None:
        raise Error(
            f"{len(absent)} objects are not in this clone's cache and no remote is set: name the "
            "folder that has them with --store (STORE of make), or a remote with "
            "dvc remote add --local --default NAME LOCATION"
        )
    say(f"fetching from {remote.name} ({remote.location})")
    reason = ""
    try:
        store.dvc("fetch", "--remote", remote.name, *(entry.pointer for entry in entries))
    except Error as error:
        reason = f": {error}"
        store.borrow(remote, [entry.object for entry in entries])
    # DVC believes objects that come read-only; lists of files are looked into by `absent`.
    names = objects(store.listed(entry) or {} for entry in entries)
    broken = store.evict_corrupt(names & {*absent, *_new(store, entries, absent)})
    lost = store.absent(entries)
    if lost:
        what = (
            f"{len(lost)} objects can't be had from the remote {remote.name}, such as "
            f"{_place(lost[0])} ({len(broken)} are broken there){reason}; who took the snapshot "
            "can give the same command again to push them"
        )
        if any(store.listed(entry) is None for entry in entries) or set(names) <= set(lost):
            raise Error(what)
        say(what)
    return lost


def _new(store: Store, entries: Sequence[Tracked], absent: Sequence[str]) -> set[str]:
    """Return the objects of folders whose list of files was absent before a fetch."""
    lists = [entry for entry in entries if entry.object in absent]
    return objects(store.listed(entry) or {} for entry in lists)


def _place(name: str) -> str:
    return f"files/md5/{name[:2]}/{name[2:]}"


def _check_out(
    store: Store,
    entries: Sequence[Tracked],
    wanted: Mapping[str, str],
    remote: Remote | None,
    say: Say,
) -> dict[str, Digests]:
    """Lay out the files; return the checksums of those that are there, and intact.

    Where objects of the cache are broken, they are thrown away and fetched anew, once.
    """
    say("laying out the files")
    store.lay_out(wanted)
    there = _digests(store.root, wanted)
    if len(there) < len(wanted) and store.evict_corrupt(wanted.values()):
        say("DVC's cache had broken objects: fetching them anew")
        fetch(store, entries, remote, say)
        store.lay_out(wanted)
        there = _digests(store.root, wanted)
    return there


def _digests(root: Path, paths: Iterable[str]) -> dict[str, Digests]:
    return {path: files.digests(root / path) for path in paths if (root / path).is_file()}


def _bless(
    store: Store, known: Provenance, there: Mapping[str, Digests], file: str, force: bool
) -> Outcome:
    """Give records and times to the outputs that are what the provenance says.

    Of others even the file goes (DVC's cache has it): Snakemake doesn't rerun a job for want of a
    record, and would take whatever lies there for its output.
    """
    root = store.root
    outcome = Outcome([], [], [], [])
    later = {}
    for path, output in sorted(known.outputs.items()):
        if path not in there or there[path].sha256 != output.digests.sha256:
            records.delete(root, path)
            (root / path).unlink(missing_ok=True)
            outcome.unconfirmed.append(path)
            continue
        local = records.read(root, path)
        if local in (None, output.record) or is_behind(local, output, there[path].sha256):
            outcome.restored.append(path)
        else:
            later[path] = local
    made = set() if force else overwriting.new_records(store, file, later)
    outcome.kept.extend(sorted(made))
    outcome.restored.extend(sorted(later.keys() - made))
    confirmed = known.only(set(outcome.restored))
    intact = {path: there[path] for path in (*outcome.restored, *outcome.kept)}
    for path, time in times(root, confirmed, intact).items():
        records.write(root, path, confirmed.outputs[path].record)
        os.utime(root / path, (time, time))
    return outcome


def times(root: Path, known: Provenance, there: Mapping[str, Digests]) -> dict[str, float]:
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
