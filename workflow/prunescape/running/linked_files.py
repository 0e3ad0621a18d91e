"""Replace links and read-only files among logs and benchmarks before a run writes into them.

Snakemake writes both in place. If a file links into a cache (DVC's settings may make it do so), the
new bytes would end up in the cache under the old checksum; if it is read-only, the job would fail.
Standard library only.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path


def separate(folders: Iterable[str | os.PathLike[str]]) -> int:
    """Make every file below some folders writable and no link; return the number of changed files.

    A file that can't be replaced stays as it is; the job that writes it reports the error.
    """
    count = 0
    for folder in folders:
        for place, _, names in os.walk(os.fspath(folder)):
            for name in names:
                path = Path(place, name)
                with contextlib.suppress(OSError):
                    found = path.lstat()
                    if stat.S_ISLNK(found.st_mode) or found.st_nlink > 1:
                        _copy(path)
                        count += 1
                    elif not found.st_mode & stat.S_IWUSR:
                        path.chmod(found.st_mode | stat.S_IWUSR)
                        count += 1
    return count


def _copy(path: Path) -> None:
    """Replace a link by a writable copy of its target; remove it if the target is missing."""
    if not path.exists():
        path.unlink()
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        shutil.copy2(path, temporary)
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IWUSR)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
