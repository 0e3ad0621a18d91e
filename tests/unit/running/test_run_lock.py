"""One run at a time in a folder; processes are real, Snakemake is not."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from prunescape.foundations import file_locks
from prunescape.running import run_lock
from tests.helpers.places import WORKFLOW

ALONE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(WORKFLOW / "commands")!r})
import make
sys.exit(make.wait_for(sys.argv[2:], lambda: make.run_lock.wait(Path(sys.argv[1]))))
"""
"""Waits for the lock of a folder, then runs a command, as `make run` does."""
HOST = socket.gethostname()


def start(folder, *command):
    return subprocess.Popen(
        [sys.executable, "-c", ALONE, folder, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # signals are for all of it, as a terminal sends them
        # Where the tests run in the background, a shell has made them deaf to interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def end(process):
    """Kill a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(folder, *command):
    process = start(folder, *command)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def locked_by_snakemake(folder, last):
    locks = folder / run_lock.LOCKS
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("data\n")
    (folder / run_lock.FILE).write_text(last)
    return locks


def test_a_command_runs_and_its_status_is_passed_on(tmp_path):
    assert run(tmp_path, "sh", "-c", "echo out; exit 3") == (3, "out\n")


def test_a_folder_that_is_not_there_is_made(tmp_path):
    assert run(tmp_path / "runs" / "a", "echo", "begun") == (0, "begun\n")


def test_a_snakemake_that_is_killed_before_it_begins_stops_nobody(tmp_path):
    command = (
        f"mkdir -p {tmp_path / run_lock.LOCKS}; touch {tmp_path / run_lock.LOCKS / '0.input.lock'}"
    )
    assert run(tmp_path, "sh", "-c", command) == (0, "")
    said = "the last run here was killed: going on where it stopped\n"
    assert run(tmp_path, "echo", "begun") == (0, f"{said}begun\n")


def test_the_second_waits_for_the_first_and_says_so(tmp_path):
    first = start(tmp_path, "sh", "-c", "echo begun; exec sleep 60")
    try:
        assert first.stdout.readline() == "begun\n"
        second = start(tmp_path, "echo", "second")
        line = second.stdout.readline()
        assert line.startswith(f"another run is at work in {tmp_path}: waiting for its end")
        assert second.poll() is None
        os.killpg(first.pid, signal.SIGKILL)  # the kernel takes the lock away
        assert second.communicate(timeout=60)[0] == "second\n"
        assert second.returncode == 0
    finally:
        end(first)


def test_who_waits_can_give_up(tmp_path):
    first = start(tmp_path, "sh", "-c", "echo begun; exec sleep 60")
    try:
        first.stdout.readline()
        second = start(tmp_path, "echo", "second")
        second.stdout.readline()
        time.sleep(0.1)
        os.killpg(second.pid, signal.SIGINT)
        assert second.communicate(timeout=60)[0] == ""
        assert second.returncode == 130
    finally:
        end(first)


def test_what_a_killed_snakemake_left_locked_is_unlocked(tmp_path):
    locks = locked_by_snakemake(tmp_path, f"{HOST} here\n")

    status, output = run(tmp_path, "echo", "on")

    assert (status, output) == (0, "the last run here was killed: going on where it stopped\non\n")
    assert not locks.exists()


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (f"{HOST} cluster\n", f"a run on {HOST} that may be at work, or its jobs"),
        ("elsewhere here\n", "a run on elsewhere that may be at work: wait"),
        ("", "a run on another machine that may be at work, or its jobs"),
        ("half", "a run on another machine that may be at work, or its jobs"),
    ],
)
def test_what_may_still_be_at_work_is_left_locked(tmp_path, last, said):
    locks = locked_by_snakemake(tmp_path, last)

    status, output = run(tmp_path, "echo", "on")

    assert status == 1
    assert output.count("\n") == 1
    assert said in output
    assert "make cancel" in output
    assert list(locks.iterdir())


def test_snakemake_takes_the_lock_unless_it_has_it(tmp_path, monkeypatch):
    code = (
        f"import sys; sys.path.insert(0, {str(WORKFLOW)!r})\n"
        "from pathlib import Path\n"
        "from prunescape.running import run_lock\n"
        f"run_lock.claim(Path({str(tmp_path)!r}), run_lock.CLUSTER)\n"
        "print('claimed', flush=True)\n"
        "sys.stdin.readline()"
    )
    # After the script, in the same process; and without it.
    assert run(tmp_path, sys.executable, "-c", code) == (0, "claimed\n")
    assert (tmp_path / run_lock.FILE).read_text() == f"{HOST} cluster\n"
    monkeypatch.delenv(run_lock.HOLDER, raising=False)
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "claimed\n"
        with pytest.raises(
            ValueError, match="another run is at work in " + re.escape(f"{tmp_path}")
        ):
            run_lock.claim(tmp_path, run_lock.HERE)
    finally:
        other.kill()
        other.communicate()
    run_lock.claim(tmp_path, run_lock.HERE)
    assert (tmp_path / run_lock.FILE).read_text() == f"{HOST} here\n"


def test_where_nothing_can_be_locked_snakemakes_own_lock_remains(tmp_path, monkeypatch):
    locks = locked_by_snakemake(tmp_path, f"{HOST} here\n")

    def unsupported(*_):
        raise OSError(38, os.strerror(38))

    monkeypatch.setattr(file_locks.fcntl, "flock", unsupported)

    run_lock.wait(tmp_path)
    run_lock.claim(tmp_path, run_lock.HERE)

    assert list(locks.iterdir())
