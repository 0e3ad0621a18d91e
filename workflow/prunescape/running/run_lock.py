"""Allow one run at a time in a folder, without a lock that outlives a killed run.

Snakemake locks a folder with files in LOCKS. They remain when Snakemake is killed, and then stop
the next run. So a run also holds a kernel lock on FILE, which ends with its process. A run that
gets the kernel lock knows that the files in LOCKS are left over. Standard library only.
"""

import os
import shutil
import socket
import sys
from pathlib import Path

from prunescape.foundations import file_locks

FILE = ".snakemake/alone.lock"
"""The locked file; it has the last run's machine, and where that run's jobs ran."""
LOCKS = ".snakemake/locks"
HERE, CLUSTER = "here", "cluster"
"""Where jobs run: on Snakemake's machine, or on others, where they may outlive Snakemake."""

HOLDER = "PRUNESCAPE_ALONE"
"""The variable with the id of the process that took the lock in `wait`; it becomes Snakemake."""


def wait(folder: Path) -> None:
    """Take the lock as soon as no other run has it; remove the locks that a killed run left.

    This process holds the lock until it ends, also after exec. If files can't be locked, nothing is
    done: Snakemake's lock remains.

    Raises:
        ValueError: if Snakemake has locked the folder and may still be at work.
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
    _note(handle, HERE)  # Snakemake locks the folder, then calls `claim`, then starts jobs
    os.set_inheritable(handle, True)
    os.environ[HOLDER] = str(os.getpid())


def claim(folder: Path, where: str) -> None:
    """Take the lock for Snakemake, which works in `folder` from now on; note `where` jobs run.

    Raises:
        ValueError: if another run is at work.
    """
    handle = _opened(folder)
    try:
        if os.environ.get(HOLDER) != str(os.getpid()) and not file_locks.take(handle):
            raise ValueError(f"another run is at work in {folder.resolve()}: wait for its end")
    except OSError:
        return
    _note(handle, where)


def _opened(folder: Path) -> int:
    """Open FILE; it stays open until the process ends."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _note(handle: int, where: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{socket.gethostname()} {where}\n".encode(), 0)


def _clear(folder: Path, last: str) -> None:
    """Remove the lock of a Snakemake that is known to have ended; `last` is the text of FILE."""
    if not any((folder / LOCKS).glob("*.lock")):
        return
    # Other machines may not see the kernel lock, and jobs on a cluster may still be running.
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
