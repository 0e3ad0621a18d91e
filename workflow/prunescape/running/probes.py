"""Asking programs that may be missing, fail or hang, about the machine. Standard library only."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress


def lines(command: Sequence[str], seconds: float) -> list[str] | None:
    """Return what a command prints, line by line; None if it is missing, fails, or takes too long.

    Nothing that a command does or leaves undone keeps the caller longer: what doesn't end in time
    is killed and not waited for, since a driver that hangs holds it, and what it has started may
    hold its output open.
    """
    try:
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.returncode = -signal.SIGKILL  # nothing is to wait for it any more
                return None
            finally:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
            printed.seek(0)
            return printed.read().decode(errors="replace").splitlines() if status == 0 else None
    except (OSError, ValueError):
        return None
