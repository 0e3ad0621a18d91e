"""The workflow in a folder of a larger repository."""

import pytest

from tests.helpers.clones import failed
from tests.helpers.small_workflow import Small


@pytest.mark.parametrize("dvc", [".", "projects/pruning"])
def test_a_folder_of_a_larger_repository(tmp_path, dvc):
    place = Small.begin(tmp_path / "mono", "projects/pruning", dvc)
    other = tmp_path / "mono/other.txt"
    other.write_text("not committed, and none of the workflow's business\n")

    place.saved()

    committed = place.git("show", "--name-only", "--format=").split()
    assert set(committed) >= {f"projects/pruning/{n}" for n in ("provenance.json", "results/r.dvc")}
    assert all(name.startswith("projects/pruning/") for name in committed)
    assert place.git("status", "--porcelain").split() == ["M", "other.txt"]
    place.git("clone", "--quiet", str(tmp_path / "mono"), str(tmp_path / "clone"))
    clone = Small(tmp_path / "clone/projects/pruning")
    clone.restored()
    assert "Nothing to be done" in clone.left()
    # From snapshot to snapshot, whose texts git is asked for.
    clone.begin_with("2\n")
    clone.saved()
    clone.git("checkout", "--quiet", "HEAD~2")
    clone.restored()
    assert (clone.root / "results/r/a.txt").read_text() == "1\n"
    assert "Nothing to be done" in clone.left()


def test_inputs_beside_the_folder_count(tmp_path):
    place = Small.begin(tmp_path / "mono", "pruning")
    snakefile = (place.root / "Snakefile").read_text()
    (place.root / "Snakefile").write_text(snakefile.replace('"in.txt"', '"../other.txt"'))
    place.begin_with("3\n")
    place.saved()
    (tmp_path / "mono/other.txt").write_text("changed\n")
    done = place.versions("snapshot", "results/r")
    failed(done, "uncommitted changes of ../other.txt")


def test_no_repository_and_no_dvc(tmp_path):
    place = Small.begin(tmp_path / "mono", "pruning")
    (tmp_path / "mono/.dvc").rename(tmp_path / "dvc")
    failed(place.versions("snapshot", "results/r"), "no .dvc here or above", "dvc init")
    (tmp_path / "mono/.git").rename(tmp_path / "git")
    failed(place.versions("snapshot", "results/r"), "is not in a git repository")
