"""Results are files of their own, not links into DVC's cache.

Where DVC's cache.type is symlink or hardlink, `dvc add` and `dvc checkout` leave links. What is
then written through one, such as a log, replaces an object that snapshots have; or it can't be
written, since objects are read-only. A link becomes a copy, whole or not at all.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import files

PART = ".versions-"  # how the name of a file begins that is being copied


def times(root: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the modification time of each file at or below some paths, in nanoseconds."""
    return {path: (root / path).stat().st_mtime_ns for path in _there(root, names)}


def separate(
    root: Path, names: Iterable[str], cache: Path, due: Mapping[str, int] | None = None
) -> list[str]:
    """Replace every link into the cache at or below some paths by a copy; return those files.

    A symbolic link that leads elsewhere stays. A file with several names is taken for a link
    whatever the others are: what is written here should reach none of them.

    Args:
        root: what the paths are relative to.
        names: files and folders.
        cache: the folder of DVC's cache.
        due: the modification time that a copy gets, in nanoseconds; else that of the link's target.
    """
    inside = cache.resolve()
    separated = []
    for path in _there(root, names):
        place = root / path
        found = place.lstat()
        if stat.S_ISLNK(found.st_mode):
            linked = place.resolve().is_relative_to(inside)
        else:
            linked = found.st_nlink > 1
        if linked:
            time = (due or {}).get(path, place.stat().st_mtime_ns)
            _copy(place, time)
            separated.append(path)
    return separated


def _there(root: Path, names: Iterable[str]) -> list[str]:
    """Return the files at or below some paths, without links that lead nowhere."""
    found = {path for name in names for path in files.below(root, name)}
    return sorted(path for path in found if (root / path).is_file())


def _copy(place: Path, time: int) -> None:
    """Replace a link by a copy, writable and with a modification time."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=PART)
    os.close(handle)
    temporary = Path(name)
    try:
        shutil.copyfile(place, temporary)
        files.change_mode(temporary, files.permitted(0o666))
        os.utime(temporary, ns=(time, time))
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
