"""How scripts end where a reader sees stderr; how their logs end is tested with `failures`."""

import functools
import os

import pytest

from prunescape.running import command_line


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """A script, job.py, whose stderr is no file."""
    monkeypatch.setattr(command_line, "_log", lambda: None)
    monkeypatch.setattr("sys.argv", ["some/place/job.py"])


def own(folder, text):
    """Return a function that runs a user's file."""
    code = compile(text, str(folder / "own.py"), "exec")
    return lambda: exec(code, {})


def end(main):
    with pytest.raises(SystemExit) as ended:
        command_line.run(main)
    return ended.value.code


def test_bad_input_and_unreadable_files_are_one_line_without_a_traceback(tmp_path, capsys):
    assert end(own(tmp_path, "raise ValueError('key: found 1')")) == "job.py: key: found 1"
    missing = "[Errno 2] No such file or directory: 'missing'"
    assert end(own(tmp_path, "open('missing')")) == f"job.py: {missing}"
    assert capsys.readouterr().err == ""


def test_a_fault_is_told_with_its_place_and_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = "job.py: own.py, line 2: ZeroDivisionError: division by zero"
    assert end(own(tmp_path, "a = 1\na / 0")) == place
    assert capsys.readouterr().err.startswith("Traceback")


def test_a_place_elsewhere_is_told_in_full(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    text = f"job.py: {tmp_path}/own.py, line 1: KeyError: 'a'"
    assert end(own(tmp_path, "{}['a']")) == text


def test_code_of_the_users_may_not_end_a_script_in_silence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = "job.py: own.py, line 1 ended the program (SystemExit: 0)"
    assert end(own(tmp_path, "raise SystemExit(0)")) == place


def test_arguments_that_are_wrong_have_been_told(capsys):
    parse = command_line.parser("Words.").parse_args
    assert end(functools.partial(parse, ["--unknown"])) == 2
    assert "unrecognized arguments: --unknown" in capsys.readouterr().err


def test_the_way_out_is_watched_only_while_a_script_runs(tmp_path):
    exits, seen = os._exit, []
    command_line.run(lambda: seen.append(os._exit))
    assert seen[0] is not exits
    assert os._exit is exits
    end(own(tmp_path, "raise ValueError('bad')"))
    assert os._exit is exits


def test_help_shows_a_docstring_as_it_was_written():
    text = "Words.\n\n    a   b\n      c"
    assert text in command_line.parser(text).format_help()
