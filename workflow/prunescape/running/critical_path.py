"""What a run takes on other machines: its longest chain of jobs, and its time on more cores.

Computed from Snakemake's records of the jobs (.snakemake), which say what each has read and made,
and from the CPU seconds at the end of the jobs' logs. Standard library only.
"""

import heapq
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.running import log_endings
from prunescape.running.processes import divided

CORES = 2, 8, 32, 128

_SPREAD = "train", "fit_variational", "retrain", "retrain_step", "retrain_rewired"
"""Rules whose replicates are spread over processes."""
_REPLICATES = re.compile(r"/r(\d+)-(\d+)[_/]")

_Record = dict[str, Any]


class Job(NamedTuple):
    """A job that has ended."""

    rule: str
    output: str
    """Its first output."""
    begin: float
    """When Snakemake started it, in seconds since 1970."""
    end: float
    start: float
    """CPU seconds to start and import."""
    work: float
    """CPU seconds at work, of all its processes."""
    members: int
    """How many replicates can be computed side by side; 1 for other rules."""
    needs: tuple[int, ...]
    """The positions of the jobs whose outputs it read."""

    def width(self, cores: int) -> int:
        """Return how many cores it uses of so many: a job leaves half of them to others."""
        return len(divided(self.members, cores // 2))

    def seconds(self, cores: int) -> float:
        """Return how long it takes on so many cores, if replicates cost the same in any company."""
        return self.start + self.work * len(divided(self.members, cores // 2)[0]) / self.members


def recorded(folder: Path, run: str) -> list[Job]:
    """Return a run's jobs in the order in which they were started.

    Args:
        folder: where Snakemake worked.
        run: the folder of the run's results in it, results/<run>.

    Raises:
        ValueError: if there are no records, or a log of a job has no cost.
    """
    found: dict[str, list[tuple[str, _Record]]] = {}
    for path, record in _records(folder / ".snakemake" / "metadata"):
        if path.startswith((f"{run}/", "data/")) and record["starttime"]:
            # A command names its outputs, so it is one job's. Its start differs by output, as
            # Snakemake marks them one after the other.
            found.setdefault(record["shellcmd"], []).append((path, record))
    if not any(path.startswith(f"{run}/") for made in found.values() for path, _ in made):
        raise ValueError(f"{folder}/.snakemake: no record of a job of {run}")
    jobs: list[Job] = []
    made_by: dict[str, int] = {}
    for made in sorted(found.values(), key=lambda made: min(each["starttime"] for _, each in made)):
        paths, record = [path for path, _ in made], made[0][1]
        # What was made anew after a job had read it isn't what the job waited for.
        needs = {made_by[path] for path in record["input"] if path in made_by}
        made_by |= dict.fromkeys(paths, len(jobs))
        jobs.append(_job(folder, record, min(paths), tuple(sorted(needs))))
    return jobs


def _records(folder: Path) -> Iterator[tuple[str, _Record]]:
    """Yield (output, its record)."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            # Snakemake cuts a name that is too long for a file into folders that begin with @.
            parts = path.relative_to(folder).parts
            name = "".join(part.removeprefix("@") for part in parts)
            yield urlsafe_b64decode(name).decode(), json.loads(path.read_text(encoding="utf-8"))


def _job(folder: Path, record: _Record, output: str, needs: tuple[int, ...]) -> Job:
    log = folder / record["log"][0]
    ending = log_endings.read(log)
    if ending is None:
        raise ValueError(f"{log}: no cost of a finished job")
    replicates = _REPLICATES.search(output) if record["rule"] in _SPREAD else None
    members = int(replicates[2]) - int(replicates[1]) + 1 if replicates else 1
    begin, end = record["starttime"], record["endtime"]
    return Job(record["rule"], output, begin, end, ending.start, ending.work, members, needs)


def longest_chain(jobs: list[Job], cores: int) -> list[Job]:
    """Return the critical path: jobs of which each waits for the one before, that take longest.

    No number of cores makes a run shorter.
    """
    until: list[float] = []
    before: list[int | None] = []
    for job in jobs:
        last = max(job.needs, key=lambda each: until[each], default=None)
        before.append(last)
        until.append(job.seconds(cores) + (until[last] if last is not None else 0.0))
    chain = []
    at: int | None = max(range(len(jobs)), key=lambda each: until[each])
    while at is not None:
        chain.append(jobs[at])
        at = before[at]
    return chain[::-1]


def replayed(jobs: list[Job], cores: int) -> float:
    """Return the seconds that the jobs take on a number of cores.

    As soon as a core is free, the job is started that Snakemake started first among those whose
    inputs are there. A job whose replicates are spread over processes has a core for each.
    """
    missing = [len(job.needs) for job in jobs]
    readers: list[list[int]] = [[] for _ in jobs]
    for number, job in enumerate(jobs):
        for each in job.needs:
            readers[each].append(number)
    ready = [number for number, needed in enumerate(missing) if not needed]
    running: list[tuple[float, int]] = []
    now, free = 0.0, cores
    while ready or running:
        for number in sorted(ready):
            if jobs[number].width(cores) <= free:
                ready.remove(number)
                free -= jobs[number].width(cores)
                heapq.heappush(running, (now + jobs[number].seconds(cores), number))
        now, ended = heapq.heappop(running)
        free += jobs[ended].width(cores)
        for number in readers[ended]:
            missing[number] -= 1
            if not missing[number]:
                ready.append(number)
    return now


def report(folder: Path, run: str) -> str:
    """Return both as text for the terminal. Raises ValueError as `recorded` does."""
    jobs = recorded(folder, run)
    widest = max(CORES)
    chain = longest_chain(jobs, widest)
    total = sum(job.seconds(widest) for job in chain)
    lines = [f"critical path, on {widest} cores: {total:.0f} s"]
    lines += [f"  {job.seconds(widest):7.1f} s  {job.rule}: {job.output}" for job in chain]
    lines += ["", "on cores of this kind, by the jobs' CPU seconds, without Snakemake's own:"]
    lines += [f"  {cores:3} cores: {replayed(jobs, cores):6.0f} s" for cores in CORES]
    took = max(job.end for job in jobs) - min(job.begin for job in jobs)
    lines.append(f"from the first job's start to the last one's end it was {took:.0f} s")
    return "\n".join(lines)
