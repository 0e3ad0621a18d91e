"""Paths in a user's home."""

import os

from prunescape.foundations import home


def test_a_home_in_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert home.expanded("~/a") == str(tmp_path / "a")
    assert home.expanded("~nobody_here/a") == "~nobody_here/a"
    assert home.expanded("a~b") == "a~b"
    (tmp_path / "~x").mkdir()
    assert home.expanded("~x") == "~x"
    assert os.environ["HOME"] == str(tmp_path)
