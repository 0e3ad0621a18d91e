"""Locks of the kernel's on files, which vanish with the process that holds them.

Standard library only.
"""

import fcntl
from typing import IO


def take(opened: int | IO[str]) -> bool:
    """Lock an open file without waiting; return whether that worked.

    Raises:
        OSError: where no file can be locked.
    """
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait(opened: int | IO[str]) -> None:
    """Lock an open file as soon as nobody else has; OSError where no file can be locked."""
    fcntl.flock(opened, fcntl.LOCK_EX)
