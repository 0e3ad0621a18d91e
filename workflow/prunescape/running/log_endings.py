"""The last lines of a job's log: the script's cost, or why it failed. Standard library only.

Scripts report their cost themselves: Snakemake samples a job, at last up to half a minute before
its end, and so misses the rest.
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
    """A script's cost."""

    script: str
    """The script's name, without .py."""
    start: float
    """CPU seconds to start the interpreter and import the script's modules."""
    work: float
    """CPU seconds after that, with those of all child processes that have ended."""
    memory: float
    """Peak resident memory, in MB. Processes that share the work are added up, each with its own
    peak: memory that several share counts for each of them, so the sum is an upper bound."""

    def __str__(self) -> str:
        return (
            f"{self.script}.py: {self.start:.2f} CPU s to start, {self.work:.2f} at work, "
            f"{self.memory:.0f} MB at most"
        )


TAIL = 1 << 20
"""Bytes that are read from a log's end; libraries and users' code may print much."""

LONGEST = 2000
"""The most characters of a reason, which may quote others' messages."""

# A script's last output may lack its newline, so the ending is searched at the end of a line, in
# its last _LINE_LENGTH characters: on a whole line the search would take quadratic time.
_LINE = re.compile(
    r"(\w{1,50})\.py: ([\d.]{1,20}) CPU s to start, ([\d.]{1,20}) at work, (\d{1,20}) MB at most\Z"
)
_LINE_LENGTH = 200
# Matched against whole lines, so that most fail at the first characters.
_FAILED = re.compile(r"(\w{1,50}\.py) failed: (.*)")
_CRASHED = "Fatal Python error: "
"""The first words of Python's fault handler; a traceback follows."""

_elsewhere = {"memory": 0.0, "seconds": 0.0, "start": 0.0}
"""What other processes took: summed peaks, in MB, of those that shared the work; CPU seconds of
killed ones whose work was kept, and of the one for which this one was forked."""


def of_this_process(script: str, start: float) -> Ending:
    """Return this process's cost until now; `start` is the CPU seconds that starting took."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = time.process_time() - start + children.ru_utime + children.ru_stime
    return Ending(
        script,
        start + _elsewhere["start"],
        work + _elsewhere["seconds"],
        peak_memory() + _elsewhere["memory"],
    )


def count_start(seconds: float) -> None:
    """Count the CPU seconds of the process for which this one was forked."""
    _elsewhere["start"] = seconds


def count_children(memory: float) -> None:
    """Count the summed peaks of processes that shared the work; of several times, the largest."""
    _elsewhere["memory"] = max(_elsewhere["memory"], memory)


def count_earlier(seconds: float) -> None:
    """Count the CPU seconds of a killed process whose work goes on in this one."""
    _elsewhere["seconds"] += seconds


def earlier() -> float:
    """Return the CPU seconds that were counted of killed processes."""
    return _elsewhere["seconds"]


def read(log: Path) -> Ending | None:
    """Return the last ending in a log; None if there is none, or no log."""
    with suppress(FileNotFoundError):
        for line in reversed(tail(log)):
            if found := _LINE.search(line[-_LINE_LENGTH:]):
                script, *numbers = found.groups()
                return Ending(script, *map(float, numbers))
    return None


def said(log: Path) -> str:
    """Return what a finished script printed: the end of its log without the line of its cost."""
    return "\n".join(line for line in tail(log) if not _LINE.search(line[-_LINE_LENGTH:]))


def failed(script: str, reason: str) -> str:
    """Return the marked line that ends a failed script's log; `reason` is one line."""
    return f"{script} failed: {reason[:LONGEST]}"


def reason(lines: Sequence[str]) -> str:
    """Return why a script failed, from the marked lines of its log; "" if there are none."""
    for number, line in reversed(list(enumerate(lines))):
        if found := _FAILED.fullmatch(line):
            return f"{found[1]}: {found[2]}"
        if line.startswith(_CRASHED):
            places = [each.strip() for each in lines[number:] if each.startswith("  File ")]
            at = f" at {places[0]}" if places else ""
            return f"Python crashed: {line.removeprefix(_CRASHED)}{at}"
    return ""


def tail(log: Path) -> list[str]:
    """Return the last lines of a log, at most TAIL bytes; the first line may be cut."""
    with log.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - TAIL))
        return opened.read().decode(errors="replace").splitlines()


def peak_memory(process: int | str = "self") -> float:
    """Return the peak resident memory of a process until now, in MB; 0 for a zombie.

    Raises:
        OSError: if `process` is another process and is gone, or the system isn't Linux.
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
