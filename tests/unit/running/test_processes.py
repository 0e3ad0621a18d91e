"""Parts of an ensemble in processes: same values, one line for a failure, nobody left behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from prunescape.running import log_endings, processes
from tests.helpers.places import WORKFLOW


@pytest.mark.parametrize(
    ("members", "most", "sizes"),
    [
        (5, 1, [5]),
        (5, 2, [3, 2]),
        (5, 3, [2, 2, 1]),
        (5, 4, [2, 2, 1]),  # a fourth would end no sooner
        (5, 5, [1] * 5),
        (5, 64, [1] * 5),
        (10, 4, [3, 3, 3, 1]),
        (1, 8, [1]),
        (5, 0, [5]),
    ],
)
def test_members_are_divided(members, most, sizes):
    parts = processes.divided(members, most)
    assert [len(part) for part in parts] == sizes
    assert [i for part in parts for i in part] == list(range(members))


@pytest.mark.parametrize("members", range(1, 30))
def test_as_many_parts_again_are_the_same_parts(members):
    for most in range(1, 40):
        parts = processes.divided(members, most)
        assert processes.divided(members, len(parts)) == parts


@pytest.mark.parametrize("most", [1, 2, 5])
def test_values_come_in_the_order_of_the_parts(most, monkeypatch):
    monkeypatch.setattr(log_endings, "_elsewhere", {"memory": 0.0, "seconds": 5.0, "start": 0.0})
    large = np.arange(300_000)  # more than a pipe holds

    def computed(part):
        time.sleep(0.02 * (5 - part))
        log_endings.count_earlier(part)
        return os.getpid(), large + part

    found = processes.spread(computed, 5, most)

    assert all(np.array_equal(values, large + part) for part, (_, values) in enumerate(found))
    workers = {process for process, _ in found}
    assert len(workers) == (1 if most == 1 else 5)
    assert (os.getpid() in workers) == (most == 1)
    assert (log_endings._elsewhere["memory"] > 0) == (most > 1)
    assert log_endings.earlier() == 5 + 0 + 1 + 2 + 3 + 4
    assert not any(psutil.pid_exists(worker) for worker in workers - {os.getpid()})


def test_no_more_processes_than_allowed_are_there_at_once():
    others = {each.pid for each in psutil.Process().children()}  # of tests before

    def computed(_):
        time.sleep(0.1)
        there = psutil.Process(os.getppid()).children()
        own = [each for each in there if each.pid not in others]
        return sum(each.status() != psutil.STATUS_ZOMBIE for each in own)

    assert max(processes.spread(computed, 5, 2)) == 2


def failing(error):
    """Return what the parts do: the second fails, the others wait for long."""

    def computed(part):
        if part == 1:
            error()
        time.sleep(600)

    return computed


def raising(error):
    def raised():
        raise error

    return raised


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (raising(ValueError("levels: found 2")), "^levels: found 2$"),
        (raising(FileNotFoundError(2, "No such file", "own.py")), "No such file: 'own.py'$"),
        (raising(KeyError("a")), r"^.*test_processes\.py, line \d+: KeyError: 'a'$"),
        (lambda: sys.exit(3), r"test_processes\.py, line \d+ ended the program \(SystemExit: 3\)$"),
        (lambda: os._exit(3), r"ended without an answer \(exit status 3\)$"),
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            "^one of the processes that share the work was ended by SIGKILL, perhaps because "
            "memory ran out$",
        ),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "was ended by SIGTERM$"),
    ],
)
def test_a_part_that_fails_ends_all_with_one_line(error, line):
    before = set(psutil.Process().children())
    with pytest.raises(ValueError, match=line) as raised:
        processes.spread(failing(error), 3, 3)
    assert "\n" not in str(raised.value)
    assert set(psutil.Process().children()) == before


def test_nobody_is_left_when_the_parent_is_killed():
    code = (
        "import os, sys, time\n"
        f"sys.path.insert(0, {str(WORKFLOW)!r})\n"
        "from prunescape.running import processes\n"
        "def computed(part):\n"
        "    os.write(1, b'%d\\n' % os.getpid())\n"
        "    time.sleep(600)\n"
        "processes.spread(computed, 2, 2)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        children = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
        parent.kill()
        # They end without anybody's doing; psutil fails if one is there after a minute.
        assert not psutil.wait_procs(children, timeout=60)[1]
