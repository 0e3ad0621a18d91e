"""Each file of the user has modules of its own, found as Python finds them."""

import inspect
import os
import pickle
import random
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest
import torch

from prunescape.foundations import user_files, user_namespace
from tests.helpers.own_python_files import problem
from tests.helpers.places import WORKFLOW

SCRIPTS = WORKFLOW / "scripts"
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


BY_PATH = """
import importlib.util, pathlib
path = pathlib.Path(__file__).with_name("helper.py")
spec = importlib.util.spec_from_file_location("helper", path)
helper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(helper)
f = 1
"""


@pytest.mark.parametrize(
    "source",
    [
        BY_PATH,
        "import runpy\nf = runpy.run_path('helper.py')['f']",
        "exec(compile(open('helper.py').read(), 'helper.py', 'exec'))",
    ],
    ids=["spec", "runpy", "exec"],
)
def test_a_file_that_is_executed_by_its_path_is_refused_too(write, source):
    write(net=f"f = 1\n{source}", helper="f = 1", known=f"f = 1\nimport helper\n{source}")
    assert "helper.py is executed, but not imported, so that its edits" in problem("net.py:f")
    user_files.load("known.py:f")


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


def test_names_in_sys_modules_are_told_apart_from_others():
    assert user_namespace.NAME.match("user_file_12_net")
    assert not user_namespace.NAME.match("user_file_net")
