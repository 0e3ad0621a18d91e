"""An input that was replaced by an older file makes its outputs old enough to be looked into."""

import base64
import json
import os
import time

import pytest

from prunescape.running import replaced_files

LONG = f"results/{120 * 'x'}/{120 * 'y'}.txt"


@pytest.fixture
def place(tmp_path):
    """Return a folder after a run: in.txt -> a.txt -> LONG, all made a minute ago."""
    _record(tmp_path, "a.txt", ["in.txt", "gone.txt"])
    _record(tmp_path, LONG, ["a.txt", "code.py"])
    for name in ("in.txt", "a.txt", "code.py", "other.txt", LONG):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name[:9])
    _set(tmp_path, **{"in.txt": -90, "code.py": -90, "a.txt": 60, LONG: 60})
    assert replaced_files.redate(tmp_path) == 0  # made after all inputs came
    return tmp_path


def _record(folder, output, inputs):
    name = base64.urlsafe_b64encode(output.encode()).decode()
    *before, last = [name[i : i + 254] for i in range(0, len(name), 254)]
    path = folder.joinpath(replaced_files.RECORDS, *(f"@{each}" for each in before), last)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"input": inputs}))


def _set(folder, **seconds):
    for name, after in seconds.items():
        os.utime(folder / name, (time.time() + after,) * 2)


def _before(folder, output):
    """Put the last look, and when an output was made, before all that happens now."""
    _set(folder, **{output: -60})
    known = json.loads((folder / replaced_files.LOOKED).read_text())
    (folder / replaced_files.LOOKED).write_text(json.dumps(known | {"looked": time.time() - 30}))


@pytest.mark.parametrize("by", ["rename", "in place", "link"])
def test_what_is_made_of_a_replaced_file_is_dated_before_it(place, by):
    _before(place, "a.txt")
    (place / "new.txt").write_text("9")
    _set(place, **{"new.txt": -5000})
    old = (place / "new.txt").stat().st_mtime
    if by == "rename":
        (place / "new.txt").rename(place / "in.txt")
    elif by == "in place":
        (place / "in.txt").write_text("9")
        os.utime(place / "in.txt", (old, old))
    else:
        (place / "in.txt").unlink()
        (place / "in.txt").symlink_to("new.txt")
        os.utime(place / "in.txt", (old, old), follow_symlinks=False)
    before = (place / LONG).stat().st_mtime
    assert replaced_files.redate(place) == 1
    assert (place / "a.txt").stat().st_mtime == pytest.approx(old - 1)
    assert (place / LONG).stat().st_mtime == before
    assert replaced_files.redate(place) == 0


def test_code_counts_and_what_jobs_make_does_not(place):
    _before(place, LONG)
    _set(place, **{"in.txt": -30, "code.py": -30})  # which Snakemake sees by itself
    _set(place, **{"a.txt": -90})
    assert replaced_files.redate(place) == 0
    _before(place, LONG)
    _set(place, **{"code.py": -90})
    assert replaced_files.redate(place) == 1
    _before(place, LONG)
    (place / "code.py").unlink()
    assert replaced_files.redate(place) == 0


def test_without_records_or_with_broken_ones_nothing_happens(tmp_path):
    assert replaced_files.redate(tmp_path) == 0
    _record(tmp_path, "a.txt", [])
    (tmp_path / replaced_files.RECORDS / "no base64!").write_text("{")
    (tmp_path / replaced_files.LOOKED).write_text("[]")
    assert replaced_files.redate(tmp_path) == 0
