"""Run commands of DVC.

To import DVC takes a second, which every command would pay. What only asks or sets something is a
fork of this process, which imports DVC once; what moves data is a process of its own.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

QUICK = ("cache", "config", "remote", "status")
"""Commands that move no data."""

_ENVIRONMENT = {"DVC_NO_ANALYTICS": "1"}


def run(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of DVC in a folder; return its exit status and what it printed."""
    if arguments[0] in QUICK and sys.platform == "linux" and _import():
        return _forked(arguments, folder)
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        env=os.environ | _ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _import() -> bool:
    """Import what DVC's commands need, and return whether this process may still be forked."""
    for name in ("cachemgr", "cli.parser", "daemon", "data_cloud", "lock", "repo", "scm"):
        importlib.import_module(f"dvc.{name}")
    return len(list(Path("/proc/self/task").iterdir())) == 1


def _forked(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    sys.stdout.flush()  # or the fork would print it again
    sys.stderr.flush()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        fork = os.fork()
        if not fork:
            for number, file in ((1, output), (2, errors)):
                os.dup2(file.fileno(), number)
            _become(arguments, folder)
        _, status = os.waitpid(fork, 0)
        printed = []
        for file in (output, errors):
            file.seek(0)
            printed.append(file.read().decode(errors="replace"))
    return subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(status), *printed)


def _become(arguments: Sequence[str], folder: Path) -> NoReturn:
    """Do what `python -m dvc` does, and end."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        os.environ.update(_ENVIRONMENT)
        status = importlib.import_module("dvc.cli").main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
