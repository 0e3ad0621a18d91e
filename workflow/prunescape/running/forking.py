"""Let a fork of a process that has imported the libraries do a script's work: see `fork_server`.

 Where there is no such process, or it can't serve, a script does its work itself:
in another environment of conda, in a container, on another machine, beside a system other than
Linux. Standard library only.
"""

import json
import os
import signal
import socket
import struct
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment variables that libraries read when they are imported."""
VARIABLE = "PRUNESCAPE_FORK_SERVER"
"""The environment variable with the token of the server that jobs ask."""
LENGTH = struct.Struct("!Q")
"""What precedes a request: its length. The descriptors that the script inherits come with it."""
STATUS = struct.Struct("!i")
"""The answer: the exit status, or minus the signal that ended the script; REFUSED."""
REFUSED = -1000
MOST_DESCRIPTORS = 200
ENDING_SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


class Request(NamedTuple):
    """What a script needs to run in a fork as it would run by itself."""

    arguments: list[str]
    """sys.argv, with the script's path first."""
    folder: str
    """The working folder."""
    environment: dict[str, str]
    umask: int
    descriptors: list[int]
    """The numbers of the open files that it inherits."""
    ignores_interrupts: bool
    """Whether SIGINT is ignored, as in commands that a shell runs in the background."""
    cpu_seconds: float
    """What the process that asks has taken so far."""


def address(token: str) -> str:
    """Return the abstract address of a server.

    A Python of another environment, or one that sees other files, as in a container, comes to
    another. Raises OSError if the system doesn't tell which files it sees.
    """
    place = f"{sys.prefix} {sys.version} {Path('/proc/self/ns/mnt').readlink()}"
    return f"\0prunescape-{token}-{zlib.crc32(place.encode()):08x}"


def peer(connection: socket.socket) -> int:
    """Return the user id of the process at the other end."""
    size = struct.calcsize("3i")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, user, _ = struct.unpack("3i", found)
    return int(user)


def hand_over() -> None:
    """Let a fork of the server run this script, and end as it ends; return if there is no server.

    Called before libraries are imported.
    """
    token = os.environ.pop(VARIABLE, None)
    if not token or sys.platform != "linux":
        return
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address(token))
        except OSError:
            return
        if peer(server) != os.getuid():
            return
        # One that comes meanwhile waits: within the request it would be read as a part of it.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            _ask(server)
            before = _hand_signals_on(server)
        except OSError:  # the server was killed
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        answer = b""
        with suppress(OSError):
            answer = server.recv(STATUS.size, socket.MSG_WAITALL)
    if len(answer) < STATUS.size:
        _lost()
    [status] = STATUS.unpack(answer)
    if status != REFUSED:
        os._exit(status if status >= 0 else 128 - status)
    for number, handler in before.items():
        signal.signal(number, handler)


def _ask(server: socket.socket) -> None:
    """Send all that the script needs to run elsewhere as it would run here."""
    own = server.fileno()
    descriptors = [each for each in _open_descriptors() if each != own]
    request = Request(
        arguments=sys.argv,
        folder=str(Path.cwd()),
        environment=dict(os.environ),
        umask=_umask(),
        descriptors=descriptors,
        ignores_interrupts=signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        cpu_seconds=time.process_time(),
    )
    text = json.dumps(request._asdict()).encode()
    socket.send_fds(server, [LENGTH.pack(len(text))], descriptors)
    server.sendall(text)


def _open_descriptors() -> list[int]:
    """Return the numbers of this process's open files."""
    found = []
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # that of the listing itself
            os.fstat(int(path.name))
            found.append(int(path.name))
    return sorted(found)


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _hand_signals_on(server: socket.socket) -> dict[signal.Signals, Any]:
    """Pass signals that would end the script on to the fork, which ends, and so this process.

    Returns:
        What was done with them before.
    """
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda number, frame: _pass_on(server, number))
    return before


def _pass_on(server: socket.socket, number: int) -> None:
    with suppress(OSError):
        server.sendall(bytes([number]))


def _lost() -> NoReturn:
    from prunescape.running import log_endings

    script = Path(sys.argv[0]).name
    reason = log_endings.failed(script, "the process that forks scripts was killed")
    print(f"\n{reason}", file=sys.stderr, flush=True)
    os._exit(1)
