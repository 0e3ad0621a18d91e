"""Summarise a run's CPU time by script and study, and the share that is overhead.

A job's log ends with the script's cost; logs/snakemake.tsv has Snakemake's CPU seconds, a line for
every invocation.
"""

from pathlib import Path

import pandas as pd

from prunescape.running import log_endings

INVOCATIONS = "snakemake.tsv"


def jobs(results: Path) -> pd.DataFrame:
    """Return a table with a row for every job of a run.

    Its columns: script, study ("" for jobs of the whole run), start and work in CPU seconds, memory
    in MB.

    Raises:
        ValueError: if the folder `results` has no log of a finished job.
    """
    rows = []
    for log in sorted((results / "logs").rglob("*.log")):
        if ending := log_endings.read(log):
            place = log.relative_to(results / "logs")
            study = place.parts[0] if len(place.parts) > 1 else ""
            rows.append((ending.script, study, *ending[1:]))
    if not rows:
        raise ValueError(f"{results}/logs: no log of a finished job")
    return pd.DataFrame(rows, columns=["script", "study", "start", "work", "memory"])


def report(results: Path) -> str:
    """Return the summary of a run as text for the terminal."""
    found = jobs(results)
    invocations = results / "logs" / INVOCATIONS
    scheduling = 0.0
    if invocations.exists():
        scheduling = pd.read_csv(invocations, sep="\t")["cpu_seconds"].sum()
    total = found["start"].sum() + found["work"].sum() + scheduling
    overhead = total - found["work"].sum()
    lines = [
        *_section(found, "script"),
        "",
        *_section(found[found["study"] != ""], "study"),
        "",
        f"Snakemake itself: {scheduling:.0f} CPU s",
        f"all: {total:.0f} CPU s in {len(found)} jobs, of which overhead (Snakemake, interpreter, "
        f"imports) {100 * overhead / total:.1f} %",
    ]
    return "\n".join(lines)


def _section(found: pd.DataFrame, by: str) -> list[str]:
    """Return a table of the jobs grouped by a column, the costliest first."""
    groups = found.groupby(by).agg(
        jobs=("work", "size"),
        start=("start", "sum"),
        work=("work", "sum"),
        longest=("work", "max"),
        memory=("memory", "max"),
    )
    lines = [f"{by:<22}{'jobs':>6}{'CPU s':>9}{'to start':>10}{'longest':>9}{'peak MB':>9}"]
    for name, row in groups.sort_values("work", ascending=False).iterrows():
        lines.append(
            f"{name:<22}{row['jobs']:>6.0f}{row['start'] + row['work']:>9.1f}{row['start']:>10.1f}"
            f"{row['longest']:>9.1f}{row['memory']:>9.0f}"
        )
    return lines
