"""Every suite is run by `make test-all` and by continuous integration, which fails if one does."""

import os
import re
import shutil
import subprocess

import pytest

from tests.helpers.places import ROOT
from tests.helpers.workplace import LIMIT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"
SUITES = re.search(r"^\tfor suite in (.+); do", MAKEFILE, re.MULTILINE)[1].split()

# Instead of make: a suite ends as a variable of its name says.
MAKE = """#!/usr/bin/env bash
name=${1//-/_}
case ${!name:-} in
  fails) echo "=== 1 failed in 2.00s ==="; exit 2 ;;
  breaks) echo "no such package"; exit 2 ;;
  loses)
    [[ $PYTEST_ADDOPTS == *--last-failed* ]] || { echo "=== 1 failed in 2.00s ==="; exit 2; } ;;
  hangs) trap 'exit 2' INT; while true; do sleep 0.1; done ;;
esac
echo "=== 3 passed in 1.00s ==="
"""


@pytest.fixture
def ci(tmp_path):
    """Return a function that runs continuous integration on suites that end as they are told."""
    (tmp_path / ".ci").mkdir()
    shutil.copy2(CI, tmp_path / ".ci")
    for name, text in (("make", MAKE), ("chromedriver", "")):
        (tmp_path / "bin" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    # Else it would install a server for SSH; nobody but root may.
    text = CI.read_text(encoding="utf-8").replace("/usr/sbin/sshd", "/bin/sh")
    (tmp_path / ".ci" / "run").write_text(text, encoding="utf-8")

    def run(**told):
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [tmp_path / ".ci" / "run"],
            env=os.environ | {"PATH": path} | told,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        lines = done.stdout[done.stdout.rindex("\n::: ") :].splitlines()[2:]
        results = [re.fullmatch(r"make ([\w-]+): (.+) \(\d+ s\)", line) for line in lines[::2]]
        ended = {
            found[1]: (found[2], closing.strip())
            for found, closing in zip(results, lines[1::2], strict=True)
        }
        return done.returncode, ended

    return run


PASSED = ("passed", "=== 3 passed in 1.00s ===")


def test_all_suites_are_in_both():
    named = re.findall(r"^(?:beside )?suite ([\w-]+)", CI.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == SUITES
    assert {*SUITES, "test-all", "test-servers"} == set(
        re.findall(r"^(test[\w-]*):", MAKEFILE, re.MULTILINE)
    )


def test_every_folder_of_tests_is_in_a_suite():
    beside = set(re.findall(r"--ignore tests/(\w+)", MAKEFILE))
    assert {f"test-{name}" for name in beside} < set(SUITES)
    assert all((ROOT / "tests" / name).is_dir() for name in beside)


def test_suites_that_pass(ci):
    assert ci() == (0, dict.fromkeys(SUITES, PASSED))


@pytest.mark.parametrize(
    ("how", "closing"), [("fails", "=== 1 failed in 2.00s ==="), ("breaks", "no such package")]
)
def test_a_suite_that_fails(ci, how, closing):
    expected = dict.fromkeys(SUITES, PASSED) | {"test": ("FAILED", closing)}
    assert ci(test=how) == (1, expected)


def test_a_race_may_be_lost_once(ci):
    again = ("passed, at the second try", PASSED[1])
    assert ci(test_faults="loses") == (0, dict.fromkeys(SUITES, PASSED) | {"test-faults": again})
    assert ci(test_faults="fails")[0] == 1
    assert ci(test="loses")[0] == 1


def test_a_suite_that_time_is_too_short_for(ci):
    status, ended = ci(CI_SECONDS="1", test="hangs")
    assert status == 1
    assert {how for how, _ in ended.values()} == {"FAILED: not done, the time is over"}
    assert {closing for _, closing in list(ended.values())[1:]} == {"not begun"}
