"""A clone that restores a snapshot has nothing to do, and reruns exactly what an edit touches."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.helpers.clones import content
from tests.helpers.expected_jobs import EVALUATE, FIT, FIT_VI, PRUNE, REPORT, VERDICTS
from tests.helpers.workplace import RUN, counts
from tools.versioning import records

VI = f"{RUN}/graves/digits/logistic/vi/r1-2"
LEVEL = {"prune": 1, "overlap": 1, "evaluate": 3, **REPORT}


def fits(config):
    return config["catalogue"]["graves"]["fits"]


def arms(config):
    return config["catalogue"]["graves"]["arms"]


def noise(config):
    return config["catalogue"]["graves"]["noise"]


def kl_weight(config):
    fits(config)["vi"]["objective"] = {"kl": {"weight": 0.5}}


# Nothing to do.


def test_a_clone_has_everything_and_nothing_to_do(author, colleague):
    assert colleague.planned() == []
    assert content(colleague.root / "results") == content(author.root / "results")
    # Logs of the jobs that bring data say nothing of the data, and differ from clone to clone.
    there = content(author.root / "data")
    assert content(colleague.root / "data") == {
        name: text
        for name, text in there.items()
        if not {"logs", "benchmarks"} & set(Path(name).parts)
    }


def test_the_author_has_nothing_to_do_either(author):
    assert author.planned() == []
    assert author.git("status", "--porcelain") == ""


def test_a_clone_with_other_times(restored):
    # Whatever was checked out last, and in whatever order.
    for number, name in enumerate(sorted(restored.files("workflow"))):
        os.utime(restored.root / name, (2_000_000_000 - number, 2_000_000_000 - number))

    assert restored.planned() == []


def test_without_a_restore_a_change_goes_unnoticed_and_is_named(fresh, author):
    # Why there is a restore: this is what DVC alone gives.
    shutil.copytree(author.root / ".dvc" / "cache", fresh.root / ".dvc" / "cache")
    assert fresh.dvc("checkout").status == 0
    # In which order files land is chance; at best all jobs' outputs are newer than their inputs.
    now = time.time()
    for path in [*fresh.root.glob("data/**/*"), *fresh.root.glob("results/**/*")]:
        os.utime(path, (now, now))
    fresh.edit(lambda config: fits(config)["vi"]["optimiser"].update(learning_rate=0.02))
    assert fresh.planned() == []

    status = fresh.versions("status")
    again = fresh.snapshot()

    assert status.status == 1
    assert "pulled without a restore" in status.output
    assert again.status == 1
    assert "pulled without their records" in again.output
    assert fresh.versions("restore").status == 0
    assert fresh.versions("status").status == 0
    assert counts(fresh.planned()) == FIT_VI


def test_a_restore_twice(restored):
    before = {path: path.stat().st_mtime_ns for path in (restored.root / RUN).rglob("*")}

    done = restored.versions("restore")

    assert done.status == 0, done.output
    assert before == {path: path.stat().st_mtime_ns for path in (restored.root / RUN).rglob("*")}
    assert restored.planned() == []


def test_outputs_deleted_and_restored(restored):
    shutil.rmtree(restored.root / "results" / "tiny")

    done = restored.versions("restore")

    assert done.status == 0, done.output
    assert restored.planned() == []


# Settings.


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: fits(c)["vi"]["optimiser"].update(learning_rate=0.02), FIT_VI),
        (kl_weight, FIT_VI),
        (lambda c: noise(c)[1]["levels"].append("0.60"), {"evaluate": 3, **REPORT}),
        (lambda c: arms(c)[0]["levels"].append("0.98"), LEVEL),
        (
            lambda c: c["replicates"].append(1),
            FIT,
        ),
    ],
    ids=["learning rate", "KL weight", "noise", "a level", "replicates"],
)
def test_a_changed_setting(restored, change, expected):
    restored.edit(change)

    assert counts(restored.planned()) == expected


def test_a_changed_setting_before_the_restore(fresh, shared):
    fresh.edit(lambda config: fits(config)["vi"]["optimiser"].update(learning_rate=0.02))

    done = fresh.versions("restore", "--store", str(shared / "store"))

    assert done.status == 0, done.output
    assert counts(fresh.planned()) == FIT_VI


# Bytes.


def test_other_data(restored):
    path = restored.root / "data" / "digits" / "test.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert counts(restored.planned()) == EVALUATE


SCORE = {"score": 3, **PRUNE}
CODE = [("scripts/score.py", SCORE), ("prunescape/evaluation/metrics.py", EVALUATE)]


@pytest.mark.parametrize(("name", "expected"), CODE)
def test_a_script_or_module_edited_after_the_restore(restored, name, expected):
    restored.append(f"workflow/{name}", "# A comment.")

    assert counts(restored.planned()) == expected


@pytest.mark.parametrize(
    ("name", "expected", "old"),
    [(*CODE[0], False), (*CODE[1], True)],
    ids=["a script, now", "a module, before the run"],
)
def test_a_script_or_module_edited_before_the_restore(fresh, shared, name, expected, old):
    path = f"workflow/{name}"
    fresh.append(path, "# A comment.")
    if old:
        # In a clone that is older than the run: Snakemake would not look into the file.
        os.utime(fresh.root / path, (1_000_000_000, 1_000_000_000))

    done = fresh.versions("restore", "--store", str(shared / "store"))

    assert done.status == 0, done.output
    assert counts(fresh.planned()) == expected
    assert fresh.versions("status").status == 0


# What is here and not the snapshot's.


def test_a_newer_result_is_not_overwritten(restored):
    table = restored.root / RUN / "claims.csv"
    table.write_text(table.read_text(encoding="utf-8") + "another,row\n", encoding="utf-8")
    added = restored.root / VI / "prune" / "exact_k" / "0.98" / "masks.safetensors"
    added.parent.mkdir()
    added.write_bytes(b"of a level that the snapshot doesn't have")
    made = records.read(restored.root, f"{VI}/prune/exact_k/0.90/masks.safetensors")
    records.write(restored.root, str(added.relative_to(restored.root)), made)
    before = content(restored.root / "results")

    done = restored.make("restore")

    assert done.status == 2  # of make
    assert "2 files here are in no snapshot and would be lost" in done.output
    assert f"{RUN}/claims.csv" in done.output
    assert "FORCE=1" in done.output
    assert content(restored.root / "results") == before

    forced = restored.make("restore", "FORCE=1")
    assert forced.status == 0, forced.output
    assert not added.exists()
    assert restored.planned() == []


def test_what_no_job_made_stays(restored):
    # Nothing that one makes of a run, or writes beside it, keeps a restore from it.
    done = restored.make("report")
    assert done.status == 0, done.output
    report, notes = (restored.root / RUN / name for name in ("report.html", "graves/notes.txt"))
    notes.write_text("a thought", encoding="utf-8")
    (restored.root / RUN / "claims.csv").unlink()
    before = report.read_bytes()

    done = restored.make("restore")
    assert done.status == 0, done.output
    assert "left where they are, in no snapshot: " in done.output
    assert restored.planned() == []

    (restored.root / RUN / "claims.csv").write_text("another,table\n", encoding="utf-8")
    assert restored.make("restore").status == 2  # of make
    forced = restored.make("restore", "FORCE=1")
    assert forced.status == 0, forced.output
    assert restored.planned() == []
    assert report.read_bytes() == before
    assert notes.read_text(encoding="utf-8") == "a thought"


def test_a_newer_record_of_the_same_bytes_is_kept(restored):
    # A job that was run again here for an edit that changed none of its bytes.
    restored.append("workflow/prunescape/report/published_results.py", "# A comment.")
    target = f"{RUN}/published.csv"
    assert restored.snakemake(target).status == 0
    shutil.rmtree(restored.root / RUN / "logs")
    shutil.rmtree(restored.root / RUN / "benchmarks")
    (restored.root / RUN / "environment.json").unlink()

    done = restored.versions("restore")
    assert done.status == 0, done.output
    assert "1 were made again here" in done.output
    assert counts(restored.planned()) == {"figure": VERDICTS["figure"]}

    forced = restored.versions("restore", "--force")
    assert forced.status == 0, forced.output
    assert counts(restored.planned()) == {"compare_published": 1, "figure": VERDICTS["figure"]}


def test_an_output_that_is_not_what_the_provenance_says(fresh, shared):
    # Pointer and provenance of different commits, as after half a merge.
    file = fresh.root / "provenance.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    output = f"{VI}/fit_variational/checkpoint.safetensors"
    known["outputs"][output]["sha256"] = "0" * 64
    file.write_text(json.dumps(known), encoding="utf-8")

    done = fresh.versions("restore", "--store", str(shared / "store"))

    assert done.status == 1
    assert f"not confirmed, to be computed again: {output}" in done.output
    assert done.output.count("not confirmed") == 1
    assert not (fresh.root / output).exists()
    assert counts(fresh.planned()) == FIT_VI


def test_a_mark_of_a_killed_job_is_taken_away(restored):
    for path in (restored.root / ".snakemake" / "metadata").iterdir():
        shutil.copy2(path, restored.root / ".snakemake" / "incomplete" / path.name)
    assert restored.planned() != []

    assert restored.versions("restore").status == 0

    assert restored.planned() == []


def test_a_part(fresh, shared):
    done = fresh.versions("restore", "--store", str(shared / "store"), "data/digits")

    assert done.status == 0, done.output
    assert not (fresh.root / RUN).exists()
    planned = counts(fresh.planned())
    assert not {"download_digits", "prepare"} & set(planned)
    assert planned["fit_variational"] == 3
