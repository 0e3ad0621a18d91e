"""What a run was made with, and what isn't known of it."""

import sys

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
