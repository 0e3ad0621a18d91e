"""The code of a script is what it runs, and no heavier than it must be."""

import ast
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from prunescape.pipeline import imported_code
from tests.helpers.import_closures import python
from tests.helpers.places import LIBRARY, WORKFLOW

SCRIPTS = sorted(WORKFLOW.joinpath("scripts").glob("[!_]*.py"))
# Third-party modules are imported once, then a child of its own imports each script and asks it for
# help.
PROBE = """
import contextlib, importlib.util, io, json, os, sys
from pathlib import Path
for name in ("torch", "pandera.pandas", "pyarrow.parquet", "scipy.stats", "matplotlib.pyplot"):
    importlib.import_module(name)
for script in sys.argv[2:]:
    child = os.fork()
    if not child:
        sys.path.insert(0, str(Path(script).parent))
        spec = importlib.util.spec_from_file_location("script", script)
        sys.modules["script"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        found = sorted(file for file in files if file.startswith(sys.argv[1]))
        help = io.StringIO()
        with contextlib.redirect_stdout(help), contextlib.suppress(SystemExit):
            sys.argv = [script, "--help"]
            module.main()
        print(json.dumps([script, found, help.getvalue()]), flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{script} can't be imported")
"""


@pytest.fixture(scope="module")
def probed():
    """Return script -> the files of the project that importing it runs, and its help."""
    output = python("-c", PROBE, str(WORKFLOW), *map(str, SCRIPTS))
    lines = (json.loads(line) for line in output.splitlines())
    return {Path(script): ({*map(Path, files)}, shown) for script, files, shown in lines}


def inside_functions(path):
    """Return the project's files that are imported inside functions of a file."""
    nodes = [
        node
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prunescape")
    ]
    names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
    return {WORKFLOW.joinpath(*name.split(".")).with_suffix(".py") for name in names}


def users(module):
    """Return the scripts that an edited module of the library reruns."""
    return {
        script.stem for script in SCRIPTS if LIBRARY / f"{module}.py" in imported_code.code(script)
    }


def test_a_script_explains_itself(probed):
    for script, (_, shown) in probed.items():
        assert f"usage: {script.name} " in shown
        assert (ast.get_docstring(ast.parse(script.read_text())) or "-") in shown


def test_the_closure_is_what_python_imports(probed):
    assert len(probed) == len(SCRIPTS) >= 10
    for script, (run, _) in probed.items():
        code = imported_code.code(script)
        assert code[0] == script
        assert len(code) == len(set(code))
        assert run <= set(code), f"{script.name} runs more than its closure"
        later = set().union(*(inside_functions(file) for file in code))
        allowed = set().union(run, *(imported_code.code(file) for file in later))
        assert set(code) <= allowed, f"the closure of {script.name} has more than it runs"


def test_a_script_is_first_and_the_rest_sorted():
    for script in SCRIPTS:
        _, *rest = imported_code.code(script)
        assert rest == sorted(rest)
        assert imported_code.code(str(script)) == [script, *rest]


def test_libraries_are_what_the_files_of_a_script_import_at_their_top():
    for script in SCRIPTS:
        for module, _ in imported_code.libraries(script):
            first = module.partition(".")[0]
            assert first not in ("prunescape", "_script", *sys.stdlib_module_names)
            assert importlib.util.find_spec(first)
    found = {script.stem: dict(imported_code.libraries(script)) for script in SCRIPTS}
    assert {"numpy", "torch", "torch.nn.functional"} <= found["evaluate"].keys()
    assert "special" in found["claims"]["scipy"]  # a module that `import scipy` leaves out
    assert "safe_open" in found["prune"]["safetensors"]
    assert {name.partition(".")[0] for name in found["prune"]} == {"numpy", "safetensors"}
    assert "torch" not in found["figure"]


FITS = {"train", "fit_variational", "check_gradient_noise"}
EXPORTS = {"export", "export_module", "sizes"}
EXPORT = {"export", "export_module"}
EVALUATE = {"evaluate", "measure_chosen"}
BEFORE = {"check_network", "import_weights"}
NETWORKS = {*FITS, *BEFORE, "measure", "score", "retrain", *EVALUATE, *EXPORTS}


