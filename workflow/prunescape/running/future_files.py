"""Redate files from the future, which exist after a clock was set back (standard library only)."""

import os
import time
from pathlib import Path

MADE = ("data", "results")
"""The folders with all files that a run makes."""
LONG_AGO = 86400.0
"""A time before any input's, in seconds since 1970."""


def redate(folder: Path, workflow: Path) -> int:
    """Redate files whose time is in the future: a run's outputs to long ago, others to now.

    Snakemake refuses an output that is older than its input, so sources from the future would fail
    every job. It checks an input's content only if the input is newer than the output, so outputs
    from the future would hide edits. Outputs from long ago make it compare all inputs with its
    records of their content.

    Args:
        folder: Snakemake's working folder; hidden folders in it are left alone.
        workflow: the folder of the workflow, inside `folder` or elsewhere.

    Returns:
        The number of files that were redated; files that can't be changed stay as they are.
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
