"""Why jobs failed, by logs as jobs leave them: real processes that end in every way."""

import os
import subprocess
import sys
import time

import pytest

from prunescape.running import failures, log_endings
from tests.helpers.places import WORKFLOW

ENDED = log_endings.Ending("evaluate", 1.5, 2, 90)


def log(folder, name, text, age=0):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    when = path.stat().st_mtime - age
    os.utime(path, (when, when))
    return when


def test_every_job_that_failed_since_has_a_line(tmp_path):
    marked = log_endings.failed("evaluate.py", "disk full")
    since = log(tmp_path, "results/tiny/logs/a/rows.log", f"noise\n{marked}\nprinted at the end\n")
    log(tmp_path, "results/tiny/logs/b/rows.log", f"x\n{ENDED}\n")
    log(tmp_path, "results/tiny/logs/b/more.log", f"{ENDED}\nby\n")
    log(tmp_path, "results/tiny/logs/c/rows.log", "evaluate.py failed: of before\n", age=3600)
    log(tmp_path, "results/tiny/logs/d/rows.log", "")
    log(tmp_path, "results/tiny/logs/e/checkpoint.log", "  3%|#\r 50%|##### | 10 step/s")
    log(tmp_path, "results/tiny/logs/f/rows.log", "bash: line 1: python: command not found\n")
    log(tmp_path, "data/digits/logs/download.log", "download.py failed: no mirror\n")
    log(tmp_path, "results/tiny/a/rows.log", "no log of a job\n")

    killed = "ended without a word: killed from outside, or by a library that it used"
    assert failures.reasons(tmp_path, since) == [
        "data/digits/logs/download.log: download.py: no mirror",
        "results/tiny/logs/a/rows.log: evaluate.py: disk full",
        f"results/tiny/logs/d/rows.log: {killed}",
        f"results/tiny/logs/e/checkpoint.log: {killed}; the last line of its log: "
        "50%|##### | 10 step/s",
        "results/tiny/logs/f/rows.log: bash: line 1: python: command not found",
    ]


def test_a_job_that_the_system_killed_for_memory(tmp_path, monkeypatch):
    since = log(tmp_path, "results/tiny/logs/d/rows.log", "")
    monkeypatch.setattr(failures, "killed_for_memory", lambda: 4)
    for before, said in ((3, "killed by the system, which ran out of memory"), (4, "from outside")):
        [line] = failures.reasons(tmp_path, since, before)
        assert said in line


def test_a_full_disk(tmp_path, monkeypatch):
    since = log(tmp_path, "results/tiny/logs/d/rows.log", "")
    usage = type("Usage", (), {"free": 0})
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _: usage)
    assert failures.reasons(tmp_path, since) == [
        "results/tiny/logs/d/rows.log: ended without a word: the disk is full"
    ]


WAYS = {
    "bad input": ("raise ValueError('bad\\n  input')", r"job.py: bad input"),
    "a file": ("open('missing')", r"job.py: [Errno 2] No such file or directory: 'missing'"),
    "a fault": ("1 / 0", r"job.py: own.py, line 2: ZeroDivisionError: division by zero"),
    "SystemExit": (
        "raise SystemExit(0)",
        "job.py: own.py, line 2 ended the program (SystemExit: 0)",
    ),
    "sys.exit": (
        "import argparse; argparse.ArgumentParser().parse_args(['--x'])",
        "job.py: own.py, line 2 ended the program (SystemExit: 2)",
    ),
    "os._exit": (
        "import os; os._exit(0)",
        "job.py: own.py, line 2 ended the program (os._exit: 0)",
    ),
    "a crash": (
        "import ctypes; ctypes.string_at(0)",
        "Python crashed: Segmentation fault at File ",
    ),
    "abort": ("import os; os.abort()", "Python crashed: Aborted at File "),
    "a kill": ("import os; os.kill(os.getpid(), 9)", "ended without a word: killed from outside"),
    "words after": (
        "import atexit; atexit.register(print, 'Bye.'); print('x'); raise ValueError('bad')",
        "job.py: bad",
    ),
    "half a line before": ("print('50 %', end=''); raise ValueError('bad')", "job.py: bad"),
    "a long line": ("print('x' * 5_000_000); raise ValueError('bad')", "job.py: bad"),
    "a long reason": ("raise ValueError('x' * 5_000_000)", "job.py: xxx"),
    "closed streams": (
        "import sys; sys.stdout.close(); sys.stderr.close(); raise ValueError('bad')",
        "job.py: bad",
    ),
    "other streams": (
        "import os, sys; os.close(2); sys.stderr = None; raise ValueError('bad')",
        "job.py: bad",
    ),
    "a fork": (
        "import os\n    if os.fork() == 0: os._exit(3)\n    os.wait(); raise ValueError('bad')",
        "job.py: bad",
    ),
}


@pytest.mark.parametrize(("text", "said"), WAYS.values(), ids=WAYS)
def test_a_script_that_ends_in_some_way(tmp_path, text, said):
    (tmp_path / "own.py").write_text(f"def score():\n    {text}\n")
    (tmp_path / "job.py").write_text(
        f"import sys; sys.path.insert(0, {str(WORKFLOW)!r})\n"
        "from prunescape.running import command_line\n"
        "import own\n"
        "command_line.run(own.score)\n"
    )
    printed = tmp_path / "results" / "tiny" / "logs" / "job.log"
    printed.parent.mkdir(parents=True)
    with printed.open("w") as opened:
        command = [sys.executable, "job.py"]
        subprocess.run(command, cwd=tmp_path, stdout=opened, stderr=opened, check=False)

    begin = time.monotonic()
    [line] = failures.reasons(tmp_path, 0)

    assert time.monotonic() - begin < 5
    assert line.startswith(f"results/tiny/logs/job.log: {said}")
    assert len(line) < 1000
