"""How a job's log ends: with what its script took. Standard library only.

Snakemake's own records are samples, the last of them up to half a minute before a job's end, and
lack what it does after. A script knows.
"""

import re
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Ending(NamedTuple):
    """What a script took."""

    script: str
    """Its name, without .py."""
    start: float
    """CPU seconds until the interpreter and the imports were there."""
    work: float
    """CPU seconds after."""
    memory: float
    """The most resident memory, in MB."""

    def __str__(self) -> str:
        return (
            f"{self.script}.py: {self.start:.2f} CPU s to start, {self.work:.2f} at work, "
            f"{self.memory:.0f} MB at most"
        )


_LINE = re.compile(
    r"(\w+)\.py: ([\d.]+) CPU s to start, ([\d.]+) at work, (\d+) MB at most$", re.MULTILINE
)


def of_this_process(script: str, start: float) -> Ending:
    """Return what this process has taken until now, `start` of its CPU seconds to start."""
    return Ending(script, start, time.process_time() - start, peak_memory())


def read(log: Path) -> Ending | None:
    """Return the last ending in a log; None if there is none, or no log."""
    found = []
    with suppress(FileNotFoundError):
        found = _LINE.findall(log.read_text(encoding="utf-8", errors="replace"))
    if not found:
        return None
    script, *numbers = found[-1]
    return Ending(script, *map(float, numbers))


def peak_memory(process: int | str = "self") -> float:
    """Return the largest resident memory of a process until now, in MB; 0 if it has ended.

    Raises:
        OSError: another process is gone, or the system isn't Linux.
    """
    status = Path(f"/proc/{process}/status")
    if process != "self" or status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    if process != "self":
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
