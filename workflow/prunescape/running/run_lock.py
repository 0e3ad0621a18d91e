"""One run at a time in a folder, and none that a kill or a power cut stops for good.

Snakemake locks a folder by files in LOCKS. They outlive a Snakemake that is killed, and stop the
next. So whoever runs here also holds a lock of the kernel's on FILE, which vanishes with its
process: who gets that one knows that files in LOCKS were left over. Standard library only.
"""

import os
import shutil
import socket
import sys
from pathlib import Path

from prunescape.foundations import file_locks

FILE = ".snakemake/alone.lock"
"""What is locked; it says who did so last: the name of the machine, and where its jobs ran."""
LOCKS = ".snakemake/locks"
HERE, CLUSTER = "here", "cluster"
"""Where jobs run: beside Snakemake, or where another machine may go on with them."""

HOLDER = "PRUNESCAPE_ALONE"
"""The number of a process that holds the lock already: Snakemake, when `wait` was called first."""


def wait(folder: Path) -> None:
    """Take the lock, as soon as nobody else runs in `folder`; remove what a killed run left.

    The lock is held until this process ends, also if another program takes its place. Where files
    can't be locked, nothing is done: Snakemake's own lock remains.

    Raises:
        ValueError: Snakemake has locked the folder, and may still be at work.
    """
    handle = _opened(folder)
    try:
        if not file_locks.take(handle):
            print(
                f"another run is at work in {folder.resolve()}: waiting for its end "
                "(Ctrl-C gives up)",
                file=sys.stderr,
            )
            file_locks.wait(handle)
    except OSError:
        return
    _clear(folder, os.pread(handle, 1000, 0).decode(errors="replace"))
    _say(handle, HERE)  # Snakemake locks the folder before it calls `claim`, and begins jobs after
    os.set_inheritable(handle, True)
    os.environ[HOLDER] = str(os.getpid())


def claim(folder: Path, where: str) -> None:
    """Take the lock for Snakemake, which works in `folder` from now on; say `where` jobs run.

    Raises:
        ValueError: another run is at work.
    """
    handle = _opened(folder)
    try:
        if os.environ.get(HOLDER) != str(os.getpid()) and not file_locks.take(handle):
            raise ValueError(f"another run is at work in {folder.resolve()}: wait for its end")
    except OSError:
        return
    _say(handle, where)


def _opened(folder: Path) -> int:
    """Open the file, which stays open as long as the process lives."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _say(handle: int, where: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{socket.gethostname()} {where}\n".encode(), 0)


def _clear(folder: Path, last: str) -> None:
    """Remove Snakemake's own lock, of a run that is known to have ended; `last` is FILE's text."""
    if not any((folder / LOCKS).glob("*.lock")):
        return
    # Not all file systems tell other machines what is locked, and a cluster's jobs may go on.
    if last.split() != [socket.gethostname(), HERE]:
        known = last.split()
        host, where = known if len(known) == 2 else ("another machine", CLUSTER)
        raise ValueError(
            f"{folder.resolve()} is locked by a run on {host} that may be at work"
            f"{', or its jobs' if where == CLUSTER else ''}: wait for its end; if it was killed, "
            "`make cancel` ends what it left on a cluster and unlocks, `snakemake --unlock` unlocks"
        )
    print("the last run here was killed: going on where it stopped", file=sys.stderr)
    shutil.rmtree(folder / LOCKS)
