"""Files from the future, which a clock that was set back leaves (standard library only)."""

import os
import time
from pathlib import Path

MADE = ("data", "results")
"""Where all files that a run makes are."""
LONG_AGO = 86400.0
"""A time before that of any input, in seconds since 1970."""


def redate(folder: Path, workflow: Path) -> int:
    """Give files whose time is yet to come another: made ones long ago, others now.

    Snakemake refuses an output that is older than its input, and looks into an input only if it is
    newer than the output: until time has caught up, sources from the future would fail every job,
    and an edit would go unnoticed behind outputs from the future. What is newer than an output,
    Snakemake compares with its record of the content.

    Args:
        folder: where Snakemake works; hidden folders are left alone.
        workflow: the folder of the workflow, there or elsewhere.

    Returns:
        How many files there were; those that can't be changed are left as they are.
    """
    now, found = time.time(), 0
    for top in folder.iterdir():
        if not top.name.startswith("."):
            when = LONG_AGO if top.name in MADE else now
            found += sum(_redated(path, now, when) for path in (top, *top.rglob("*")))
    if not workflow.is_relative_to(folder):
        found += sum(_redated(path, now, now) for path in workflow.rglob("*"))
    return found


def _redated(path: Path, now: float, when: float) -> bool:
    try:
        if not path.is_file() or path.stat().st_mtime <= now:
            return False
        os.utime(path, (when, when))
    except OSError:  # gone meanwhile, somebody else's, or read-only
        return False
    return True
