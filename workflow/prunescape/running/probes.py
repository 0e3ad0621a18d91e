"""Query the machine with programs that may be missing, fail or hang. Standard library only."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress


def lines(command: Sequence[str], seconds: float) -> list[str] | None:
    """Return the lines that a command prints; None if it is missing, fails, or takes too long.

    The caller never waits longer than `seconds`. A command that doesn't end in time is killed, but
    not awaited: a hanging driver may keep it alive, and its children may keep its output open.
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
                process.returncode = -signal.SIGKILL  # so that Popen doesn't wait for it
                return None
            finally:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
            printed.seek(0)
            return printed.read().decode(errors="replace").splitlines() if status == 0 else None
    except (OSError, ValueError):
        return None
