"""A process that has imported the scripts' libraries and forks itself into every job's script.

Importing torch takes longer than most small jobs. The process is started by Snakemake and ends with
it; `forking` asks it for a fork and stands in for the fork as the job's process. Libraries are
imported when the first script asks that needs them, the project's own modules never: they may be
edited while the process lives. Linux only, and the standard library only.
"""

import atexit
import fcntl
import gc
import json
import os
import runpy
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from prunescape.running.forking import (
    ENDING_SIGNALS,
    LENGTH,
    MOST_DESCRIPTORS,
    ONE_THREAD,
    REFUSED,
    STATUS,
    VARIABLE,
    Request,
    address,
    peer,
)

_WITH_THREADS = "onnxruntime", "sklearn"
"""Libraries that start threads when they are imported; a process with threads can't be forked."""

_AT_FIRST_USE = {
    "numpy": ["numpy.random"],
    "pandera": ["pandera.backends.pandas.builtin_checks"],
    "pyarrow": ["pyarrow.dataset", "pyarrow.parquet"],
    "matplotlib": ["matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"],
}
"""What libraries import when they are first used."""

# Arrow's allocator would start a thread of its own, which a fork lacks.
_ENVIRONMENT = ONE_THREAD | {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


WORKFLOW = Path(__file__).resolve().parents[2]
_START = """import sys; sys.path[0] = {!r}
from prunescape.running import fork_server; fork_server.main()"""


def start(
    libraries: Mapping[str, Sequence[tuple[str, Sequence[str]]]],
) -> subprocess.Popen[bytes] | None:
    """Start a server for the jobs of this process; it ends with this process, or with `end`.

    Args:
        libraries: for every script, by its path without links, the modules that it imports, each
            with the names that it takes from there.

    Returns:
        The server's process; None if the system isn't Linux, or the server doesn't start.
    """
    if sys.platform != "linux":
        return None
    token = secrets.token_hex(8)
    # The python of jobs, which may be another than this one.
    command = ["python", "-c", _START.format(str(WORKFLOW))]
    try:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError:
        return None
    assert server.stdin
    assert server.stdout
    given = json.dumps({"token": token, "libraries": libraries}).encode() + b"\n"
    with suppress(OSError):  # it has ended
        server.stdin.write(given)
        server.stdin.flush()
    if server.stdout.readline() != b"ready\n":
        end(server)
        return None
    os.environ[VARIABLE] = token
    return server


def end(server: subprocess.Popen[bytes]) -> float:
    """End a server once its forks have ended; return the CPU seconds that it took itself."""
    os.environ.pop(VARIABLE, None)
    seconds = 0.0
    with suppress(OSError):
        fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
        seconds = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    server.communicate()  # closes its input
    return seconds


class Server:
    """Forks on request until standard input ends and the last fork has ended."""

    def __init__(self, token: str, libraries: Mapping[str, Sequence[tuple[str, list[str]]]]):
        self.libraries = libraries
        self.forks: dict[int, socket.socket] = {}  # connections to their stand-ins
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address(token))
        self.listener.listen(128)
        self.wakened, waking = socket.socketpair()
        for end in (self.wakened, waking):
            end.setblocking(False)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        self.waking = waking
        for number in ENDING_SIGNALS:  # the forks get them from those that stand in for them
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(self.wakened, selectors.EVENT_READ, self.bury)
        self.selector.register(0, selectors.EVENT_READ, self.stop)
        self.request: Request | None = None
        self.open = True

    def serve(self) -> Request | None:
        """Fork on request; return the request in a fork, and None in the server at its end."""
        while self.open or self.forks:
            for key, _ in self.selector.select():
                key.data()
                if self.request:
                    return self.request
        return None

    def stop(self) -> None:
        """Take no more requests: Snakemake has ended."""
        self.selector.unregister(0)
        self.selector.unregister(self.listener)
        self.listener.close()
        self.open = False

    def accept(self) -> None:
        """Take a request; fork."""
        if not self.open:
            return
        client, _ = self.listener.accept()
        if peer(client) != os.getuid():
            client.close()
            return
        try:
            received = _received(client)
        except (OSError, ValueError):  # killed while it asked
            client.close()
            return
        request, descriptors = received
        self.prepare(request.arguments[0])
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            # A fork has one thread only, and what the others held stays locked in it.
            client.sendall(STATUS.pack(REFUSED))
            _close(descriptors)
            client.close()
            return
        parent, process = os.getpid(), os.fork()
        if process == 0:
            self.leave()
            _become(request, descriptors, client, parent)
            self.request = request
            return
        os.setpgid(process, process)  # as the fork does; neither waits for the other
        _close(descriptors)
        self.forks[process] = client
        self.selector.register(client, selectors.EVENT_READ, lambda: self.hear(process))

    def prepare(self, script: str) -> None:
        """Import the libraries of a script."""
        for module, names in self.libraries.get(os.path.realpath(script), ()):
            first = module.partition(".")[0]
            if first not in _WITH_THREADS:
                _import(module, names)
                for later in _AT_FIRST_USE.get(first, ()):
                    _import(later, [])
        gc.freeze()  # a collection in a fork would copy all memory

    def leave(self) -> None:
        """Close what is the server's, in a fork."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        for each in (self.listener, self.wakened, self.waking):
            each.close()
        for client in self.forks.values():
            client.close()
        # Folders that its libraries made (matplotlib's, if home can't be written) outlive a fork.
        atexit.unregister(shutil.rmtree)

    def hear(self, process: int) -> None:
        """Hand a signal on to a fork; kill it, and what it started, when its stand-in has ended."""
        client = self.forks.get(process)
        if not client:  # it has just ended
            return
        said = b""
        with suppress(OSError):
            said = client.recv(1)
        if said:
            os.kill(process, said[0])
        else:
            self.selector.unregister(client)
            os.killpg(process, signal.SIGKILL)

    def bury(self) -> None:
        """Answer for the forks that have ended."""
        with suppress(BlockingIOError):
            while self.wakened.recv(4096):
                pass
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                process, status = ended
                if client := self.forks.pop(process, None):
                    with suppress(KeyError):
                        self.selector.unregister(client)
                    with suppress(OSError):
                        client.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
                    client.close()


def _import(module: str, names: Sequence[str]) -> None:
    with suppress(Exception):  # the script says what is wrong with it
        __import__(module, fromlist=names)


def _received(client: socket.socket) -> tuple[Request, list[int]]:
    """Return a request and the descriptors that came with it."""
    head, descriptors, _, _ = socket.recv_fds(client, LENGTH.size, MOST_DESCRIPTORS)
    try:
        with client.makefile("rb") as stream:
            text = stream.read(*LENGTH.unpack(head))
        return Request(**json.loads(text)), descriptors
    except Exception as error:
        _close(descriptors)
        raise ValueError(str(error)) from None


def _close(descriptors: Sequence[int]) -> None:
    for each in descriptors:
        os.close(each)


def _become(
    request: Request, descriptors: Sequence[int], client: socket.socket, parent: int
) -> None:
    """Take on all that a script has from the process that stands in for it."""
    # Not in the server: they may be edited.
    from prunescape.foundations import abandonment
    from prunescape.running import processes

    processes.end_with(parent)
    os.setpgid(0, 0)  # signals to the group reach it once, by way of its stand-in
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    interrupted = signal.SIG_IGN if request.ignores_interrupts else signal.default_int_handler
    signal.signal(signal.SIGINT, interrupted)
    above = 1 + max((2, *request.descriptors, *descriptors))
    abandonment.watch(socket.socket(fileno=_moved(client.detach(), above)))
    _inherit(request.descriptors, descriptors, above)
    os.chdir(request.folder)
    os.umask(request.umask)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = list(request.arguments)
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    if "numpy" in sys.modules:  # Python's own generator is seeded anew by itself
        sys.modules["numpy"].random.seed()


def _inherit(numbers: Sequence[int], descriptors: Sequence[int], above: int) -> None:
    """Give open files the numbers that they had, all of them below `above`."""
    kept = [_moved(each, above) for each in descriptors]
    for number, each in zip(numbers, kept, strict=True):
        os.dup2(each, number, inheritable=True)
        os.close(each)
    was = sys.stdout
    sys.stdout = open(  # noqa: SIM115
        1, "w", 1 if os.isatty(1) else -1, was.encoding, was.errors, closefd=False
    )


def _moved(descriptor: int, above: int) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above)
    os.close(descriptor)
    return moved


def main() -> None:
    """Serve, with the token and the scripts' libraries from the first line of standard input."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    given: dict[str, Any] = json.loads(line)
    os.environ |= _ENVIRONMENT
    server = Server(given["token"], given["libraries"])
    os.write(1, b"ready\n")
    if request := server.serve():
        from prunescape.running import log_endings  # not in the server: it may be edited

        log_endings.count_start(request.cpu_seconds)
        runpy.run_path(sys.argv[0], run_name="__main__")