@pytest.mark.parametrize(
    ("module", "scripts"),
    [
        ("fitting/training", {*FITS, "retrain"}),
        (
            "optimising/preconditioned",
            {*FITS, "score", "retrain"},
        ),
        ("scoring/image_gradients", {"score", "retrain"}),
        ("scoring/weight_statistics", {"score", "retrain"}),
        ("fitting/initial_weights", {*FITS, "score", "retrain"}),
        ("optimising/posteriors", {*FITS, "score", "retrain"}),
        ("optimising/objectives", {*FITS, "score", "retrain"}),
        ("optimising/optimisers", {*FITS, "retrain"}),
        ("pruning/retraining", {"retrain"}),
        ("scoring/criteria", {"score", "retrain"}),
        ("scoring/input_moments", {"measure", "score", "retrain", *EVALUATE, *EXPORT}),
        ("pruning/selection", {"prune", "retrain", *EVALUATE, *EXPORT}),
        ("pruning/arm_masks", {"prune", "retrain", *EVALUATE, *EXPORT}),
        ("evaluation/input_noise", EVALUATE),
        ("evaluation/metrics", EVALUATE),
        ("pruning/effects", {*EVALUATE, *EXPORTS}),
        ("networks/network", NETWORKS),
        ("networks/module_network", NETWORKS),
        ("networks/given_weights", {"import_weights"}),
        ("networks/module_checks", {"check_network"}),
        ("networks/scaling", NETWORKS),
        ("pipeline/plan", {"aggregate", "measure_chosen"}),
        ("evaluation/gates", {"aggregate"}),
        ("data/sources", {"download"}),
        ("data/own_images", {"prepare"}),
        ("data/readers/pictures", {"prepare"}),
        ("data/torchvision_collections", {"download_collection"}),
        ("data/published_weights", {"fetch_weights"}),
        ("pipeline/imported_code", set()),
        ("exports/compacting", {"export"}),
        ("exports/member_masks", {*EXPORT, "measure_chosen"}),
        ("exports/module_forms", {"export_module", "measure_chosen"}),
        ("exports/portable_modules", {"export_module", "sizes", "measure_chosen"}),
        ("exports/stored_bytes", {"sizes", "measure_chosen"}),
        ("exports/latency", {"sizes", "measure_chosen"}),
    ],
)
def test_an_edited_module_reruns_the_scripts_that_import_it(module, scripts):
    assert users(module) == scripts


def loaded(statement, *modules):
    """Return which of `modules` are loaded once a statement has run in scripts/."""
    code = f"import sys; sys.path[:0] = ['scripts', '.']; {statement}; print(*sys.modules)"
    return set(modules) & set(python("-c", code).split())


HEAVY = ("torch", "pandas", "scipy", "sklearn", "matplotlib", "pandera", "pyarrow", "torchvision")


def test_pruning_costs_numpy_and_nothing_heavier():
    assert loaded("import prune", "numpy", *HEAVY) == {"numpy"}


def test_data_scripts_cost_nothing_heavier_than_numpy():
    assert loaded("import download, prepare", *HEAVY) == set()


def test_what_the_workflow_reads_when_it_is_parsed_is_the_standard_library():
    assert (
        loaded("from prunescape.pipeline import imported_code, paths, plan", "numpy", *HEAVY)
        == set()
    )


def test_tables_cost_no_torch():
    assert loaded("import aggregate, claims, figure", "torch", "torchvision", "sklearn") == set()


def test_the_closure_of_a_users_file_has_what_it_imports_of_the_library(tmp_path):
    (tmp_path / "net.py").write_text("from prunescape.scoring import needs")
    _, *rest = imported_code.code(tmp_path / "net.py")
    assert LIBRARY / "scoring" / "needs.py" in rest
    assert LIBRARY / "foundations" / "user_files.py" in rest
    assert set(rest) == set(imported_code.code(LIBRARY / "scoring" / "needs.py")) | {
        LIBRARY / "scoring" / "__init__.py"
    }


def test_files_of_data_that_a_users_source_names_count(tmp_path):
    def write(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    net = write(
        "own/net.py",
        """
        import json
        import helper
        here = __file__.rpartition("/")[0]
        widths = json.load(open(f"{here}/widths.json"))
        "unread.txt is a word of this text"
        folder, outside, missing, code = "own", "../outside.txt", "missing.txt", "other.py"
        """.replace("\n        ", "\n"),
    )
    helper = write("own/helper.py", "import os\nNAME = os.path.join('more', 'filters.txt')")
    named = [write("own/more/filters.txt"), write("own/widths.json")]
    for name in ("own/unread.txt", "outside.txt", "own/other.py", "own/filters.csv"):
        write(name)
    assert imported_code.code(net) == [net, helper, *named]
    assert imported_code.code(helper) == [helper, named[0]]
