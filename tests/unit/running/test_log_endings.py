"""How a log ends: what a script took, or why it failed."""

import os
import subprocess
import sys
import time

import pytest

from prunescape.running import log_endings
from tests.helpers.places import WORKFLOW

ENDED = log_endings.Ending("evaluate", 1.5, 2, 90)


def test_a_script_tells_what_it_took(tmp_path):
    script = tmp_path / "made.py"
    script.write_text(
        "import time\n"
        "import _script\n"
        "while time.process_time() < 0.6: pass\n"  # as imports would
        "def main():\n"
        "    print('no newline: ', end='')\n"
        "    main.kept = b'x' * 200_000_000\n"
        "_script.run(main)\n"
    )
    place = {"PYTHONPATH": str(WORKFLOW / "scripts")}
    command = [sys.executable, script]
    for _ in range(2):  # the second time counts
        with (tmp_path / "log").open("a") as log:
            subprocess.run(command, env=place, stdout=log, stderr=subprocess.STDOUT, check=True)
        script.write_text(script.read_text().replace("< 0.6", "< 0.9"))
    found = log_endings.read(tmp_path / "log")
    assert found.script == "made"
    assert found.start >= 0.9
    assert found.work < found.start
    assert 190 < found.memory < 400
    assert log_endings.read(tmp_path / "none") is None


@pytest.mark.parametrize("text", ["x" * 10**6, "1." * 10**6, "a.py: 1 CPU s to start, " * 10**5])
def test_the_search_for_an_ending_takes_no_more_time_than_reading(tmp_path, text):
    log = tmp_path / "long.log"
    log.write_text(f"{text}\n{ENDED}\n")
    begin = time.monotonic()
    assert log_endings.read(log) == ENDED
    log.write_text(text)
    assert log_endings.read(log) is None
    assert time.monotonic() - begin < 5


def test_an_ending_is_read_as_it_was_written(tmp_path):
    log = tmp_path / "log"
    log.write_text(f"{log_endings.Ending('train', 2.345, 60, 310.4)}\n{ENDED}\nBye.\n")
    assert log_endings.read(log) == ENDED  # the last counts
    assert str(ENDED) == "evaluate.py: 1.50 CPU s to start, 2.00 at work, 90 MB at most"
    log.write_text(f"{ENDED} x\n")
    assert log_endings.read(log) is None
    longest = log_endings.Ending("x" * 50, 10.0**16, 10.0**16, 10.0**19)
    log.write_text(f"{'x ' * 1000}{longest}\n")  # after what lacks its newline
    assert log_endings.read(log) == longest


def test_the_last_reason_that_a_script_marked_counts():
    first, last = (log_endings.failed("prune.py", text) for text in ("disk full", "no masks"))
    assert log_endings.reason([first, last, "printed at the end"]) == "prune.py: no masks"
    assert log_endings.reason(["prune.py: disk full", f"x {first}"]) == ""
    assert log_endings.reason([]) == ""


def test_a_crash_is_told_with_its_first_place():
    lines = ["50 %", "Fatal Python error: Aborted", "", "Current thread 0x01 (most recent first):"]
    lines += ['  File "own.py", line 2 in score', '  File "job.py", line 9 in main']
    assert log_endings.reason(lines) == (
        'Python crashed: Aborted at File "own.py", line 2 in score'
    )
    assert log_endings.reason(lines[:3]) == "Python crashed: Aborted"


def test_a_reason_has_room_for_the_longest():
    line = log_endings.failed("prune.py", "x" * 5000)
    assert line == f"prune.py failed: {'x' * log_endings.LONGEST}"


def test_only_the_end_of_a_log_is_read(tmp_path, monkeypatch):
    (tmp_path / "log").write_bytes(b"first\nsec\xffond\nthird\n")
    assert log_endings.tail(tmp_path / "log") == ["first", "sec\ufffdond", "third"]
    monkeypatch.setattr(log_endings, "TAIL", 8)
    assert log_endings.tail(tmp_path / "log") == ["d", "third"]


def cpu_time():
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def test_the_work_of_a_process_is_what_came_after_its_start(monkeypatch):
    monkeypatch.setattr(log_endings, "_elsewhere", {"memory": 0.0, "seconds": 0.0, "start": 0.0})
    before = cpu_time()
    found = log_endings.of_this_process("made", 0.25)
    assert before - 0.1 <= found.start + found.work <= cpu_time() + 0.1  # os.times rounds
    assert (found.script, found.start) == ("made", 0.25)


def test_the_work_of_a_killed_process_that_goes_on_counts(monkeypatch):
    monkeypatch.setattr(log_endings, "_elsewhere", {"memory": 0.0, "seconds": 0.0, "start": 0.0})
    before = log_endings.of_this_process("made", 0)
    log_endings.count_earlier(100)
    log_endings.count_earlier(20)
    assert log_endings.earlier() == 120
    assert 120 <= log_endings.of_this_process("made", 0).work - before.work < 121


def test_children_count_with_their_time_and_their_memory(monkeypatch):
    monkeypatch.setattr(log_endings, "_elsewhere", {"memory": 0.0, "seconds": 0.0, "start": 0.0})
    before = log_endings.of_this_process("made", 0)
    code = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-S", "-c", code], check=True)
    for memory in (100, 3000, 200):  # one after the other
        log_endings.count_children(memory)
    found = log_endings.of_this_process("made", 0)
    assert found.work - before.work >= 0.45
    assert 3000 <= found.memory - before.memory < 3100


def test_the_peak_of_another_process_is_its_own():
    code = "kept = bytearray(b'x') * 120_000_000; print('ready', flush=True); input()"
    command = [sys.executable, "-S", "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        # bytes of MiB: 114 of the array, and an interpreter.
        assert 114 < log_endings.peak_memory(process.pid) < 150
        process.kill()
        process.wait()
    with pytest.raises(OSError, match="status"):
        log_endings.peak_memory(process.pid)


def test_what_a_script_said_is_its_log_without_its_cost(tmp_path):
    log = tmp_path / "log"
    log.write_text(f"2 hold\ng1 holds\n{ENDED}\n")
    assert log_endings.said(log) == "2 hold\ng1 holds"
