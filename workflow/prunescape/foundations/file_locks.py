"""Kernel locks on files; a lock ends with the process that holds it.

Standard library only.
"""

import fcntl
from typing import IO


def take(opened: int | IO[str]) -> bool:
    """Lock an open file without waiting; return whether that worked.

    Raises:
        OSError: if the file system has no locks.
    """
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait(opened: int | IO[str]) -> None:
    """Lock an open file once no other process holds it; OSError if the file system has no locks."""
    fcntl.flock(opened, fcntl.LOCK_EX)
