"""Snakemake's dry runs as forks of a process that has imported it: a quarter of their time.

A dry run starts no process, so nothing that it does depends on how it was started. Run as a
program, this file is that process: a line in with what to run, a line out with the exit status.
"""

import atexit
import functools
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Libraries that start threads would leave their locks in the forks.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
START = (sys.executable, "-m", "snakemake")


def is_one(command: Sequence[str]) -> bool:
    """Return whether a command is a dry run of Snakemake."""
    return tuple(command[: len(START)]) == START and "--dry-run" in command


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
) -> tuple[int, str]:
    """Run a command for which `is_one` holds; return its exit status and all that it printed."""
    with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8") as output:
        request = {
            "arguments": ["snakemake", *command[len(START) :]],
            "folder": str(folder),
            "environment": dict(environment),
            "output": output.name,
            "limit": limit,
        }
        process = _process()
        print(json.dumps(request), file=process.stdin, flush=True)
        status = int(process.stdout.readline())
        return status, output.read()


@functools.cache
def _process() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, __file__],
        env=os.environ | ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)  # its input ends, and so it does
    return process


def _serve() -> None:
    import snakemake.cli  # noqa: F401

    assert len(list(Path("/proc/self/task").iterdir())) == 1
    gc.freeze()  # a collection in a fork would copy all memory
    for line in sys.stdin:
        request = json.loads(line)
        fork = os.fork()
        if not fork:
            _become(**request)
        _, status = os.waitpid(fork, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(
    arguments: list[str], folder: str, environment: dict[str, str], output: str, limit: float
) -> None:
    """Do what `python -m snakemake` does in a folder, and end."""
    signal.alarm(int(limit))
    written = os.open(output, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(written, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = folder
    sys.argv = arguments
    status = 0
    try:
        runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder's modules aren't Snakemake's
    sys.path.insert(0, "")
    _serve()
