"""Take a snapshot of a finished run: bytes into DVC, records into provenance.json."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from . import files, killed, links, provenance, records
from .files import Error
from .provenance import Output, Provenance
from .store import Remote, Store, Tracked, objects, usual_store

Say = Callable[[str], None]


def snapshot(
    root: Path, targets: Sequence[str], file: str, folder: str | None, commit: bool, say: Say
) -> None:
    """Put `targets` under DVC, save the records of the outputs in them, push.

    Args:
        root: where Snakemake runs, in a git repository.
        targets: files and folders, relative to `root`.
        file: the provenance, relative to `root`.
        folder: a local folder to be the default remote, made if it is named for the first time;
            None for the remote that is set, or the usual store where none is.
        commit: commit pointers and provenance at the end, instead of saying how.
        say: takes a line for the user.

    Raises:
        Error: nothing is saved, or what was saved is not pushed; the message says which.
    """
    store = Store(root)
    store.check()
    records.check(root)
    targets = [_relative(root, target) for target in targets]
    killed.clear(store, targets)
    separated = links.separate(root, targets, store.cache)
    if separated:
        say(f"{len(separated)} results were links, and are copies now")
    old = provenance.read(root / file) if (root / file).exists() else Provenance()
    new = collect(root, targets, old)
    _check_complete(root, new)
    _check_tree(store, new, targets, file)
    unchecked = provenance.unchecked(new)
    if unchecked:
        say(
            f"warning: Snakemake has no checksum of {files.few(unchecked)}: after a restore it "
            "judges them by time (set max-checksum-file-size before a run)"
        )
    remote = store.remote_made(folder)

    say(f"adding {len(targets)} targets with {len(new.outputs)} outputs of Snakemake")
    entries = _add(store, targets, new, root / file, old)
    committed = sorted({file, *(entry.pointer for entry in entries), *_ignores(store, entries)})

    say(f"pushing to {remote.name} ({remote.location})")
    _push(store, remote, entries)
    if remote.location == str(usual_store()):
        say(
            "your other clones on this machine find it there; to share it with others, give a "
            "folder that they can reach: --store (STORE of make)"
        )
    if commit:
        _commit(store, committed, say)
    else:
        say("to share it, commit what points to it:")
        say(f"  git add {' '.join(committed)}")
        say("  git commit")


def collect(root: Path, names: Iterable[str], old: Provenance) -> Provenance:
    """Return content and record of every output of Snakemake at or below some paths.

    Error if outputs are those of the provenance `old`, but their records are not: they were pulled
    and not restored, and a snapshot would say of them what isn't known.
    """
    found: dict[str, Output] = {}
    pulled = []
    for path in sorted({path for name in names for path in files.below(root, name)}):
        record = records.read(root, path)
        if record is None:
            if path in old.outputs:
                pulled.append(path)
            continue
        output = Output(files.digests(root / path), record)
        if is_behind(record, old.outputs.get(path), output.digests.sha256):
            pulled.append(path)
        found[path] = output
    if pulled:
        raise Error(
            f"{len(pulled)} outputs were pulled without their records, such as "
            f"{files.few(pulled, 2)}: give restore first"
        )
    if not found:
        raise Error("Snakemake has no record of any file there: is this where it ran?")
    return Provenance(found)


def is_behind(record: records.Record | None, known: Output | None, sha256: str) -> bool:
    """Return whether a local record is older than the known one of the same bytes, or missing."""
    if known is None or known.digests.sha256 != sha256:
        return False
    return record is None or record["endtime"] < known.end


def _relative(root: Path, target: str) -> str:
    path = Path(os.path.normpath(root / target))
    if not path.is_relative_to(root) or path == root:
        raise Error(f"{target} does not lie below {root}")
    if not path.exists():
        raise Error(f"{target} is not there: finish the run, or name what there is")
    return path.relative_to(root).as_posix()


def _check_complete(root: Path, new: Provenance) -> None:
    """Raise an Error if a job that began to write one of the outputs did not end."""
    broken = sorted(records.incomplete(root) & set(new.outputs))
    if broken:
        raise Error(f"a killed job left {files.few(broken)} incomplete: run Snakemake again")


def _check_tree(store: Store, new: Provenance, targets: Sequence[str], file: str) -> None:
    """Raise an Error if a clone would not have the files that the outputs are said to be made of.

    Those are in git, under DVC, or outputs that a clone makes anew.
    """
    inputs = provenance.inputs(new)
    # Of a larger repository, what the jobs read of it beside this folder.
    looked_at = [".", *(n for n in inputs if n.startswith("..") and store.in_repository(n))]
    dirty = store.changed(looked_at, untracked=False)
    ours = (file, store.settings)
    dirty = [p for p in dirty if p not in ours and not p.endswith((".dvc", ".gitignore"))]
    if dirty:
        raise Error(
            f"git has uncommitted changes of {files.few(dirty)}: commit them first, a clone of "
            "the snapshot would not have them and run their jobs again"
        )
    there = {name for name in store.git("ls-files", "-z", "--", *looked_at).split("\0") if name}
    versioned = [*targets, *(entry.path for entry in store.tracked())]
    lacking = [
        name
        for name in inputs
        if name not in there
        and not provenance.is_below(name, versioned)
        and records.read(store.root, name) is None
    ]
    if lacking:
        raise Error(
            f"the outputs were made of {files.few(lacking)}, which neither git nor DVC has: add "
            "them to git, or to the targets"
        )


def _add(
    store: Store, targets: Sequence[str], new: Provenance, file: Path, old: Provenance
) -> list[Tracked]:
    """Add the targets and write the provenance, or put all pointers back as they were."""
    paths = [file, *(store.root / f"{target}.dvc" for target in targets)]
    before = {path: path.read_bytes() if path.exists() else None for path in paths}
    due = links.times(store.root, targets)
    if store.links:
        # DVC would replace a file by a link to the object of its name, without looking into that.
        store.evict_corrupt(files.md5(store.root / path) for path in due)
    try:
        store.dvc("add", *targets)
        entries = [entry for entry in store.tracked(targets) if entry.path in targets]
        if any(store.listed(entry) is None for entry in entries):
            # The list of a folder's files is broken: DVC writes it only where there is none.
            store.evict_corrupt(entry.object for entry in entries)
            store.dvc("add", *targets)
        gate_cache(store, entries, new)
        tracked = [entry.path for entry in store.tracked()]
        provenance.write(file, old.but(targets).below(tracked) | new)
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
        raise
    finally:
        # DVC has moved files away and left links, where its settings say so.
        links.separate(store.root, targets, store.cache, due)
    return entries


def gate_cache(store: Store, entries: Sequence[Tracked], new: Provenance) -> None:
    """Raise an Error unless DVC's cache has all bytes of the targets, and they are the outputs'.

    DVC reports success when the disk of its cache is full, and keeps what it has under the right
    name without looking into it. What is broken or missing is copied anew.
    """
    if not store.succeeds("status", "--quiet", *(entry.pointer for entry in entries)):
        raise Error(_not_added(store, entries))
    listings = [store.listed(entry) or {} for entry in entries]
    store.evict_corrupt(objects(listings))
    for listing in listings:
        store.refill(listing)
    if store.absent(entries):
        raise Error(_not_added(store, entries))
    added = {path: md5 for listing in listings for path, md5 in listing.items()}
    moved = [path for path, o in new.outputs.items() if added.get(path) != o.digests.md5]
    if moved:
        raise Error(f"{files.few(moved)} changed while the snapshot was taken: take it again")


def _not_added(store: Store, entries: Sequence[Tracked]) -> str:
    return (
        f"DVC reported success, but its cache lacks {len(store.absent(entries))} objects: is the "
        f"disk of {store.cache} full? Pointers and provenance are as they were before"
    )


def _push(store: Store, remote: Remote, entries: Sequence[Tracked]) -> None:
    """Push, and see that it arrived: DVC reports success when the remote's disk is full.

    In a remote that is a folder, every object is read: a broken one is made again. Elsewhere DVC's
    word has to do.
    """
    pointers = [entry.pointer for entry in entries]
    names = {entry.object for entry in entries} | objects(store.listed(e) or {} for e in entries)
    again = "the snapshot is whole in this clone; give the same command again to push it"
    folder = store.folder_of(remote)
    try:
        if folder is not None:
            store.evict_corrupt(names, folder)
        store.dvc("push", "--remote", remote.name, *pointers)
        store.replenish(remote, names)
    except (Error, OSError) as error:
        raise Error(f"{error} ({again})") from None
    gate = ("status", "--cloud", "--quiet", "--remote", remote.name, *pointers)
    if not store.succeeds(*gate) or (folder is not None and store.evict_corrupt(names, folder)):
        raise Error(
            f"not all bytes arrived in the remote {remote.name}: is its disk full? ({again})"
        )


def _ignores(store: Store, entries: Iterable[Tracked]) -> list[str]:
    """Return the .gitignore files that DVC has written or changed beside its pointers."""
    beside = {(Path(entry.pointer).parent / ".gitignore").as_posix() for entry in entries}
    return [name for name in store.changed(["."], untracked=True) if name in beside]


def _commit(store: Store, names: Sequence[str], say: Say) -> None:
    store.git("add", "--", *names)
    if not store.git("status", "--porcelain", "--", *names).strip():
        say("nothing to commit: the snapshot is the one that git has")
        return
    store.git("commit", "--quiet", "--message", "Take a snapshot of the run", "--", *names)
    say(f"committed {store.git('log', '-1', '--format=%h %s').strip()}")
