"""Jobs side by side get a GPU each; ids are made up, since locks need no GPU."""

import os
import signal
import subprocess
import sys

import pytest

from prunescape.running import gpus
from tests.helpers.places import WORKFLOW

# A job: says which GPU it got and what CUDA would see, and ends when its input is closed.
JOB = """
import os, sys
from pathlib import Path
from prunescape.running import gpus
print(gpus.claim(gpus.visible(), Path(sys.argv[1])), os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


class Job:
    """A process that claims a GPU and keeps it."""

    def __init__(self, folder, ids):
        self.process = subprocess.Popen(
            [sys.executable, "-c", JOB, str(folder)],
            env=os.environ | {"CUDA_VISIBLE_DEVICES": ids, "PYTHONPATH": str(WORKFLOW)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def got(self):
        """Return the GPU that the job got and what it sees; waits for it."""
        return tuple(self.process.stdout.readline().split())

    def says(self):
        """Return the next line that the job wrote to stderr."""
        return self.process.stderr.readline().rstrip()

    def end(self):
        """End the job; a second time is no harm."""
        self.process.kill()
        self.process.wait(timeout=60)


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a job; all are ended after the test."""
    started = []

    def job(ids):
        started.append(Job(tmp_path, ids))
        return started[-1]

    yield job
    for each in started:
        each.end()


def test_jobs_at_once_get_different_gpus_and_see_only_their_own(start):
    jobs = [start("2,5,7") for _ in range(3)]

    assert sorted(job.got() for job in jobs) == [("2", "2"), ("5", "5"), ("7", "7")]


def test_a_job_waits_while_all_are_taken_and_takes_what_is_released(start):
    first, second = start("0,1"), start("0,1")
    held = {first.got()[0], second.got()[0]}
    third = start("0,1")

    assert held == {"0", "1"}
    assert third.says() == "waiting for a GPU: 0, 1 taken by other jobs"
    second.process.stdin.close()  # the job ends by itself
    second.process.wait(timeout=60)
    assert third.got()[0] in held
    assert third.says().startswith("GPU ")


def test_a_crash_releases_the_gpu(start):
    first = start("3")
    assert first.got() == ("3", "3")
    second = start("3")
    assert second.says().startswith("waiting")

    first.process.send_signal(signal.SIGKILL)

    assert second.got() == ("3", "3")


def test_an_id_named_twice_is_shared_by_two_jobs(start):
    first, second = start("4,4"), start("4,4")
    assert first.got() == second.got() == ("4", "4")

    assert start("4,4").says().startswith("waiting")


def test_the_name_of_a_part_of_a_gpu_is_no_path(start):
    part = "MIG-GPU-1/2/0"

    assert start(part).got() == (part, part)


@pytest.mark.parametrize(
    ("setting", "ids"),
    [
        ("0", ["0"]),
        ("3, 1", ["3", "1"]),
        ("GPU-ab,GPU-cd", ["GPU-ab", "GPU-cd"]),
        ("", []),
        ("-1", []),
        ("2,-1,3", ["2"]),  # as CUDA reads it
        ("NoDevFiles", []),  # as Slurm says none
    ],
)
def test_visible_gpus_are_those_of_the_environment(monkeypatch, setting, ids):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)

    assert gpus.visible() == ids


def smi(folder, monkeypatch, script):
    """Put a stand-in for nvidia-smi first on the path, and take the environment's ids away."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_without_a_setting_nvidia_smi_is_asked(tmp_path, monkeypatch):
    smi(tmp_path, monkeypatch, '[ "$1" = --query-gpu=index ] && printf "0\\n1\\n"')

    assert gpus.visible() == ["0", "1"]


def test_a_driver_that_does_not_answer_is_no_gpu(tmp_path, monkeypatch):
    smi(tmp_path, monkeypatch, "echo failed to communicate with the driver; exit 9")

    assert gpus.visible() == []


def test_jobs_of_two_slurm_jobs_do_not_wait_for_each_other(tmp_path, monkeypatch):
    # Under cgroups, each of them sees its only GPU as number 0.
    monkeypatch.setattr(gpus, "LOCKS", tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(gpus, "_held", [])
    monkeypatch.setenv("SLURM_JOB_ID", "11")
    assert gpus.claim(["0"]) == "0"
    monkeypatch.setenv("SLURM_JOB_ID", "12")

    assert gpus.claim(["0"]) == "0"
    assert len(list(tmp_path.rglob("0.0"))) == 2
