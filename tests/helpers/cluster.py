"""A real Slurm on this machine, and runs of the tiny config through it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, LIMIT, RUN, Workplace

SCRIPTS = ROOT / "tests" / "cluster" / "slurm"
FOLDER = Path("/tmp/prunescape-slurm")
"""All state of the cluster; short, since a path to a socket has a limit."""

TABLE = f"{RUN}/scores.csv"
VICTIM = f"{RUN}/graves/digits/logistic/point/r1-2/evaluate/none/none/none/none/b1/rows.json"
"""What a job makes to which something happens; one more job makes the table of it."""

SOONER = ("--slurm-init-seconds-before-status-checks", "3")
"""What tests add to the profile: a first look at a job after 3 seconds."""

# Runs fault.sh, where there is one, before the environment's python evaluates.
PYTHON = """#!/bin/sh
case $1 in */{script}.py) if [ -e '{root}/fault.sh' ]; then . '{root}/fault.sh'; fi ;; esac
exec '{python}' "$@"
"""


class SlurmJob(NamedTuple):
    """A job as Slurm lists it."""

    number: str
    state: str
    partition: str
    minutes: str
    memory: str
    comment: str
    folder: str


def start() -> str:
    """Start the cluster, or what of it is missing; return why that did not work, or nothing."""
    done = subprocess.run(
        [SCRIPTS / "start.sh"], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def stop() -> None:
    """Stop the cluster, if it was started, and remove its state and the links in /etc/slurm."""
    if FOLDER.exists():
        subprocess.run([SCRIPTS / "stop.sh", "--purge"], timeout=LIMIT, check=True)


def jobs(place: Workplace) -> list[SlurmJob]:
    """Return the jobs of a folder, of all states, oldest first."""
    command = ["squeue", "--noheader", "--states=all", "--sort=i"]
    listed = subprocess.run(
        [*command, "--format=%A|%T|%P|%l|%m|%k|%Z"], capture_output=True, text=True, check=True
    ).stdout
    found = [SlurmJob(*line.split("|", maxsplit=6)) for line in listed.splitlines()]
    return [job for job in found if job.folder == str(place.root)]


def gpus(job: SlurmJob) -> str:
    """Return the GPUs that a job asked for, such as gres:gpu:a100:1, or nothing."""
    shown = subprocess.run(
        ["scontrol", "show", "job", job.number], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\bTresPerJob=(\S+)", shown)
    return found[1] if found else ""


def unfinished(place: Workplace) -> list[SlurmJob]:
    """Return the jobs of a folder that wait, run, or are being ended."""
    ending = {"PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "COMPLETING"}
    return [job for job in jobs(place) if job.state in ending]


def processes(place: Workplace) -> list[str]:
    """Return the commands of all processes that work in a folder."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline", "status"]):
        here = process.info["cwd"] == str(place.root)
        if here and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Return what `condition` returns, once that is true; fail after LIMIT."""
    end = time.monotonic() + LIMIT / 2
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.5)
    return found


def command(*arguments: str, profile: str = "profiles/slurm") -> list[str]:
    """Return the command that runs the tiny config on the cluster, as a user would."""
    run = [sys.executable, "-m", "snakemake", "--configfile", CONFIG, "--profile", profile]
    return [*run, *SOONER, *arguments]


class Run:
    """A run on the cluster of what is missing in a workplace, where something will happen."""

    def __init__(self, place: Workplace, fault: str = "", script: str = "evaluate") -> None:
        self.place = place
        self.struck = place.root / "struck"
        (place.root / "fault.sh").write_text(fault)
        python = place.root / "bin" / "python"
        python.parent.mkdir()
        python.write_text(PYTHON.format(script=script, root=place.root, python=sys.executable))
        python.chmod(0o755)

    def start(self, *arguments: str, **options: str) -> subprocess.Popen[str]:
        """Start Snakemake; what it prints goes to the file `printed`."""
        path = os.pathsep.join(
            [str(self.place.root / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        run = command(*arguments, **options)
        line = '"$@" > printed 2>&1'
        return self.place.start("bash", "-c", f"exec {line}", "bash", *run, PATH=path)

    def printed(self) -> str:
        """Return what Snakemake has printed so far."""
        return (self.place.root / "printed").read_text(encoding="utf-8")

    def finish(self, process: subprocess.Popen[str]) -> None:
        """Wait until Snakemake has ended well, with all that it was to make."""
        process.wait(timeout=LIMIT)
        assert process.returncode == 0, self.printed()
        assert re.search(r"(\d+) of \1 steps \(100%\) done", self.printed()), self.printed()

    def wait_until_struck(self) -> SlurmJob:
        """Wait until the fault runs in a job; return the job."""
        wait_until(self.struck.exists, "the job runs")
        return next(job for job in jobs(self.place) if job.state == "RUNNING")
