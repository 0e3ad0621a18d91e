"""Runs that are killed at random moments, once in every rule, and started again."""

import contextlib
import os
import random
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import psutil

from tests.helpers.workplace import RUN, Job, Workplace, described, end, make

MEASURED = (
    *("benchmarks/", "logs/", "costs.csv", "environment.json", "sizes.csv", "verdicts.rst"),
    *("label/measured.json", "label.json", "label.html"),
)
"""What of a run tells times, machines or processes, so that two runs differ in it."""

TIMED = ("/logs/", "/benchmarks/", "/costs.csv", "/figures/cost_accuracy.")
"""And where else."""

ALONE, ALL = "the job", "the run"
"""What is killed: the process of a script, or Snakemake with all its jobs, as a power cut does."""
MOMENT, WRITING = "a moment", "the writing"
"""When: at a moment of the job's time, or as soon as the job begins to write a result."""


class Kill(NamedTuple):
    """A kill that hit: which job, what was killed, and when.

    Attributes:
        rule, output: the job, by its rule and its first output.
        what: ALONE or ALL.
        aim: MOMENT or WRITING.
        at: seconds since the job began.
        of: seconds that the job takes if nothing disturbs it.
    """

    rule: str
    output: str
    what: str
    aim: str
    at: float
    of: float


class Victim(NamedTuple):
    """A job that is to be killed, and how; `after` is the share of its time, under MOMENT."""

    job: Job
    what: str
    aim: str
    after: float


class Pass:
    """One pass through a workflow from nothing, killed once in every rule."""

    def __init__(self, place: Workplace, reference: Workplace, seed: int, *arguments: str) -> None:
        """Name the pass.

        Args:
            place: where nothing has been run yet.
            reference: where the same was run undisturbed.
            seed: decides which jobs are killed, and when.
            arguments: what make is told, its target among them.
        """
        self.place, self.reference, self.seed, self._arguments = place, reference, seed, arguments
        self.kills: list[Kill] = []
        self.starts = 0

    def run(self, planned: Iterable[Job]) -> None:
        """Start, kill, check, and start again, until every rule was killed and the run is done.

        AssertionError if half a file has a final name at any time when nothing runs.
        """
        chosen = random.Random(self.seed)
        left = {}
        for rule, jobs in _by_rule(planned).items():
            ways = chosen.choice((ALONE, ALL)), chosen.choice((MOMENT, WRITING))
            left[rule] = Victim(chosen.choice(jobs), *ways, chosen.uniform(0, 0.9))
        while left:
            missed = self._start(left)
            assert differing(self.place, self.reference) == []
            if missed:  # once more, and sooner
                for output in missed.job.outputs:
                    (self.place.root / output).unlink(missing_ok=True)
                left[missed.job.rule] = missed._replace(aim=MOMENT, after=missed.after / 2)
            assert self.starts < 60, f"not hit: {sorted(left)}"
        done = self.place.make(*self._arguments)
        self.starts += 1
        assert done.status == 0, done.output

    def _start(self, left: dict[str, Victim]) -> Victim | None:
        """Run until the end, or until all of it is killed; take those out of `left` that were.

        Returns a victim that was over before it could be killed. Everything is killed then too:
        once others have used its results, Snakemake would not miss them.
        """
        with _made(self.place, self._arguments) as process:
            self.starts += 1
            begun = {rule: _begun(self.place, victim.job) for rule, victim in left.items()}
            while process.poll() is None:
                for rule, victim in list(left.items()):
                    if _begun(self.place, victim.job) == begun[rule]:
                        continue
                    begun[rule] = _begun(self.place, victim.job)
                    at = self._strike(process, victim)
                    if at is None:
                        return victim
                    of = seconds(self.reference, victim.job)
                    self.kills.append(Kill(rule, victim.job.outputs[0], *victim[1:3], at, of))
                    del left[rule]
                    if victim.what == ALL:
                        return None
                time.sleep(0.005)
            assert process.returncode or not left, f"ended without having run {sorted(left)}"
            return None

    def _strike(self, process: subprocess.Popen[str], victim: Victim) -> float | None:
        """Kill a job that has just begun; return after how many seconds, None if it was over."""
        begin = time.monotonic()
        script = _script(process, victim.job)
        if script is None:
            return None
        if victim.aim == WRITING:
            folders = {(self.place.root / output).parent for output in victim.job.outputs}
            before = _entries(folders)
            while script.is_running() and _entries(folders) == before:
                time.sleep(0.0002)
        else:
            moment = begin + victim.after * seconds(self.reference, victim.job)
            while script.is_running() and time.monotonic() < moment:
                time.sleep(0.002)
        at = time.monotonic() - begin
        if not _stopped(script):
            return None
        if victim.what == ALL:
            end(process)
        else:
            script.kill()
        return at


