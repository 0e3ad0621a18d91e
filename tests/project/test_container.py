"""The Dockerfile, which can't be built where tests run: linted, and equal to what it copies."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.helpers.places import ROOT

DOCKERFILE = ROOT / "Dockerfile"


def lint(file):
    command = [Path(sys.executable).with_name("hadolint"), "--no-color", file]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copied():
    lines = re.findall(r"^COPY (.+) (\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return [(name, target) for names, target in lines for name in names.split()]


def test_hadolint_finds_nothing():
    found = lint(DOCKERFILE)

    assert (found.returncode, found.stdout) == (0, "")


def test_hadolint_would_find_something(tmp_path):
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(DOCKERFILE.read_text().replace("--no-cache-dir ", ""))

    assert "DL3042" in lint(wrong).stdout


def test_all_that_the_workflow_reads_is_copied():
    names = [name for name, _ in copied()]
    needed = {"Snakefile", "config.yaml", "config", "envs", "profiles", "workflow"}

    assert set(names) == needed | {"requirements.txt", "constraints.txt"}
    assert all((ROOT / name).exists() for name in names)
    # Folders keep their names.
    assert all(target in (name, "./") for name, target in copied())
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == set(names)


def test_its_python_is_that_of_the_environments():
    [version] = re.findall(r"^FROM python:([\d.]+)-", DOCKERFILE.read_text(), re.MULTILINE)

    for file in sorted((ROOT / "envs").glob("*.yaml")):
        assert f"python={version}" in yaml.safe_load(file.read_text())["dependencies"]
