"""Files of the user are read and run as Python would, each for itself."""

import importlib.util
import inspect
import os
import pickle
import random
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from prunescape.foundations import global_state, user_files, user_namespace
from tests.helpers.places import WORKFLOW

SCRIPTS = WORKFLOW / "scripts"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes files into the working directory, name -> source."""
    monkeypatch.chdir(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            path = Path(*name.split("__")).with_suffix(".py")
            if name.endswith("_init"):
                path = Path(*name.removesuffix("_init").split("__")) / "__init__.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")

    return write


def problem(named, look=user_files.load):
    with pytest.raises(ValueError, match=r"\.py") as raised:
        look(named)
    assert "\n" not in str(raised.value)
    assert "user_file_" not in str(raised.value)
    return str(raised.value)


LATER = """
    def f():
        import helper
        from package.inner import VALUE
        return helper.VALUE, VALUE
"""


def test_helpers_of_one_name_are_apart_when_files_load_and_ever_after(write):
    for folder, value in (("one", 1), ("two", 2)):
        write(
            **{
                f"{folder}__net": f"import helper\nfrom helper import VALUE\n{LATER[1:]}",
                f"{folder}__helper": f"from package import inner\nVALUE = {value} * inner.ONE",
                f"{folder}__package_init": "",
                f"{folder}__package__inner": f"from .ones import *\nVALUE = {value}",
                f"{folder}__package__ones": "ONE = 1",
            }
        )
    Path("one/net.py").write_text(textwrap.dedent(LATER))
    Path("two/net.py").write_text(textwrap.dedent(LATER))
    one, two = (user_files.load(f"{folder}/net.py:f") for folder in ("one", "two"))
    assert two() == (2, 2)
    assert one() == (1, 1)
    assert two() == (2, 2)
    assert not {"helper", "package", "package.inner", "net"} & sys.modules.keys()


def test_the_folder_comes_first_for_the_file_alone(write):
    write(
        net="import random, train, torch\nf = [random.MINE, train.MINE, torch.rand]",
        random="MINE = 1",
        train="import random\nMINE = random.MINE + 1",
    )
    # A module of the process that has the same name, as a script of the library would.
    sys.modules["train"] = sys
    try:
        assert user_files.load("net.py:f") == [1, 2, torch.rand]
        assert sys.modules["train"] is sys
    finally:
        del sys.modules["train"]
    assert random.random() < 1


@pytest.mark.parametrize("script", ["train", "evaluate"])
def test_no_script_of_ours_is_met_by_its_name(write, script):
    write(net=f"import {script}\nf = {script}.f", beside__net=f"from {script} import f")
    write(**{f"beside__{script}": "f = 'beside'"})
    code = f"""
        import sys
        sys.path.insert(0, {str(SCRIPTS)!r})
        import _script
        from prunescape.foundations import user_files
        _script.run(lambda: print(user_files.load(sys.argv[1])))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    beside, alone = (
        subprocess.run([*command, named], capture_output=True, text=True, check=False)
        for named in ("beside/net.py:f", "net.py:f")
    )
    assert beside.stdout == "beside\n"
    assert f"net.py, line 1: ModuleNotFoundError: No module named '{script}'" in alone.stderr


def test_each_load_runs_the_file_and_its_helpers_anew(write):
    write(net="import helper\nhelper.SEEN.append(1)\nf = helper.SEEN", helper="SEEN = []")
    first, second = user_files.load("net.py:f"), user_files.load("net.py:f")
    assert first == second == [1]
    assert first is not second


def test_a_module_beside_the_file_may_import_it(write):
    write(
        net="VALUE = 3\nimport helper\nf = helper.double",
        helper="import net\ndouble = 2 * net.VALUE",
    )
    assert user_files.load("net.py:f") == 6


def test_what_python_looks_up_by_a_modules_name_works(write):
    write(
        net="""
            from __future__ import annotations
            import dataclasses, typing
            from helper import Base

            @dataclasses.dataclass
            class Net(Base):
                size: typing.ClassVar[int] = 3
                width: int = 4

            def made():
                return Net(width=5)
        """,
        helper="class Base:\n    pass",
    )
    made = user_files.load("net.py:made")
    assert pickle.loads(pickle.dumps(made())) == made()
    assert "width=5" in inspect.getsource(made)
    assert inspect.getmodule(made).__file__ == str(Path("net.py").resolve())
    assert list(type(made()).__dataclass_fields__) == ["size", "width"]


def test_modules_by_name_are_found_where_the_source_shows_them(write):
    write(
        net="""
            import importlib
            from importlib import import_module
            import importlib.util
            f = [
                import_module("zoo.small").SIZE,
                importlib.import_module(".large", "zoo").SIZE,
                __import__("zoo").NAME,
                importlib.import_module("json").__name__,
                importlib.util.find_spec("json").name,
            ]
        """,
        zoo_init="NAME = 'zoo'",
        zoo__small="SIZE = 1",
        zoo__large="SIZE = 2",
    )
    assert user_files.load("net.py:f") == [1, 2, "zoo", "json", "json"]


