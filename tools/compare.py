"""Show which claims, scores and figures of a run changed since the snapshot of another commit.

    python tools/compare.py --rev REV results/default

`after` is the run as it lies here, or in the snapshot of --to. Bytes of a snapshot come from DVC's
cache; what is not there is fetched from the default remote. Figures are compared by checksum.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from versioning import files, tables
from versioning.files import Error
from versioning.store import Store, Tracked, pointed

SHOWN = 20


class Version(NamedTuple):
    """A run: the checksum of each file, below the run's folder, and a way to read one."""

    listing: dict[str, str]
    read: Callable[[str], str]


def main() -> int:
    """Parse the arguments, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="folder of the run, as it is under DVC")
    parser.add_argument("--rev", required=True, help="commit of the snapshot before")
    parser.add_argument("--to", metavar="REV", help="commit of the snapshot after; default: here")
    parser.add_argument("--all", action="store_true", help="show every changed score")
    arguments = parser.parse_args()
    if not arguments.rev:
        raise Error("name a commit: make diff REV=...")
    for revision in filter(None, (arguments.rev, arguments.to)):
        if revision.startswith("-"):  # git would take it for an option
            raise Error(f"found {revision!r}; allowed: a commit")
    store = Store(Path.cwd())
    store.check()
    before = committed(store, arguments.run, arguments.rev)
    after = committed(store, arguments.run, arguments.to) if arguments.to else here(arguments.run)
    for line in compare(before, after, sys.maxsize if arguments.all else SHOWN):
        print(line)
    return 0


def compare(before: Version, after: Version, limit: int) -> Iterator[str]:
    """Yield the lines of the comparison."""
    pairs = [(_table(before, name), _table(after, name)) for name in ("claims.csv", "scores.csv")]
    yield from tables.render(tables.claims(*pairs[0]), "claim", sys.maxsize)
    yield ""
    yield from tables.render(tables.scores(*pairs[1]), "accuracy of", limit)
    yield ""
    changed = tables.files(*(_figures(version) for version in (before, after)))
    yield f"figures: {len(changed) or 'no'} change{'' if len(changed) == 1 else 's'}"
    for name, what in changed:
        yield f"  {what:8} {name}"


def here(run: str) -> Version:
    """Return the run that lies in the working folder."""
    root = Path(run)
    if not root.is_dir():
        raise Error(f"{run} is not there: give make restore, or name two commits")
    listing = {name: files.md5(root / name) for name in files.below(root, ".")}
    return Version(listing, lambda name: (root / name).read_text(encoding="utf-8"))


def committed(store: Store, run: str, revision: str) -> Version:
    """Return the run of a commit's snapshot, which is fetched if need be."""
    run = run.rstrip("/")
    pointer = f"{run}.dvc"
    [entry] = pointed(store.show(revision, pointer), pointer)
    listing = store.listed(entry)
    if listing is None:
        fetch(store, entry, revision)
        listing = store.listed(entry) or {}
    short = {name.removeprefix(f"{run}/"): md5 for name, md5 in listing.items()}

    def read(name: str) -> str:
        place = store.object(short[name])
        if not place.is_file():
            fetch(store, entry, revision)
        return place.read_text(encoding="utf-8")

    return Version(short, read)


def fetch(store: Store, entry: Tracked, revision: str) -> None:
    """Bring the bytes of a commit's snapshot into the cache."""
    commit = store.git("rev-parse", "--short", f"{revision}^{{commit}}").strip()
    store.fetch_of(store.show(revision, entry.pointer), entry.pointer)
    if store.absent([entry]):
        raise Error(f"the remote does not have all of {entry.path} of {commit}")


def _table(version: Version, name: str) -> tables.Rows:
    return tables.read(version.read(name)) if name in version.listing else []


def _figures(version: Version) -> dict[str, str]:
    return {name: md5 for name, md5 in version.listing.items() if "/figures/" in f"/{name}"}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Error, OSError) as error:
        sys.exit(f"compare.py: {error}")
