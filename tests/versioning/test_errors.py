"""What keeps a snapshot or a restore from going on is said in one line, and nothing is changed."""

import json
import shutil

import pytest
from snakemake.persistence import RECORD_FORMAT_VERSION

from tests.helpers.clones import content, failed
from tests.helpers.workplace import RUN
from tools.versioning import records


def test_the_format_of_records_is_the_one_of_the_installed_snakemake():
    assert records.FORMAT == RECORD_FORMAT_VERSION


def test_help(ran):
    done = ran.versions("--help")
    assert done.status == 0
    for command in ("snapshot", "restore", "status"):
        assert f"\n    {command}  " in done.output
        assert ran.versions(command, "--help").status == 0


# Snapshots.


def test_no_records(unsaved):
    shutil.rmtree(unsaved.root / ".snakemake")
    failed(unsaved.snapshot(), "no .snakemake/metadata here")


def test_records_in_a_database(unsaved):
    shutil.rmtree(unsaved.root / ".snakemake")
    (unsaved.root / ".snakemake").mkdir()
    (unsaved.root / ".snakemake" / "metadata.db").touch()
    failed(unsaved.snapshot(), "in a database")


def test_another_format_of_records(unsaved):
    [path, *_] = (unsaved.root / ".snakemake" / "metadata").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | {"record_format_version": 5}), encoding="utf-8")
    failed(unsaved.snapshot(), "format 5, expected 6")


def test_a_run_in_progress(unsaved):
    locks = unsaved.root / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").touch()
    failed(unsaved.snapshot(), "--unlock")


def test_an_incomplete_output(unsaved):
    name = f"{RUN}/scores.parquet"
    place = records._place(unsaved.root, "metadata", name)
    shutil.copy2(place, unsaved.root / ".snakemake" / "incomplete" / place.name)
    failed(unsaved.snapshot(), name, "incomplete")


def test_a_missing_target(unsaved):
    failed(unsaved.versions("snapshot", "results/other"), "results/other is not there")


def test_a_target_that_no_job_made(unsaved):
    failed(unsaved.versions("snapshot", "docs" if (unsaved.root / "docs").exists() else "envs"))


def test_a_target_elsewhere(unsaved):
    failed(unsaved.versions("snapshot", "../elsewhere"), "does not lie below")


def test_a_dirty_tree(unsaved):
    unsaved.append("workflow/prunescape/pruning/selection.py", "# A comment.")
    failed(unsaved.snapshot(), "uncommitted changes of workflow/prunescape/pruning/selection.py")
    assert unsaved.pointers() == {}


def test_an_input_that_is_not_in_git(unsaved):
    unsaved.git("rm", "--quiet", "--cached", "workflow/scripts/score.py")
    unsaved.git("commit", "--quiet", "--message", "Forget a script")
    failed(unsaved.snapshot(), "workflow/scripts/score.py, which neither git nor DVC has")


def test_no_repository(unsaved):
    shutil.rmtree(unsaved.root / ".git")
    failed(unsaved.snapshot(), "is not in a git repository")


def test_no_dvc(unsaved):
    shutil.rmtree(unsaved.root / ".dvc")
    failed(unsaved.snapshot(), "dvc init")


def test_a_snapshot_without_a_commit(unsaved):
    done = unsaved.snapshot()
    assert done.status == 0, done.output
    assert "git add" in done.output
    assert unsaved.versions("restore").status == 0


# Restores.


def test_no_remote(fresh):
    failed(fresh.versions("restore"), "no remote is set", "STORE of make")
    assert content(fresh.root / "data") == {
        name: text
        for name, text in content(fresh.root / "data").items()
        if "safetensors." in name or name.endswith((".dvc", ".md"))
    }


def test_a_folder_that_is_not_there(fresh, tmp_path):
    failed(fresh.versions("restore", "--store", str(tmp_path / "nowhere")), "is gone")
    assert not (tmp_path / "nowhere").exists()


def test_no_provenance(fresh):
    (fresh.root / "provenance.json").unlink()
    failed(fresh.versions("restore"), "no provenance.json here")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<<<<<<< HEAD\n", "not a JSON file"),
        ("{}", "not a provenance file"),
        ('{"format": 2, "outputs": {}}', "format 2, expected 1"),
    ],
)
def test_a_provenance_that_cannot_be_read(fresh, text, words):
    (fresh.root / "provenance.json").write_text(text, encoding="utf-8")
    failed(fresh.versions("restore"), words)


def test_a_pointer_that_cannot_be_read(fresh):
    (fresh.root / "results" / "tiny.dvc").write_text("<<<<<<< HEAD\n", encoding="utf-8")
    failed(fresh.versions("restore"), "results/tiny.dvc: not a pointer")


def test_an_unknown_target(fresh):
    failed(fresh.versions("restore", "results/other"), "results/other is not under DVC")


def test_a_pointer_without_records_is_left_to_dvc(restored):
    # As that of a data set which this run didn't use, and nobody here has.
    other = restored.root / "data" / "other"
    other.mkdir()
    pointer = (restored.root / "data" / "digits" / "raw.dvc").read_text(encoding="utf-8")
    (other / "raw.dvc").write_text(pointer.replace("8b6e", "0000"), encoding="utf-8")

    assert restored.versions("restore").status == 0
    failed(restored.versions("restore", "data/other"), "dvc pull")