def test_a_computed_name_is_refused_as_its_edits_would_go_unnoticed(write):
    write(net="import importlib\nf = importlib.import_module('hel' + 'per')", helper="")
    assert problem("net.py:f").startswith(
        "net.py, line 2: ImportError: helper is imported by a name that isn't in the source"
    )


def test_folders_put_on_pythons_path_are_refused_and_taken_off(write):
    write(
        net="import sys\nsys.path.insert(0, 'lib')\nimport beside_nothing\nf = 1",
        lib__beside_nothing="",
        own="import os, sys\nsys.path.append(os.path.dirname(__file__))\nfrom helper import f",
        helper="f = 2",
    )
    before = list(sys.path)
    assert "beside_nothing comes from a folder that was put on sys.path" in problem("net.py:f")
    assert "beside_nothing" not in sys.modules
    assert user_files.load("own.py:f") == 2
    write(late="import sys\ndef f():\n    sys.path.insert(0, 'lib')\n    import beside_nothing")
    function = user_files.load("late.py:f")
    with (
        pytest.raises(ValueError, match=r"late.py: ImportError: beside_nothing comes from a fold"),
        user_files.calling("late.py:f", "none"),
    ):
        function()
    assert sys.path == before


def test_an_edit_that_leaves_time_and_size_is_seen(write):
    write(net="import helper\nf = helper.VALUE", helper="VALUE = 1")
    times = (1_700_000_000, 1_700_000_000)
    for value in (1, 2):
        Path("helper.py").write_text(f"VALUE = {value}")
        os.utime("helper.py", times)
        assert user_files.load("net.py:f") == value
    assert not Path("__pycache__").exists()


def test_compiled_modules_beside_the_file(write):
    folder = Path(sysconfig.get_config_var("DESTSHARED"))
    [library] = folder.glob("xxlimited_35.*.so")
    write(net="from xxlimited_35 import foo as f")
    shutil.copy(library, ".")
    assert user_files.load("net.py:f")(3, 4) == 7
    assert "xxlimited_35" not in sys.modules


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
            "line 2: it ends the program (SystemExit) when it is imported",
        ),
        (
            "import sys\nf = 1\nsys.exit()",
            "line 3: it ends the program (SystemExit) when it is imp",
        ),
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


def test_a_command_line_parser_at_the_top_is_named_and_sees_no_arguments_of_ours(write, capsys):
    parser = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--seed')\n"
    write(net=f"{parser}f = parser.parse_args()", known=f"{parser}f = parser.parse_known_args()[0]")
    arguments = sys.argv
    sys.argv = ["train.py", "--seed", "2011"]
    try:
        assert problem("net.py:f").startswith("net.py, line 4: it ends the program (SystemExit)")
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


BOUND = """
from json import loads, dumps as written
import os.path, sys as system
try:
    import timm_that_is_not_there
except ImportError as missing:
    class InTry: pass
else:
    def in_else(): pass
finally:
    last = 1
if (walrus := 3) > 2:
    annotated: int = 3
for loop in (1,):
    with open(__file__) as opened: (first, [*rest]) = 1, [2]
while not last: in_while = 1
match [1, 2]:
    case [one, *others]: matched = 1
async def later(): pass
@staticmethod
def decorated(): pass
def outer():
    global from_function
    hidden = 1
"""
NAMES = """loads written os system InTry last walrus annotated loop opened first rest one others
matched later decorated outer"""


@pytest.mark.parametrize("name", NAMES.split())
def test_names_are_those_that_python_binds(write, name):
    write(net=BOUND)
    user_files.check(f"net.py:{name}")
    assert user_files.load(f"net.py:{name}") is not None


@pytest.mark.parametrize("name", ["hidden", "dumps", "path", "int", "ImportError"])
def test_names_that_python_does_not_bind(write, name):
    write(net=BOUND)
    assert problem(f"net.py:{name}", user_files.check).startswith(
        f"net.py defines no {name} (it defines: loads, "
    )


def test_names_that_only_running_tells(write):
    write(
        net="from helper import *",
        helper="class Net: pass",
        asked="def __getattr__(name): return {'Net': 3}[name]",
    )
    user_files.check("net.py:Net")
    assert user_files.load("net.py:Net").__name__ == "Net"
    assert problem("net.py:Gone") == "net.py defines no Gone once it has run"
    assert user_files.load("asked.py:Net") == 3


