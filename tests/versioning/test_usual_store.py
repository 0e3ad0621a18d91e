"""Where bytes are shared if nobody names a folder: other clones of the user find them."""

import pytest

from tests.helpers.clones import failed
from tests.helpers.small_workflow import Small
from tools.versioning import store


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A finished run, and a folder of caches of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return Small.begin(tmp_path / "repository")


def clone(place, name="clone"):
    place.git("clone", "--quiet", str(place.root), str(place.root.parent / name))
    return Small(place.root.parent / name)


def test_another_clone_finds_what_no_store_was_named_for(place, tmp_path):
    told = place.saved().splitlines()
    usual = tmp_path / "caches" / "prunescape" / "store"
    assert f"pushing to store ({usual})" in told
    [line] = [line for line in told if "STORE of make" in line]
    assert "to share it with others" in line
    assert str(tmp_path) not in place.git("grep", "-h", "", "HEAD", "--", ".dvc")
    assert "verify = true" in (place.root / ".dvc/config.local").read_text()

    other = clone(place)
    other.restored()
    assert "Nothing to be done" in other.left()

    # Who empties the folder of caches loses no snapshot that a clone has.
    usual.rename(tmp_path / "gone")
    other.restored()
    place.saved()
    assert usual.is_dir()
    clone(place, "third").restored()


def test_a_named_folder_and_a_default_remote_win(place, tmp_path):
    place.saved("--store", str(tmp_path / "named"))
    assert not (tmp_path / "caches/prunescape").exists()
    other = clone(place)
    failed(other.versions("restore"), "no remote is set", "STORE of make")
    other.dvc("remote", "add", "--default", "ours", str(tmp_path / "named"))
    assert "fetching from ours" in other.restored()
    assert "pushing to ours" in other.versions("snapshot", "results/r").output
    assert not (tmp_path / "caches/prunescape").exists()


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_added(place, tmp_path):
    (tmp_path / "caches").mkdir(exist_ok=True)
    (tmp_path / "caches/prunescape").write_text("a file\n")
    failed(place.versions("snapshot", "results/r"), "can't be made", "STORE of make")
    assert not (place.root / "results/r.dvc").exists()


def test_a_relative_folder_of_caches_counts_as_none(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        assert store.usual_store() == tmp_path / ".cache" / "prunescape" / "store"