def _stopped(script: psutil.Process) -> bool:
    """Stop a process, so that what is killed is known to have been at work; False if it ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        script.suspend()
        while (status := script.status()) != psutil.STATUS_ZOMBIE:
            if status == psutil.STATUS_STOPPED:
                return True
    return False


def differing(place: Workplace, reference: Workplace) -> list[str]:
    """Return the files of data and results that are not, byte for byte, those of another run."""
    return [
        name
        for name in sorted(place.files("data") | place.files(RUN))
        if _final(name) and (place.root / name).read_bytes() != (reference.root / name).read_bytes()
    ]


def leftovers(place: Workplace) -> list[str]:
    """Return what a finished run should not leave: temporary files, marks, locks."""
    temporary = [name for name in place.files("data") | place.files(RUN) if _temporary(name)]
    marks = place.files(".snakemake/incomplete") | place.files(".snakemake/locks")
    own = [path.name for path in (place.root / ".snakemake").glob("tmp*")]
    return sorted([*temporary, *marks, *own])


def seconds(reference: Workplace, job: Job) -> float:
    """Return how long a job took in an undisturbed run, by its benchmark."""
    table = pd.read_csv(reference.root / f"{described(job, 'benchmarks')}.tsv", sep="\t")
    return float(table["s"].iloc[0])


def _temporary(name: str) -> bool:
    """Return whether a file is one of a job that hasn't ended; a share's state has a number."""
    last = Path(name).name
    return last.startswith(".") or bool(re.search(r"\.(resume[.\d]*|part)$", last))


def _final(name: str) -> bool:
    """Return whether a file is a result that two runs have in common."""
    within = name.removeprefix(f"{RUN}/")
    described = within.startswith(MEASURED) or any(each in name for each in TIMED)
    return not (described or _temporary(name))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _by_rule(planned: Iterable[Job]) -> Mapping[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in planned:
        found.setdefault(job.rule, []).append(job)
    return found


def _begun(place: Workplace, job: Job) -> int:
    """Return a number that changes when a job begins: its shell opens the log anew."""
    try:
        return (place.root / f"{described(job, 'logs')}.log").stat().st_ctime_ns
    except FileNotFoundError:
        return 0


def _entries(folders: Iterable[Path]) -> set[tuple[str, int]]:
    """Return the names in some folders, with the numbers of their files."""
    found = set()
    for folder in folders:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            found |= {(entry.path, entry.inode()) for entry in entries}
    return found


def _script(process: subprocess.Popen[str], job: Job) -> psutil.Process | None:
    """Return the Python process of a job that begins below a process; None if it has ended."""
    names = {*job.outputs, str(Path(job.outputs[0]).parent)}
    # The log is there a little before Python is.
    limit = time.monotonic() + 2
    while time.monotonic() < limit:
        with contextlib.suppress(psutil.NoSuchProcess):
            for found in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    command = found.cmdline()
                    runs = "".join(command[1:2]).startswith("workflow/scripts/")
                    if runs and names & set(command):
                        return found
        time.sleep(0.005)
    return None


@contextlib.contextmanager
def _made(place: Workplace, arguments: Iterable[str]) -> Iterator[subprocess.Popen[str]]:
    """Start make, what it prints going to a file; kill what is left of it in the end."""
    line = 'exec "$@" >> printed 2>&1'
    process = place.start("bash", "-c", line, "bash", *make(*arguments))
    try:
        yield process
    finally:
        end(process)
