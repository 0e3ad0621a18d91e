"""The table of jobs' costs: wall-clock time from Snakemake's records, the rest from jobs' logs.

A job that runs again rewrites its record and its log, so costs describe the job's last run and its
machine. They are read beside the table of scores and never decide what runs.
"""

import math
import re
from pathlib import Path

import pandas as pd

from prunescape.pipeline import paths
from prunescape.running import log_endings

COLUMNS = [
    *("study", "dataset", "network", "fit", "first", "last", "stage", "part"),
    *("seconds", "cpu_seconds", "memory_mb"),
]
_MODEL = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+?)", paths.MODEL)
_RECORD = re.compile(rf"{_MODEL}/(?P<stage>\w+)/(?P<part>.+)\.tsv")


def collect(results: Path, study: str) -> pd.DataFrame:
    """Return the costs of a study's jobs that train, score, prune or evaluate networks.

    Args:
        results: folder of a run; benchmarks/ and logs/ are read.
        study: name of the study.

    Returns:
        A table with COLUMNS, sorted, and a row for every job that has a record: study to fit, the
        first and last replicate, stage and part (the rest of the output's path), wall-clock
        seconds, CPU seconds and peak memory in MB. The last two are NaN if the log is gone.
    """
    rows = []
    for path in sorted((results / "benchmarks" / study).rglob("*.tsv")):
        place = path.relative_to(results / "benchmarks")
        found = _RECORD.fullmatch(place.as_posix())
        if found:
            seconds = pd.read_csv(path, sep="\t")["s"].iloc[-1]
            ending = log_endings.read(results / "logs" / place.with_suffix(".log"))
            cpu = round(ending.start + ending.work, 2) if ending else math.nan
            memory = ending.memory if ending else math.nan
            rows.append((*found.groupdict().values(), seconds, cpu, memory))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"first": int, "last": int})
    return table.sort_values(COLUMNS[:8], ignore_index=True)
