"""What jobs cost, as one table: wall-clock time by Snakemake's records, the rest by their logs.

Record and log are written anew each time a job runs, so costs describe the machine that ran it
last; they are read beside the table of scores and never decide what runs.
"""

import re
from pathlib import Path

import pandas as pd

from prunescape import endings, paths

COLUMNS = [
    *("study", "dataset", "network", "fit", "first", "last", "stage", "part"),
    *("seconds", "cpu_seconds", "memory_mb"),
]
_MODEL = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+?)", paths.MODEL)
_RECORD = re.compile(rf"{_MODEL}/(?P<stage>\w+)/(?P<part>.+)\.tsv")


def collect(results: Path) -> pd.DataFrame:
    """Return what all jobs that train, score, prune or evaluate networks took.

    Args:
        results: folder of a run; benchmarks/ and logs/ are read.

    Returns:
        A row a job of which there are a record and a log, sorted: study to last (of the block of
        replicates), stage and part (the rest of the output's path), wall-clock seconds, CPU
        seconds, and peak memory in MB.
    """
    rows = []
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        place = path.relative_to(results / "benchmarks")
        found = _RECORD.fullmatch(place.as_posix())
        ending = found and endings.read(results / "logs" / place.with_suffix(".log"))
        if ending:
            seconds = pd.read_csv(path, sep="\t")["s"].iloc[-1]
            taken = (seconds, ending.start + ending.work, ending.memory)
            rows.append((*found.groupdict().values(), *taken))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"first": int, "last": int})
    return table.sort_values(COLUMNS[:8], ignore_index=True)
