"""What a file imports from its own folder is what Python imports."""

import json
import re
from pathlib import Path

import pytest

from prunescape.foundations import local_imports
from prunescape.pipeline import imported_code
from tests.helpers.import_closures import python
from tests.helpers.places import WORKFLOW


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes files of a made-up project and returns a closure's names."""
    monkeypatch.setattr(local_imports, "LIBRARY", tmp_path / "lib")

    def write(**sources):
        for name, source in {"lib___init__": "", **sources}.items():
            path = tmp_path.joinpath(*name.replace("__init__", "INIT").split("__"))
            if name.endswith("__init__"):
                path = tmp_path / name.removesuffix("___init__").replace("__", "/") / "__init__"
            path = path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        code = imported_code.code(tmp_path / "scripts" / "run.py")
        return [str(file.relative_to(tmp_path)) for file in code]

    return write


def test_imports_of_every_form_are_followed(project):
    names = project(
        scripts__run="import _shared\nimport lib.a\nfrom lib.b import f as g\nimport json, torch",
        scripts___shared="from lib import c, VERSION",
        scripts__other="",
        lib__a="try:\n    import lib.d as d\nexcept ImportError:\n    d = None",
        lib__b="def f():\n    from lib.sub import deep\n    return deep",
        lib__c="if True:\n    from lib import a",  # and a circle: d imports c
        lib__d="import lib.c",
        lib__sub___init__="from lib import e",
        lib__sub__deep="",
        lib__e="",
        lib__unused="",
        lib__json="",
    )
    assert names == [
        "scripts/run.py",
        "lib/__init__.py",
        "lib/a.py",
        "lib/b.py",
        "lib/c.py",
        "lib/d.py",
        "lib/e.py",
        "lib/sub/__init__.py",
        "lib/sub/deep.py",
        "scripts/_shared.py",
    ]


@pytest.mark.parametrize("source", ["from . import b", "from .b import f"])
def test_relative_imports_are_followed(project, source):
    names = project(scripts__run="import lib.a", lib__a=source, lib__b="def f(): pass")
    assert "lib/b.py" in names


LAYOUTS = {
    "a package and what lies in it": {
        "net": "from blocks import Block",
        "blocks/__init__": "from .block import Block",
        "blocks/block": "from . import size\nBlock = 1",
        "blocks/size": "",
        "blocks/unused": "",
    },
    "subpackages, upwards and by whole names": {
        "net": "import a.b.c",
        "a/__init__": "",
        "a/b/__init__": "from ..d import e",
        "a/b/c": "from ..d.f import g\nimport a.h as h\nfrom a.i import j",
        "a/d/__init__": "e = 1",
        "a/d/f": "g = 1",
        "a/h": "",
        "a/i/__init__": "",
        "a/i/j": "",
        "a/b/unused": "",
        "h": "",
    },
    "a namespace package": {
        "net": "import space.inner\nfrom space import other\nfrom space.deep import last",
        "space/inner": "from . import beside",
        "space/beside": "",
        "space/other": "",
        "space/deep/last": "",
        "space/unused": "",
    },
    "imports in functions": {
        "net": "def f():\n    import late\n    from p import q\n    late.g()\nf()",
        "late": "def g():\n    class A:\n        import later",
        "later": "",
        "p/__init__": "",
        "p/q": "",
    },
    "a star with a list": {
        "net": "from zoo import *",
        "zoo/__init__": "__all__ = ['small']\n__all__ += ['large']",
        "zoo/small": "",
        "zoo/large": "",
        "zoo/unused": "",
    },
    "a star without one": {"net": "from zoo import *", "zoo/__init__": "", "zoo/unused": ""},
    "a star whose list is made": {
        "net": "from zoo import *",
        "zoo/__init__": "import os\n__all__ = [f[:-3] for f in ['a.py', 'b.py']]",
        "zoo/a": "",
        "zoo/b": "",
    },
    "a package goes before a module of its name": {
        "net": "import both",
        "both/__init__": "",
        "both": "unused = 1",
    },
    "names of Python's own modules": {
        "net": "import random, sys, os, itertools, copy, math",
        "random": "import copy",
        "copy": "",
        "sys": "unused = 1",
        "os": "unused = 1",
        "itertools": "unused = 1",
    },
    "folders that installed packages go before": {
        "net": "import yaml, mine.x, json",
        "yaml/unused": "",
        "json/unused": "",
        "mine/x": "",
    },
    "what only programs and checkers import": {
        "net": "from typing import TYPE_CHECKING\nimport typing\nif TYPE_CHECKING:\n"
        "    import unused\nelse:\n    import used\nif typing.TYPE_CHECKING:\n    import unused\n"
        "if __name__ == '__main__':\n    import train",
        "used": "",
        "unused": "",
        "train": "",
    },
    "circles, and the file itself": {
        "net": "import one",
        "one": "import two",
        "two": "import one\nfrom three import net",
        "three": "import net",
    },
    "what fails": {
        "net": "try:\n    import gone.deeper\nexcept ImportError:\n    import instead\n"
        "try:\n    from .instead import x\nexcept ImportError:\n    pass",
        "instead": "",
    },
    "names as texts": {
        "net": "import importlib\nfrom importlib import import_module\n"
        "importlib.import_module('models.a')\nimport_module('.b', 'models')\n"
        "__import__('models.c.d')",
        "models/__init__": "",
        "models/a": "from importlib import import_module\nimport_module('.e', __package__)",
        "models/b": "",
        "models/c/__init__": "",
        "models/c/d": "",
        "models/e": "",
        "models/unused": "",
    },
    "the library": {
        "net": "from prunescape.foundations import streams\nimport files",
        "files": "",
        "streams": "unused = 1",
    },
}
# Each layout is imported as its folder's program would import it, and as a job does.
REALLY = """
import json, os, pathlib, sys
sys.dont_write_bytecode = True
sys.path.append(sys.argv[1])
from prunescape.foundations import streams, user_files
for folder in sys.argv[2:]:
    for way in ("program", "job"):
        if child := os.fork():
            if os.waitpid(child, 0)[1]:
                sys.exit(f"{folder} can't be imported as a {way}")
            continue
        if way == "program":
            for name in [n for n in sys.modules if n.partition(".")[0] in ("copy", "random")]:
                del sys.modules[name]
            sys.path.insert(0, folder)
            import net
        else:
            user_files.load(f"{folder}/net.py:f")
        files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
        inside = [os.path.relpath(file, folder) for file in files if file.startswith(folder)]
        print(json.dumps([folder, sorted(set(inside))]), flush=True)
        os._exit(0)
"""


