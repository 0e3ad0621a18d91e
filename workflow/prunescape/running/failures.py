"""Find in jobs' logs why the jobs failed (standard library only)."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prunescape.running import log_endings

FOLDERS = ("data/*/logs", "results/*/logs")
LONGEST = 500
"""The most characters that are shown of a reason; libraries' messages may be long."""
FULL = 1 << 16
"""A disk with fewer free bytes counts as full."""


def reasons(folder: Path, since: float, killed_before: int | None = None) -> list[str]:
    """Return a line for every failed job whose log has changed `since` a time.

    `killed_before` is what `killed_for_memory` returned at that time.
    """
    now = killed_for_memory()
    memory = None not in (killed_before, now) and now != killed_before
    found = []
    for log in sorted(_logs(folder)):
        with suppress(OSError):  # another user's, or gone meanwhile
            if log.stat().st_mtime >= since and (reason := _reason(log, memory)):
                found.append(f"{log.relative_to(folder)}: {reason}")
    return found


def killed_for_memory() -> int | None:
    """Return the number of processes that the system killed for lack of memory; None if unknown."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="utf-8").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def _logs(folder: Path) -> Iterable[Path]:
    return (log for place in FOLDERS for log in folder.glob(f"{place}/**/*.log"))


def _reason(log: Path, memory: bool) -> str:
    """Return why a job failed; "" if it ended well.

    A job that is tried again starts its log anew.
    """
    if log_endings.read(log):
        return ""
    lines = [line for line in log_endings.tail(log) if line.strip()]
    reason = log_endings.reason(lines) or _likely(log, lines, memory)
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."


def _likely(log: Path, lines: list[str], memory: bool) -> str:
    """Return the likely reason for a job whose log has no marked one, as after a kill.

    If Python can't start a script, the log ends with Python's error, which is not marked.
    """
    begun = any(line.startswith("Traceback (most recent call last)") for line in lines)
    if begun or (lines and lines[-1].startswith("bash: ")):
        return lines[-1]
    if shutil.disk_usage(log.parent).free < FULL:
        return "ended without a word: the disk is full"
    why = "killed by the system, which ran out of memory" if memory else "killed from outside"
    last = f"; the last line of its log: {lines[-1].strip()}" if lines else ""
    return f"ended without a word: {why}, or by a library that it used{last}"
