"""Why jobs failed: the last lines of their logs (standard library only)."""

from collections.abc import Iterable
from pathlib import Path

from prunescape.running import log_endings

FOLDERS = ("data/*/logs", "results/*/logs")


def reasons(folder: Path, since: float) -> list[str]:
    """Return a line for each job whose log has changed `since` a time and does not end well."""
    return [
        f"{log.relative_to(folder)}: {reason}"
        for log in sorted(_logs(folder))
        if log.stat().st_mtime >= since and (reason := _reason(log))
    ]


def _logs(folder: Path) -> Iterable[Path]:
    return (log for place in FOLDERS for log in folder.glob(f"{place}/**/*.log"))


def _reason(log: Path) -> str:
    """Return the last line of a log, or nothing of a job that ended well.

    Each attempt at a job begins its log anew.
    """
    if log_endings.read(log):
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    return lines[-1] if lines else "empty: was the job killed, or is the disk full?"
