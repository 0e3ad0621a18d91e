"""A line for every job that has finished, with the time that is left. Standard library only.

What a job will take is the mean of those of its kind that have finished; before there are any, of
the same rule in other studies; before that, of earlier runs, as their logs have it.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from prunescape.running import log_endings


class Kind(NamedTuple):
    """Jobs that take about as long."""

    study: str
    """"" for jobs of the whole run, and of data."""
    rule: str


def earlier(logs: Path) -> dict[Kind, list[float]]:
    """Return the CPU seconds of jobs by kind, from the folder of a run's logs; {} without one."""
    found: dict[Kind, list[float]] = {}
    for log in sorted(logs.rglob("*.log")):
        if ending := log_endings.read(log):
            place = log.relative_to(logs).parts
            kind = Kind(place[0] if len(place) > 1 else "", ending.script)
            found.setdefault(kind, []).append(ending.start + ending.work)
    return found


class Progress:
    """The jobs of one call of Snakemake: which have finished, which are to come."""

    def __init__(
        self,
        planned: Mapping[int, Kind],
        cores: int,
        known: Mapping[Kind, list[float]] | None = None,
    ):
        """Take down what there is to do.

        Args:
            planned: by Snakemake's number of the job, its kind.
            cores: how many jobs may run at once.
            known: seconds of jobs of earlier runs.
        """
        self.left = dict(planned)
        self.total = len(planned)
        self.cores = cores
        self.known = known or {}
        self.taken: dict[Kind, list[float]] = {}
        self.begun: dict[int, tuple[str, float]] = {}

    def start(self, job: int, output: str, now: float) -> None:
        """Take down that a job starts, at a time in seconds."""
        self.begun[job] = output, now

    def finish(self, job: int, now: float) -> str:
        """Take down that a job has finished; return its line, "" for one that had nothing to do."""
        if job not in self.left or job not in self.begun:
            return ""
        output, begun = self.begun.pop(job)
        kind = self.left.pop(job)
        self.taken.setdefault(kind, []).append(now - begun)
        done = f"{self.total - len(self.left)}/{self.total}"
        took = f"({now - begun:.1f} s)"
        return f"{_clock(now)} {done} {kind.rule}: {output} {took}{self._remaining(now)}"

    def fail(self, job: int, now: float) -> str:
        """Take down that a job has failed; return its line. It may be started again."""
        if job not in self.left or job not in self.begun:
            return ""
        output, begun = self.begun.pop(job)
        return f"{_clock(now)} {self.left[job].rule} failed: {output} ({now - begun:.1f} s)"

    def _remaining(self, now: float) -> str:
        """Return the time that is left in words; "" if nothing is left, or too little is known."""
        expected = [(job, self._expected(kind)) for job, kind in self.left.items()]
        known = [(job, seconds) for job, seconds in expected if seconds is not None]
        if not expected or len(known) < len(expected):
            return ""
        since = {job: now - begun for job, (_, begun) in self.begun.items()}
        rest = [max(0.0, seconds - since.get(job, 0.0)) for job, seconds in known]
        seconds = max(max(rest), sum(rest) / self.cores)
        if seconds < 60:
            return ", less than a minute left"
        hours, minutes = divmod(round(seconds / 60), 60)
        return f", about {f'{hours} h ' if hours else ''}{minutes} min left"

    def _expected(self, kind: Kind) -> float | None:
        """Return the seconds that a job of a kind may take; None if nothing like it is known."""
        for found in (self.taken, self.known):
            if kind in found:
                return fmean(found[kind])
            alike = [each for other in found if other.rule == kind.rule for each in found[other]]
            if alike:
                return fmean(alike)
        return None


def _clock(now: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(now))
