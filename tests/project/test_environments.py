"""Environments: pinned as constraints.txt has it, and complete for the scripts that they serve."""

import ast
import re
import sys

import pytest
import yaml

from prunescape.pipeline import imported_code
from tests.helpers.places import ROOT

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
# What a module is called where its distribution has another name.
DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "torch_pruning": "torch-pruning",
}


def pins(lines):
    found = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {name.strip().lower(): version.strip() for name, version in found}


def packages(environment):
    dependencies = yaml.safe_load(environment.read_text(encoding="utf-8"))["dependencies"]
    return next(entry["pip"] for entry in dependencies if isinstance(entry, dict))


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_pins_equal_constraints(environment):
    constraints = pins((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    pinned = pins(packages(environment))
    assert len(pinned) == len(packages(environment))
    assert {name: constraints.get(name) for name in pinned} == pinned


def rules():
    """Return (script, environment) of every rule that has both."""
    pairs = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"(?m)^\s*rule\b", file.read_text(encoding="utf-8"))[1:]:
            script, environment = (
                re.search(r'code\("(\w+)"\)', rule),
                re.search(r"envs/(\w+)\.yaml", rule),
            )
            pairs.add((script[1], environment[1]))
    return sorted(pairs)


def imported(files):
    """Return the top-level modules, neither ours nor Python's own, that files import."""
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
            elif (
                isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.util.find_spec"
            ):
                names.add(ast.literal_eval(node.args[0]))  # its files are used, not its code
    ours = {"prunescape"} | {file.stem for file in files}
    return names - ours - set(sys.stdlib_module_names)


@pytest.mark.parametrize(("script", "environment"), rules())
def test_an_environment_has_what_its_scripts_import(script, environment):
    files = imported_code.code(ROOT / "workflow" / "scripts" / f"{script}.py")
    if script == "figure":
        kinds = (ROOT / "workflow" / "prunescape" / "figures").glob("*.py")
        files = (
            list(dict.fromkeys(file for kind in kinds for file in imported_code.code(kind))) + files
        )
    has = {name.lower() for name in pins(packages(ROOT / "envs" / f"{environment}.yaml"))}
    needs = {DISTRIBUTIONS.get(name, name) for name in imported(files)}
    assert needs
    assert needs <= has


def test_every_required_package_is_pinned():
    constraints = pins((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    for name in ("requirements.txt", "requirements-test.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                assert line.lower() in constraints, line