def test_the_closure_of_a_users_file_is_what_python_imports(tmp_path):
    folders = {}
    for number, (name, files) in enumerate(LAYOUTS.items()):
        folders[name] = tmp_path / str(number)
        for file, source in files.items():
            path = (folders[name] / file).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{source}\nf = 1\n" if file == "net" else source)
    output = python("-c", REALLY, str(WORKFLOW), *map(str, folders.values()))
    really = [json.loads(line) for line in output.splitlines()]
    assert len(really) == 2 * len(LAYOUTS)
    for name, folder in folders.items():
        code = imported_code.code(folder / "net.py")
        assert code[0] == folder / "net.py"
        closure = sorted(str(path.relative_to(folder)) for path in code if folder in path.parents)
        program, job = (files for where, files in really if where == str(folder))
        assert closure == program, name
        assert closure == job, name
        assert not any("unused" in Path(file).name for file in closure)


def test_a_broken_module_is_named(tmp_path):
    (tmp_path / "net.py").write_text("import helper")
    (tmp_path / "helper.py").write_text("\n1 2")
    with pytest.raises(ValueError, match=r"helper\.py is no Python: line 2: invalid syntax"):
        imported_code.code(tmp_path / "net.py")


@pytest.mark.parametrize("namesake", ["prunescape.py", "prunescape/__init__.py"])
def test_a_module_with_the_librarys_name_is_not_passed_over(tmp_path, namesake):
    (tmp_path / "net.py").write_text("import helper")
    (tmp_path / "helper.py").write_text("def f():\n    from prunescape.foundations import files")
    inside = imported_code.code(tmp_path / "net.py")
    assert local_imports.LIBRARY / "foundations/files.py" in inside
    (tmp_path / namesake).parent.mkdir(exist_ok=True)
    (tmp_path / namesake).touch()
    expected = f"helper.py imports prunescape, which may be this library or {tmp_path / namesake};"
    with pytest.raises(ValueError, match=re.escape(expected)):
        local_imports.closure(tmp_path / "net.py")
    (tmp_path / "helper.py").write_text("")
    assert len(local_imports.closure(tmp_path / "net.py")) == 2


def test_what_is_compiled_counts(tmp_path):
    (tmp_path / "net.py").write_text("import fast\nfrom package import old")
    (tmp_path / "package").mkdir()
    names = ["fast.abi3.so", "package/__init__.py", "package/old.pyc"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    _, *rest = imported_code.code(tmp_path / "net.py")
    assert [str(path.relative_to(tmp_path)) for path in rest] == names
