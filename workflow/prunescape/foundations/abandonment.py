"""Whether a process's results are still waited for (standard library only).

A fork works for a script that stands in for it. Once that script is killed, Snakemake takes the job
as failed: it removes what was written and keeps no record. A result that the fork named a moment
later would pass for that of a finished job.
"""

import socket

_waiting: socket.socket | None = None


def watch(connection: socket.socket) -> None:
    """Take the process at the other end as the one that waits for this one's results."""
    global _waiting
    _waiting = connection


def end_if_abandoned() -> None:
    """End this process, by SystemExit, if the process that waited for it has ended."""
    if _waiting is None:
        return
    try:
        said = _waiting.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:  # it is there, and silent
        return
    except OSError:
        said = b""
    if not said:
        raise SystemExit("nobody waits for this process any more: its script was killed")
