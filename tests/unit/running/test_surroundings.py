"""What variables and folders of a machine do to a run: cleared, replaced, or told."""

import os
import re
import subprocess
import sys

import pytest

from prunescape.running import surroundings


@pytest.mark.parametrize("word", ["1", "yes", "True", " on "])
def test_a_yes(monkeypatch, word):
    monkeypatch.setenv("PRUNESCAPE_FORCE", word)
    assert surroundings.agreed("FORCE")


@pytest.mark.parametrize("word", [None, "", "0", "no", "FALSE", "off"])
def test_a_no(monkeypatch, word):
    monkeypatch.delenv("PRUNESCAPE_FORCE", raising=False)
    if word is not None:
        monkeypatch.setenv("PRUNESCAPE_FORCE", word)
    assert not surroundings.agreed("FORCE")


@pytest.mark.parametrize("word", ["maybe", "2", "4c1d3f", "-"])
def test_another_word(monkeypatch, word):
    monkeypatch.setenv("PRUNESCAPE_FORCE", word)
    with pytest.raises(ValueError, match=rf"^FORCE: found '{word}'; allowed: 1, yes, .*, no"):
        surroundings.agreed("FORCE")


def test_bare_names_are_not_taken(monkeypatch):
    monkeypatch.delenv("PRUNESCAPE_CONFIG", raising=False)
    monkeypatch.setenv("CONFIG", "a.yaml")
    assert surroundings.given("CONFIG") == ""
    assert surroundings.ignored(("CONFIG", "REV")) == ["CONFIG"]
    monkeypatch.setenv("PRUNESCAPE_CONFIG", "")  # said to make, and empty
    assert surroundings.ignored(("CONFIG",)) == []


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (" -- CONFGI=a.yaml", ["CONFGI, which is no setting; perhaps CONFIG is meant"]),
        ("n -j4 -- config=a CORE=2", ["config, which .* CONFIG is", "CORE, which .* CORES is"]),
        (" -- CONFIG_FILE:=a", ["CONFIG_FILE, which is no setting; perhaps CONFIG is meant"]),
        (" -- PRUNESCAPE_CONFIGS=a", ["PRUNESCAPE_CONFIGS, which is no setting; perhaps CONFIG"]),
        (r" -- CONFIG=a\ CONFGI=b CORES=2 PRUNESCAPE_REV=c", []),
        (" -- CUDA_VISIBLE_DEVICES=0 PYTHONPATH=x PYTEST_ADDOPTS=-x OMP_NUM_THREADS=1", []),
        ("", []),
    ],
)
def test_a_setting_that_is_spelled_wrong(flags, names):
    found = surroundings.misspelled({"MAKEFLAGS": flags, "PRUNESCAPE_ENTERED": "1", "CONFGI": "x"})
    assert len(found) == len(names)
    for line, name in zip(found, names, strict=True):
        assert re.match(f"found {name}", line)


def test_what_changes_python_and_pip_is_cleared():
    names = (*surroundings.PYTHON, *surroundings.PIP, *surroundings.GIT)
    environment = dict.fromkeys(names, "x") | {"HOME": "/h"}
    [line] = surroundings.clear(environment)
    assert "PYTHONPATH" in line
    assert "PYTHONHOME" in line
    assert environment == {"HOME": "/h", "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    assert surroundings.clear({"PYTHONSAFEPATH": "1"}) == []
    environment = {"SNAKEMAKE_PROFILE": "/somewhere"}
    assert surroundings.clear(environment) == [
        "not used: SNAKEMAKE_PROFILE; make has PROFILE=<folder>"
    ]
    assert "SNAKEMAKE_PROFILE" not in environment


def test_sets_of_text_have_one_order_in_all_jobs():
    environment = {**os.environ, "PYTHONHASHSEED": "7", "GIT_DIR": "/elsewhere"}
    surroundings.clear_for_jobs(environment)
    printed = [sys.executable, "-c", "print({'ReLU', 'Tanh', 'GELU', 'SiLU', 'ELU'})"]
    orders = {subprocess.check_output(printed, env=environment) for _ in range(3)}
    assert len(orders) == 1
    assert "GIT_DIR" not in environment


def test_a_folder_that_the_path_cannot_hold(tmp_path):
    surroundings.check_on_path(tmp_path / "a b {c} 'd\" (é)", "VENV")
    with pytest.raises(ValueError, match=r"^VENV: found a ':' in .*, which PATH can't hold; allow"):
        surroundings.check_on_path(tmp_path / "a:b", "VENV")


@pytest.mark.parametrize("home", ["/proc/nobody", "/dev/null"])
def test_a_home_that_cannot_be_written_to(tmp_path, monkeypatch, home):
    environment = {"HOME": home}
    monkeypatch.setenv("HOME", home)
    assert str(tmp_path) in surroundings.find_cache(tmp_path, environment)
    assert environment["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake" / "cache")


def test_a_cache_that_can_be_written_to_stays(tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert surroundings.find_cache(tmp_path, environment) == ""
    assert environment == {"XDG_CACHE_HOME": str(tmp_path / "cache")}
