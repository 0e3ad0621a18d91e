"""What a run was made with, and what isn't known of it."""

import json
import os
import subprocess
import sys

import numpy

from prunescape.running import environment


def test_what_is_known_of_a_machine_where_programs_hang(tmp_path, monkeypatch):
    for name in ("nvidia-smi", "git"):
        (tmp_path / name).write_text("#!/bin/sh\nsleep 60\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(environment, "LIMIT", 0.2)
    record = environment.record({"run": "a"}, tmp_path)
    assert record["config"] == {"run": "a"}
    assert record["python"] == sys.version.split()[0]
    assert record["gpus"] == []
    assert record["git"] == {"commit": None, "changed": None}


def git(folder, *words):
    """Run git in a folder, whatever the user's settings."""
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = ["git", "-C", folder, *settings, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_what_a_run_was_made_with(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "LIMIT", 60)
    monkeypatch.setattr(environment, "GPUS", ("printf", "A, 1\\nB, 2\\n"))
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "a")
    (tmp_path / "new.txt").touch()
    record = environment.record({"run": "a"}, tmp_path)
    assert record["packages"] == {"numpy": numpy.__version__, "no-such-package": None}
    assert record["gpus"] == ["A, 1", "B, 2"]
    assert record["git"] == {
        "commit": git(tmp_path, "rev-parse", "HEAD"),
        "changed": ["?? new.txt"],
    }
    assert (record["mkl_cbwr"], record["cores"]) == ("COMPATIBLE", os.cpu_count())
    assert json.loads(json.dumps(record)) == record


def test_a_folder_without_changes_is_told_from_one_that_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "LIMIT", 60)
    git(tmp_path, "init", "-q")
    assert environment.record({}, tmp_path)["git"] == {"commit": None, "changed": []}
