"""What jobs cost: Snakemake's records of time and memory, as one table.

A record is written anew each time its job runs, so costs describe the machine that ran it last;
they are read beside the table of scores and never decide what runs.
"""

import re
from pathlib import Path

import pandas as pd

from prunescape import paths

COLUMNS = [
    *("study", "dataset", "network", "fit", "first", "last", "stage", "part"),
    *("seconds", "cpu_seconds", "memory_mb"),
]
_MODEL = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+?)", paths.MODEL)
_RECORD = re.compile(rf"{_MODEL}/(?P<stage>\w+)/(?P<part>.+)\.tsv")


def collect(folder: Path) -> pd.DataFrame:
    """Return the records of all jobs that train, score, prune or evaluate networks.

    Args:
        folder: benchmarks/ of a run.

    Returns:
        A row a job, sorted: study to last (of the block of replicates), stage and part (the rest of
        the output's path), wall-clock seconds, CPU seconds, and peak memory in MB.
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        if found := _RECORD.fullmatch(path.relative_to(folder).as_posix()):
            measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
            costs = (measured["s"], measured["cpu_time"], measured["max_rss"])
            rows.append((*found.groupdict().values(), *costs))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"first": int, "last": int})
    return table.sort_values(COLUMNS[:8], ignore_index=True)
