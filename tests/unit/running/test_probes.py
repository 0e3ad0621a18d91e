"""Programs that answer, fail, are missing, or hang with all that they have started."""

import time

import pytest

from prunescape.running import probes


def program(folder, text):
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def test_what_a_program_prints(tmp_path):
    assert probes.lines(program(tmp_path, "echo a; echo b; echo c >&2"), 5) == ["a", "b"]


@pytest.mark.parametrize("text", ["exit 1", "kill -SEGV $$"])
def test_a_program_that_fails(tmp_path, text):
    assert probes.lines(program(tmp_path, f"echo a; {text}"), 5) is None


def test_a_program_that_is_missing_or_none(tmp_path):
    assert probes.lines([str(tmp_path / "missing")], 5) is None
    (tmp_path / "text").write_text("no program")
    assert probes.lines([str(tmp_path / "text")], 5) is None


@pytest.mark.parametrize(
    "text", ["exec sleep 60", "sleep 60", "sleep 60 & exit", "trap '' TERM; sleep 60"]
)
def test_a_program_that_hangs_is_not_waited_for(tmp_path, text):
    begin = time.monotonic()
    probes.lines(program(tmp_path, text), 0.3)
    assert time.monotonic() - begin < 10
