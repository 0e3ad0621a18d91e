"""What make hands on, whom it calls, and what it changes: no run is started."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import made_up
from tests.helpers.places import ROOT

sys.path.insert(0, str(ROOT / "workflow" / "commands"))

import environments
import make
from prunescape.running import surroundings

ODD = [
    "a b",
    "it's",
    'a"b',
    "a;touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "$(shell touch pwned)",
]
ODD += ["(a)", "ü", "a&b", "a#b", "$HOME", "%s", "a\\b", "*", "-n"]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """The Makefile with a stand-in for Python, which tells what it was called with."""
    (tmp_path / "workflow" / "commands").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", tmp_path)
    told = "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ)]))"
    (tmp_path / "workflow" / "commands" / "enter.py").write_text(told)
    for name in list(os.environ):
        if name.startswith(("PRUNESCAPE_", "MAKE", "MFLAGS")):
            monkeypatch.delenv(name)
    return tmp_path


def called(clone, *arguments, **environment):
    """Return what make's Python got: its arguments, and its variables."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "name", ["CONFIG", "STUDIES", "DIRECTORY", "STORE", "REV", "VENV", "PRUNESCAPE_STORE"]
)
def test_a_setting_arrives_as_it_was_typed(clone, name, value):
    arguments, environment = called(clone, "snapshot", f"{name}={value}")
    assert environment[f"PRUNESCAPE_{name.removeprefix('PRUNESCAPE_')}"] == value
    assert arguments[1:] == ["versions", "python", "workflow/commands/make.py", "snapshot"]
    assert not (clone / "pwned").exists()


def test_the_environment_is_heard_under_long_names_alone(clone):
    _, environment = called(clone, "run", CONFIG="a", PRUNESCAPE_REV="$(x)", PRUNESCAPE_CORES="3")
    assert "PRUNESCAPE_CONFIG" not in environment
    assert environment["PRUNESCAPE_REV"] == "$(x)"
    _, environment = called(clone, "run", "CORES=2", PRUNESCAPE_CORES="3", CORES="4")
    assert environment["PRUNESCAPE_CORES"] == "2"


def test_a_python_that_is_not_there(clone):
    done = subprocess.run(
        ["make", "run", "PYTHON=none here"], cwd=clone, capture_output=True, text=True
    )
    assert done.stderr.splitlines()[0] == (
        "make: PYTHON: found no command none here; needed: Python >= 3.11"
    )


def test_a_setting_that_is_spelled_wrong_reaches_the_check(clone):
    for typed in ("CONFGI=a b.yaml", "CONFGI=$(x) CONFIG=y"):
        _, environment = called(clone, "run", typed, "CORES=2")
        [line] = surroundings.misspelled(environment)
        assert line == "found CONFGI, which is no setting; perhaps CONFIG is meant"


def test_every_target_is_known(clone):
    for target in make.TARGETS:
        arguments, _ = called(clone, target)
        assert arguments[-1] == target


CONFIGS = {
    "plain": (b"run: mini\n", "mini"),
    "quoted": (b'run: "mini"\n', "mini"),
    "single quotes and a comment": (b"run: 'mini' # it\n", "mini"),
    "a byte order mark": (b"\xef\xbb\xbfrun: mini\n", "mini"),
    "JSON": (b'{"seed": 1, "run": "mini"}', "mini"),
    "JSON over lines": (b'{\n  "run":\n "mini"}', "mini"),
    "a block": (b"run: >-\n  mini\n", "mini"),
    "an anchor": (b"x: &name mini\nrun: *name\n", "mini"),
    "a flow": (b"{run: mini, seed: 2}", "mini"),
    "CRLF": (b"run: mini\r\nseed: 1\r\n", "mini"),
    "indented elsewhere": (b"other:\n  run: wrong\nrun: mini\n", "mini"),
    "no name": (b"seed: 1\n", "default"),
}


@pytest.mark.parametrize(("text", "name"), CONFIGS.values(), ids=CONFIGS)
def test_the_name_of_a_run(tmp_path, text, name):
    (tmp_path / "a.yaml").write_bytes(text)
    assert make.run_name([str(tmp_path / "a.yaml")]) == name


