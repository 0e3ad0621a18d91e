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

MEASURED = ("seconds", "cpu_seconds", "memory_mb")
COLUMNS = [
    *("study", "dataset", "network", "fit", "first", "last", "appended", "stage", "part"),
    *MEASURED,
]
_MODEL = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+?)", paths.MODEL)
_RECORD = re.compile(rf"{_MODEL}(_(?P<appended>\d+))?/(?P<stage>\w+)/(?P<part>.+)\.tsv")


def collect(results: Path, study: str) -> pd.DataFrame:
    """Return the costs of a study's jobs that train, score, prune or evaluate networks.

    Args:
        results: folder of a run; benchmarks/ and logs/ are read.
        study: name of the study.

    Returns:
        A table with COLUMNS, sorted, and a row for every job that has a record: study to fit, the
        first and last replicate, appended (number of the part of a block that was appended for some
        rows, `replicates.Block`; 0: the job is no such part's), stage and part (the rest of the
        output's path), wall-clock seconds, CPU seconds and peak memory in MB. The last two are NaN
        if the log is gone.
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
            named = found.groupdict("0")
            values = (named[name] for name in COLUMNS[: -len(MEASURED)])
            rows.append((*values, seconds, cpu, memory))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.astype(dict.fromkeys(("first", "last", "appended"), int))
    return table.sort_values(COLUMNS[: -len(MEASURED)], ignore_index=True)
