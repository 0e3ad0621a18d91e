"""How a job's log ends: with what its script took, or why it failed. Standard library only.

Snakemake's own records are samples, the last of them up to half a minute before a job's end, and
lack what it does after. A script knows.
"""

import os
import re
import resource
import sys
import time
from collections.abc import Sequence
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


TAIL = 1 << 20
"""How many bytes of a log's end are read: what jobs print is not ours, and may be much."""

LONGEST = 2000
"""Letters of a reason; it may quote what isn't ours."""

# What a script printed last may lack its newline, so an ending is what a line ends with. Only that
# much of a line is searched: of a whole one it would take time that grows with its square.
_LINE = re.compile(
    r"(\w{1,50})\.py: ([\d.]{1,20}) CPU s to start, ([\d.]{1,20}) at work, (\d{1,20}) MB at most\Z"
)
_LINE_LENGTH = 200
# For a whole line, so that it fails at its first letters.
_FAILED = re.compile(r"(\w{1,50}\.py) failed: (.*)")
_CRASHED = "Fatal Python error: "
"""How Python's fault handler begins; lines of what was at work follow."""


def of_this_process(script: str, start: float) -> Ending:
    """Return what this process has taken until now, `start` of its CPU seconds to start."""
    return Ending(script, start, time.process_time() - start, peak_memory())


def read(log: Path) -> Ending | None:
    """Return the last ending in a log; None if there is none, or no log."""
    with suppress(FileNotFoundError):
        for line in reversed(tail(log)):
            if found := _LINE.search(line[-_LINE_LENGTH:]):
                script, *numbers = found.groups()
                return Ending(script, *map(float, numbers))
    return None


def failed(script: str, reason: str) -> str:
    """Return the line by which a script's log says why it failed; `reason` is one line."""
    return f"{script} failed: {reason[:LONGEST]}"


def reason(lines: Sequence[str]) -> str:
    """Return why a script failed, by the lines of its log that it marked; "" if it marked none."""
    for number, line in reversed(list(enumerate(lines))):
        if found := _FAILED.fullmatch(line):
            return f"{found[1]}: {found[2]}"
        if line.startswith(_CRASHED):
            places = [each.strip() for each in lines[number:] if each.startswith("  File ")]
            at = f" at {places[0]}" if places else ""
            return f"Python crashed: {line.removeprefix(_CRASHED)}{at}"
    return ""


def tail(log: Path) -> list[str]:
    """Return the last lines of a log, TAIL bytes at most, so that the first may be cut."""
    with log.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - TAIL))
        return opened.read().decode(errors="replace").splitlines()


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