@pytest.mark.parametrize("text", ["run: [a]", "run: 5", "run: ../a", "run: ''", "run: null"])
def test_a_name_that_is_none(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^run: found .*; allowed: a name of letters"):
        make.run_name([str(tmp_path / "a.yaml")])


def test_the_last_file_that_has_a_name_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a b.yaml").write_text("run: first\n")
    Path("c.yaml").write_text("run: second\n")
    Path("d.yaml").write_text("seed: 1\n")
    files = make.config_files("'a b.yaml' c.yaml d.yaml")
    assert files == ["a b.yaml", "c.yaml", "d.yaml"]
    assert make.run_name(files) == "second"
    assert make.config_files("a b.yaml") == ["a b.yaml"]
    with pytest.raises(
        ValueError, match=r"^nope\.yaml: no such file; names with blanks are quoted"
    ):
        make.run_name(make.config_files("nope.yaml c.yaml"))
    with pytest.raises(ValueError, match=r"^CONFIG: found .*No closing quotation"):
        make.config_files("'a b.yaml")


def test_studies_are_picked_by_their_names(tmp_path, monkeypatch):
    assert make.picked_studies("", []) == make.picked_studies(" ", []) == []
    assert make.picked_studies(" k_winners graves\tgraves ", []) == ["k_winners", "graves"]
    (tmp_path / "a.yaml").write_text("studies: [mine, other]\n")
    (tmp_path / "b.yaml").write_text("run: b\n")
    files = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    assert make.picked_studies("other", files) == ["other"]
    for text, message in (
        ("min", "found 'min', perhaps mine is meant; allowed: names of studies that are run, "),
        ("mine,other", "found 'mine,other'.*; allowed: .* separated by blanks: mine, other$"),
        ("graves", "found 'graves'; allowed"),
        ("$(touch pwned)", r"found '\$\(touch'; allowed"),
    ):
        with pytest.raises(ValueError, match=f"^STUDIES: {message}"):
            make.picked_studies(text, files)
    monkeypatch.setenv("PRUNESCAPE_STUDIES", "magnitude graves")
    assert make.Settings().snakemake()[-2:] == ["--config", 'only=["magnitude", "graves"]']
    monkeypatch.delenv("PRUNESCAPE_STUDIES")
    assert "--config" not in make.Settings().snakemake()


def test_verdicts_are_printed_with_their_reasons(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRUNESCAPE_DIRECTORY", str(tmp_path))
    settings = make.Settings()
    with pytest.raises(ValueError, match=r"claims\.csv is not there; needed: a finished run"):
        make.verdicts(settings)
    settings.results.mkdir(parents=True)
    made_up.verdicts().to_csv(settings.results / "claims.csv", index=False)
    make.verdicts(settings)
    printed = capsys.readouterr().out
    assert printed.startswith("1 holds, 1 not tested\ng1     holds")
    assert "it is so" in printed


@pytest.fixture
def venv(tmp_path, monkeypatch):
    folder = tmp_path / "an env"
    monkeypatch.setenv("PRUNESCAPE_VENV", str(folder))
    monkeypatch.delenv("PRUNESCAPE_USE_VENV", raising=False)
    monkeypatch.setattr(
        environments, "subprocess_or_line", lambda command: pytest.fail(str(command))
    )
    return folder


def test_a_folder_that_make_has_not_made_stays_as_it_is(venv):
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    with pytest.raises(ValueError, match=r"^VENV=.*: make has not made it, so it stays$"):
        environments.clean()
    with pytest.raises(ValueError, match=r"^VENV=.*: make has not made it and won't install"):
        environments.entered("run")
    assert [path.name for path in venv.iterdir()] == ["pyvenv.cfg"]


@pytest.mark.parametrize("mark", [[environments.MARK], ["pyvenv.cfg", "run.done"]])
def test_an_environment_that_make_has_made_is_removed(venv, mark):
    venv.mkdir()
    for name in mark:
        (venv / name).touch()
    environments.clean()
    assert not venv.exists()
    environments.clean()


def test_of_a_link_to_an_environment_the_link_is_removed(venv, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / environments.MARK).touch()
    venv.symlink_to(tmp_path / "real")
    environments.clean()
    assert not venv.is_symlink()
    assert (tmp_path / "real" / environments.MARK).exists()


def test_an_environment_is_made_once(venv, monkeypatch):
    ran = []

    def run(command):
        ran.append(command[2:4])
        if command[2] == "venv":
            (venv / "bin").mkdir()
            (venv / "pyvenv.cfg").touch()
            (venv / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(environments, "subprocess_or_line", run)
    for _ in range(2):
        assert environments.entered("versions") == venv
        assert ran == [["venv", str(venv)], ["pip", "install"], ["pip", "install"]]
    (venv / "bin" / "python").unlink()
    with pytest.raises(ValueError, match="its Python is gone; `make clean` removes it"):
        environments.entered("run")


def test_an_environment_of_before_there_was_a_mark_is_taken(venv, monkeypatch):
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name in ("pyvenv.cfg", "run.done"):
        (venv / name).touch()
    pins = environments.pins(ROOT / "constraints.txt")
    monkeypatch.setattr(environments, "installed", lambda _: dict(pins))
    assert environments.entered("run") == venv


def test_an_environment_that_is_used_as_it_is(tmp_path, monkeypatch, capsys):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PRUNESCAPE_USE_VENV", str(tmp_path))
    pins = environments.pins(ROOT / "constraints.txt") | {"torch": "1.0", "numpy": "0.1"}
    del pins["pandera"]
    monkeypatch.setattr(environments, "installed", lambda _: pins)
    assert environments.entered("run") == tmp_path
    [line] = capsys.readouterr().err.splitlines()
    assert "lacks pandera; differs from constraints.txt in numpy 0.1 (named: " in line
    assert "torch 1.0 (named: " in line
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
    del pins["snakemake"]
    with pytest.raises(ValueError, match=r"^USE_VENV=.* lacks snakemake, pandera; differs"):
        environments.entered("run")
    with pytest.raises(ValueError, match="make has not made it and won't remove it"):
        environments.clean()
    monkeypatch.setenv("PRUNESCAPE_USE_VENV", str(tmp_path / "bin"))
    with pytest.raises(ValueError, match=r"^USE_VENV=.*: found no bin/python there$"):
        environments.entered("run")


def test_names_and_versions_of_packages():
    assert "dvc" in environments.names(ROOT / "requirements-versions.txt")
    assert environments.normal("snakemake_Logger.plugin-rich") == "snakemake-logger-plugin-rich"


def test_a_python_that_is_too_old_is_told_so(tmp_path, monkeypatch):
    import enter

    # An environment that is named would be started instead, in place of this process.
    monkeypatch.delenv("PRUNESCAPE_USE_VENV", raising=False)
    monkeypatch.setenv("PRUNESCAPE_VENV", str(tmp_path))
    monkeypatch.setattr(enter.sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"^make: .* needed: Python >= 3\.11, named by PYTHON="):
        enter.main()


def test_a_profile_says_how_many_cores_there_are(monkeypatch):
    plain = make.Settings().snakemake("--dry-run")
    assert plain[3:] == ["--cores", "all", "--dry-run"]
    monkeypatch.setenv("PRUNESCAPE_PROFILE", "profiles/slurm")
    assert make.Settings().snakemake("--dry-run")[3:] == ["--profile=profiles/slurm", "--dry-run"]
    monkeypatch.setenv("PRUNESCAPE_CORES", "3")
    assert make.Settings().snakemake()[3:] == ["--profile=profiles/slurm", "--cores", "3"]


@pytest.mark.parametrize("cores", ["0", "-1", "two", "٣", "9" * 20, "1.5", " 2"])
def test_a_wrong_number_of_cores_is_named(monkeypatch, cores):
    monkeypatch.setenv("PRUNESCAPE_CORES", cores)
    with pytest.raises(ValueError, match=r"^CORES: found '.*'; allowed: all, or 1 \.\. 99999$"):
        make.Settings()


def test_a_file_is_no_folder_for_a_run(monkeypatch):
    monkeypatch.setenv("PRUNESCAPE_DIRECTORY", str(ROOT / "README.md"))
    with pytest.raises(ValueError, match=r"^DIRECTORY: found '.*README\.md', a file; allowed: a f"):
        make.Settings()


def test_a_python_that_does_not_start_is_not_told_as_missing_packages(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Fatal Python error: config' >&2\necho more >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(ValueError, match=r"python doesn't start: Fatal Python error: config$"):
        environments.installed(python)
