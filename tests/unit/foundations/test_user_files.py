"""What a file of the user raises is one line with its place."""

import sys
import warnings

import pytest

from prunescape.foundations import user_files
from tests.helpers.own_python_files import problem


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "from . import helper\nf = 1",
            "line 1: ImportError: attempted relative import with no kn",
        ),
        (
            "from .helper import f",
            "line 1: ImportError: attempted relative import with no known pa",
        ),
        ("import nowhere\nf = 1", "line 1: ModuleNotFoundError: No module named 'nowhere'"),
        (
            "import package.gone\nf = 1",
            "line 1: ModuleNotFoundError: No module named 'package.gone'",
        ),
        (
            "from helper import gone as f",
            "line 1: ImportError: cannot import name 'gone' from 'helper'",
        ),
        ("def f(): pass\n1 / 0", "line 2: ZeroDivisionError: division by zero"),
        ("f = 1\nimport broken", "line 2 (broken.py, line 2): KeyError: 'no'"),
        ("f = 1\nraise ValueError('a\\n  b')", "line 2: ValueError: a b"),
        ("f = 1\nraise ValueError('x' * 9000)", f"line 2: ValueError: {'x' * 500} ..."),
        ("f = 1\nraise ValueError", "line 2: ValueError"),
        (
            "f = 1\nraise SystemExit(3)",
            "line 2: it ends the program (SystemExit: 3) when it is imported",
        ),
        (
            "import sys\nf = 1\nsys.exit()",
            "line 3: it ends the program (SystemExit) when it is imp",
        ),
        ("f = 1\nexit('no GPU')", "line 2: it ends the program (SystemExit: no GPU) when it is"),
        ("class Stop(BaseException): pass\nf = 1\nraise Stop('now')", "line 3: Stop: now"),
        (
            "from broken_exit import f",
            "line 1 (broken_exit.py, line 1): it ends the program (SystemE",
        ),
        (
            "class E(Exception):\n    def __str__(self): return 1 / 0\nf = 1\nraise E",
            "line 4: E: (its message can't be shown: ZeroDivisionError)",
        ),
    ],
)
def test_what_a_file_raises_is_one_line_with_its_place(write, source, expected):
    write(net=source, helper="", package_init="", broken="\nf = {}['no']", broken_exit="exit(1)")
    assert problem("net.py:f").startswith(f"net.py, {expected}")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import torch.nn\nf = 1",
            "1: ModuleNotFoundError: No module named 'torch.nn'; 'torch' is",
        ),
        ("import torch\nf = torch.nn", "2: AttributeError: module 'torch' has no attribute 'nn'"),
    ],
)
def test_a_file_that_hides_an_installed_module_is_named(write, source, expected):
    write(net=source, torch="", random="f = 2", other="import random\nf = random.f")
    found = problem("net.py:f")
    assert found.startswith(f"net.py, line {expected}")
    assert found.endswith(" (torch is torch.py; allowed: another name for that file)")
    assert user_files.load("other.py:f") == 2


def test_a_command_line_parser_at_the_top_is_named_and_sees_no_arguments_of_ours(write, capsys):
    parser = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--seed')\n"
    write(net=f"{parser}f = parser.parse_args()", known=f"{parser}f = parser.parse_known_args()[0]")
    arguments = sys.argv
    sys.argv = ["train.py", "--seed", "2011"]
    try:
        assert problem("net.py:f").startswith("net.py, line 4: it ends the program (SystemExit: 2)")
        assert "2011" not in capsys.readouterr().err
        assert user_files.load("known.py:f").seed is None
        assert sys.argv == ["train.py", "--seed", "2011"]
    finally:
        sys.argv = arguments


def test_an_interruption_passes(write):
    write(net="f = 1\nraise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        user_files.load("net.py:f")


@pytest.mark.parametrize("name", ["f", "g", "Net"])
def test_a_name_that_running_does_not_bind_is_told(write, name):
    write(net="f = 1\ndel f\ng: int\nif g_is := 0:\n    class Net: pass")
    assert problem(f"net.py:{name}") == f"net.py defines no {name} once it has run"


def test_warnings_are_shown_once_when_the_file_is_run(write):
    write(net="import warnings\nwarnings.simplefilter('ignore')\nf = 1 is 1\n")
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        user_files.check("net.py:f")
        assert caught == []
        user_files.load("net.py:f")
    assert len(caught) == 1
    assert warnings.filters == filters
