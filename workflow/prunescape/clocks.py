"""Results from the future, which a clock that was set back leaves (standard library only)."""

import os
import time
from pathlib import Path

MADE = ("data", "results")
"""Where all files that a run makes are."""
LONG_AGO = 86400.0
"""A time before that of any input, in seconds since 1970."""


def redate(folder: Path) -> int:
    """Give files that runs have made in `folder` a time long ago if theirs is yet to come.

    Snakemake looks into an input only if it is newer than the output: an edit that is made after
    the clock was set back would go unnoticed until time has caught up. Of an output from long ago
    it compares every input with its record. Returns how many files there were.
    """
    now, found = time.time(), 0
    for path in (path for name in MADE for path in (folder / name).rglob("*")):
        if path.is_file() and path.stat().st_mtime > now:
            os.utime(path, (LONG_AGO, LONG_AGO))
            found += 1
    return found
