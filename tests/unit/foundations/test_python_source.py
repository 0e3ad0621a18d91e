"""What a source binds, as Python would bind it, without running it."""

from pathlib import Path

import pytest

from prunescape.foundations import python_source, user_files
from tests.helpers.own_python_files import problem

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
        (b"# coding: rot13\ns = 1", "net.py is no Python: "),
        (b"f = '\xe9'", "net.py is not text in UTF-8"),
        (b"\n\n\nf = '\xe9'", "net.py is not text in UTF-8"),
        (b"f = " + b"(" * 300 + b")" * 300, "net.py is no Python: line 1: too many nested parenth"),
        (b"f = 1\n\0", "net.py is no Python: source code string cannot contain null bytes"),
        ("f = 1".encode("utf-16"), "net.py is not text in UTF-8"),
        (b"f = 1" + b"+1" * 20000, "net.py is nested too deeply for Python to read it"),
        (b"f = " + b"-" * 20000 + b"1", "net.py is nested too deeply for Python to read it"),
        (b"f = 1\nimport helper", "helper.py is no Python: line 3: invalid syntax"),
        (b"f = 1\nimport package.inner", "package/inner.py is no Python: line 1: expected ':'"),
        (b"def f():\n    from package import inner", "package/inner.py is no Python: line 1: "),
    ],
)
def test_a_source_that_is_no_python_is_named_with_its_line(write, content, expected):
    write(helper="\n\na b", package_init="", package__inner="class A")
    Path("net.py").write_bytes(content)
    assert problem("net.py:f", user_files.check).startswith(expected)


def test_a_long_chain_of_conditions_is_read_as_far_as_python_reads_it(write):
    chain = "".join(f"elif f == {i}:\n    import m{i}\n" for i in range(200))
    write(net=f"f = 1\nif f == 1:\n    g = 1\n{chain}")
    assert user_files.load("net.py:f") == 1
    top = [each.module[0] for each in python_source.read("net.py").imports.at_top]
    assert top == [f"m{i}" for i in range(200)]
    write(net="f = 1\nif f == 1:\n    g = 1\n" + chain * 40)
    assert "is nested too deeply" in problem("net.py:f", user_files.check)


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