@pytest.mark.parametrize(
    "content",
    [
        "# coding: latin-1\nf = '\xe9'\n".encode("latin-1"),
        "\ufefff = '\xe9'\n".encode(),
        b"\r\nf = '\xc3\xa9'\r\n",
        b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\nf = '\xe9'",
    ],
)
def test_sources_are_decoded_as_python_does(write, content):
    write()
    Path("net.py").write_bytes(content)
    user_files.check("net.py:f")
    assert user_files.load("net.py:f") == "\xe9"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"f = 1\nreturn f", "net.py is no Python: line 2: 'return' outside function"),
        (b"# coding: nonsense\nf = 1", "net.py is no Python: unknown encoding"),
        (b"f = '\xe9'", "net.py is not text in UTF-8"),
        (b"\n\n\nf = '\xe9'", "net.py is not text in UTF-8"),
        (b"f = " + b"(" * 300 + b")" * 300, "net.py is no Python: line 1: too many nested parenth"),
        (b"f = 1\nimport helper", "helper.py is no Python: line 3: invalid syntax"),
        (b"f = 1\nimport package.inner", "package/inner.py is no Python: line 1: expected ':'"),
        (b"def f():\n    from package import inner", "package/inner.py is no Python: line 1: "),
    ],
)
def test_a_source_that_is_no_python_is_named_with_its_line(write, content, expected):
    write(helper="\n\na b", package_init="", package__inner="class A")
    Path("net.py").write_bytes(content)
    assert problem("net.py:f", user_files.check).startswith(expected)


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


def parameters(named):
    return [each.arg for each in user_files.function(named).args.args]


def test_functions_are_found_where_python_would_find_them(write):
    write(
        own="""
            from helper import score, other as third
            from package import fourth
            second = score
            try:
                def fifth(weight, fast): pass
            except ImportError:
                def fifth(weight, fast): pass
            if True:
                def sixth(weight): pass
            def seventh(weight): pass
            def seventh(weight, again): pass
        """,
        helper="def score(weight, a): pass\ndef other(weight, b): pass",
        package_init="from .inner import fourth",
        package__inner="def fourth(weight, c): pass",
    )
    names = ["score", "second", "third", "fourth", "fifth", "sixth", "seventh"]
    found = [parameters(f"own.py:{name}")[1:] for name in names]
    assert found == [["a"], ["a"], ["b"], ["c"], ["fast"], [], ["again"]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from torch import relu as f", "own.py defines no function f (functions: none)"),
        ("f = f", "own.py defines no function f"),
        ("def g(weight): pass\nclass f: pass", "own.py defines no function f (functions: g)"),
        ("if 1:\n  def f(a): pass\nelse:\n  def f(b): pass", "own.py defines f in 2 ways with dif"),
        (
            "try:\n  from torch import f\nexcept ImportError:\n  def f(a): pass",
            "own.py defines no function f",
        ),
    ],
)
def test_a_function_without_one_set_of_parameters(write, source, expected):
    write(own=source)
    assert problem("own.py:f", user_files.function).startswith(expected)


CHANGES = """
import os, random, sys, warnings
import numpy as np
import torch
random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_num_threads(torch.get_num_threads() + 1)
torch.set_grad_enabled(False)
torch.set_float32_matmul_precision("medium")
torch.set_flush_denormal(True)
torch.use_deterministic_algorithms(True)
torch.backends.cudnn.benchmark = True
np.seterr(all="raise")
os.chdir("/")
sys.path.insert(0, "/nowhere")
sys.argv.append("x")
warnings.simplefilter("error")
f = 1
"""


def settings():
    states = [setting.read() for setting in global_state._settings()]
    return [global_state.random_states(), states, Path.cwd(), sys.path[:], sys.argv[:]]


def test_what_a_file_changes_for_the_process_is_put_back(write):
    write(net=CHANGES)
    before, filters = settings(), warnings.filters[:]
    user_files.load("net.py:f")
    assert settings() == before
    assert warnings.filters == filters
    assert torch.zeros(1).device.type == "cpu"


def test_what_a_file_draws_when_it_is_imported_is_the_same_in_every_process(write):
    write(
        net="""
            import random
            import numpy as np, torch
            f = [random.random(), np.random.rand(), torch.rand(()).item()]
        """
    )
    first = user_files.load("net.py:f")
    random.random(), np.random.rand(), torch.rand(3)  # noqa: NPY002
    assert user_files.load("net.py:f") == first


def test_a_function_that_draws_from_a_global_generator_is_refused(write):
    for draw, name in (
        (random.random, "random"),
        (np.random.rand, "numpy.random"),
        (lambda: torch.rand(3), "torch"),
    ):
        before = global_state.random_states()
        with (
            pytest.raises(
                ValueError, match=f"own.py: f draws from the global random numbers of {name}"
            ),
            user_files.calling("own.py:f", "the parameter noise"),
        ):
            draw()
        assert global_state.random_states() == before
    with user_files.calling("own.py:f", "the parameter noise"):
        np.random.default_rng(3).random()
        torch.rand(3, generator=torch.Generator())


@pytest.mark.skipif(not importlib.util.find_spec("torchvision"), reason="no torchvision")
def test_torchvision_is_mended_for_whoever_imports_it(write):
    write(net="from torchvision.models import resnet18 as f\nfrom torchvision.ops import nms")
    code = f"""
        import sys
        sys.path.insert(0, {str(WORKFLOW)!r})
        from prunescape.foundations import user_files
        assert "torchvision" not in sys.modules
        print(user_files.load("net.py:f").__name__)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "resnet18\n", done.stderr


def test_names_in_sys_modules_are_told_apart_from_others():
    assert user_namespace.NAME.match("user_file_12_net")
    assert not user_namespace.NAME.match("user_file_net")
