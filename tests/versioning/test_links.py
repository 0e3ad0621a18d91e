"""Results are no links into DVC's cache, whatever its settings say."""

import hashlib
import os
import time

import pytest

from tests.helpers.small_workflow import Small
from tools.versioning import links


@pytest.fixture
def linking(request, tmp_path):
    """A finished run in a repository where DVC makes links."""
    place = Small.begin(tmp_path / "repository")
    kind = getattr(request, "param", "symlink")
    assert place.dvc("config", "cache.type", kind).status == 0
    place.commit("Link")
    return place


def broken(place):
    """Return the objects of the cache with other bytes than those of their name."""
    objects = place.root.glob(".dvc/cache/files/md5/??/*")
    return [
        path
        for path in objects
        if hashlib.md5(path.read_bytes()).hexdigest() != f"{path.parent.name}{path.stem}"
    ]


@pytest.mark.parametrize("linking", ["symlink", "hardlink"], indirect=True)
def test_the_next_run_leaves_the_first_snapshot_alone(linking):
    before = {p: p.stat().st_mtime_ns for p in linking.root.glob("results/r/**/*.*")}
    linking.saved()
    assert linking.linked() == []
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert "Nothing to be done" in linking.left()
    for path in before:
        assert path.stat().st_mode & 0o200  # another user than root writes logs again

    linking.begin_with("2\n")

    assert broken(linking) == []
    linking.git("checkout", "--quiet", "HEAD~1")
    linking.restored("--force")
    assert (linking.root / "results/r/a.txt").read_text() == "1\n"
    assert "Nothing to be done" in linking.left()


def test_a_restore_replaces_the_links_of_dvc_checkout(linking):
    linking.saved()
    assert linking.dvc("checkout", "--relink", "--force", "results/r.dvc").status == 0
    assert linking.linked()  # as DVC leaves them

    linking.restored()

    assert linking.linked() == []
    assert "Nothing to be done" in linking.left()


def test_a_snapshot_replaces_the_links_of_an_earlier_one(linking):
    linking.saved()
    linking.dvc("checkout", "--relink", "--force", "results/r.dvc")
    # Its log was written through: as root, who may.
    log = linking.root / "results/r/logs/a.log"
    log.chmod(0o644)
    log.write_text("written through")
    [old] = broken(linking)

    told = linking.versions("snapshot", "--commit", "results/r").output

    assert "results were links, and are copies now" in told
    assert linking.linked() == []
    assert log.read_text() == "written through"
    assert broken(linking) == [old]  # of the first snapshot; a restore of it fetches it anew
    linking.git("checkout", "--quiet", "HEAD~1")
    linking.restored("--force")
    assert broken(linking) == []


def test_a_file_is_not_replaced_by_a_link_to_a_broken_object(linking):
    linking.saved()
    log = linking.root / "results/r/logs/a.log"
    text = log.read_text()
    md5 = hashlib.md5(text.encode()).hexdigest()
    place = linking.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    place.chmod(0o644)
    place.write_text("of a run that wrote through a link")
    place.chmod(0o444)
    (linking.root / "results/r/new.txt").write_text("so that DVC adds the folder again")

    linking.saved()

    assert log.read_text() == text
    assert place.read_text() == text


def test_a_target_that_is_a_file(linking):
    done = linking.versions("snapshot", "--commit", "results/r/a.txt", "results/r/b.txt")
    assert done.status == 0, done.output
    assert linking.linked() == []
    assert "Nothing to be done" in linking.left()


def test_links_to_elsewhere_stay(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "elsewhere").write_text("large")
    (tmp_path / "results/there").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "results/gone").symlink_to(tmp_path / "cache/gone")
    assert links.separate(tmp_path, ["results"], tmp_path / "cache") == []
    assert (tmp_path / "results/there").is_symlink()


def test_a_thousand_files_take_seconds(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "results").mkdir()
    for i in range(1000):
        (tmp_path / f"cache/{i}").write_bytes(bytes(20_000))
        os.link(tmp_path / f"cache/{i}", tmp_path / f"results/{i}")
    begin = time.process_time()
    assert len(links.separate(tmp_path, ["results"], tmp_path / "cache")) == 1000
    assert time.process_time() - begin < 5
