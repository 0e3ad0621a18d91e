"""Each edit of a finished run reruns exactly the jobs that depend on it."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from tests.helpers.expected_jobs import (
    EVALUATE,
    FIT,
    FIT_VI,
    JUDGE,
    NETWORK,
    PRUNE,
    REPORT,
    SCORE,
    SCORE_VI,
    VERDICTS,
    VI,
)
from tests.helpers.workplace import LIMIT, RUN, Job, Workplace, child, counts, end, snakemake


def outputs(planned: Iterable[Job], rule: str, folder: str = NETWORK) -> set[str]:
    """Return the first outputs of a rule's jobs, relative to a folder that all must be in."""
    names = [job.outputs[0] for job in planned if job.rule == rule]
    assert all(name.startswith(f"{folder}/") for name in names), names
    return {name.removeprefix(f"{folder}/") for name in names}


def models(planned: Iterable[Job]) -> set[str]:
    """Return the fits and blocks of replicates that have jobs, such as vi/r1-2."""
    below = [job.outputs[0].removeprefix(f"{NETWORK}/") for job in planned]
    return {"/".join(name.split("/")[:2]) for name in below if not name.startswith("results/")}


def table(workplace: Workplace) -> list[str]:
    """Return the lines of the table."""
    return (workplace.root / RUN / "scores.csv").read_text(encoding="utf-8").splitlines()


# What changes nothing.


def test_nothing_changed(workplace):
    assert workplace.planned() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_fresh_process_with_another_number_of_cores(workplace, seed):
    assert workplace.planned("--cores", "1", PYTHONHASHSEED=seed) == []


@pytest.mark.slow
def test_touched_files(workplace):
    for folder in ("data", "results", "workflow"):
        for name in workplace.files(folder):
            os.utime(workplace.root / name)

    assert workplace.planned() == []


@pytest.mark.slow
def test_files_older_than_what_they_were_made_of(workplace):
    # As a download of results leaves them; here in reverse of the order in which they were made.
    paths = [
        workplace.root / name for folder in ("data", "results") for name in workplace.files(folder)
    ]
    times = sorted((path.stat().st_mtime_ns, path) for path in paths)
    for (made, _), (_, path) in zip(times, reversed(times), strict=True):
        os.utime(path, ns=(made, made))

    assert workplace.planned() == []


@pytest.mark.slow
def test_a_file_replaced_by_an_older_one(workplace):
    # As tar, rsync -t and cp -p put it there. The size stays too.
    path = workplace.root / "workflow/prunescape/pruning/selection.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("#", "# ", 1).rstrip("\n") + "\n", encoding="utf-8")
    os.utime(path, (1e9, 1e9))
    assert {"prune", "prune_step"} & counts(workplace.planned()).keys()

    path.write_text(text, encoding="utf-8")
    os.utime(path, (1e9, 1e9))
    assert workplace.planned() == []


@pytest.mark.slow
def test_the_config_written_in_another_way(workplace):
    path = workplace.root / "config.yaml"
    # Sorted keys, no comments, no anchors.
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8"))))

    assert workplace.planned() == []


@pytest.mark.slow
def test_a_comment_in_a_rule(workplace):
    workplace.append("workflow/rules/fit.smk", "# A comment.")

    assert workplace.planned() == []


# Settings.


def test_the_learning_rate_of_a_fit(workplace):
    config = workplace.config()
    config["catalogue"]["graves"]["fits"]["vi"]["optimiser"]["learning_rate"] = 0.02
    workplace.configure(config)

    planned = workplace.planned()

    assert counts(planned) == FIT_VI
    assert models(planned) == {"vi/r1-2"}


@pytest.mark.slow
def test_a_noise_level_added_to_dense_and_pruned_networks(workplace):
    config = workplace.config()
    config["catalogue"]["graves"]["noise"][0]["levels"].append("0.60")
    workplace.configure(config)

    planned = workplace.planned()

    # All that are evaluated at 0 or 0.90: not the thresholds.
    assert counts(planned) == {"evaluate": 8, **REPORT}
    assert outputs(planned, "evaluate") == {
        *(
            f"{fit}/r1-2/evaluate/none/none/none/none/b1/rows.json"
            for fit in ("point", "vi", "vi_signed", "as_published")
        ),
        *(
            f"vi/r1-2/evaluate/{criterion}/global/exact_k/oneshot/b1/rows.json"
            for criterion in ("snr", "magnitude", "random")
        ),
        "point/r1-2/evaluate/magnitude/global/exact_k/oneshot/b1/rows.json",
    }


@pytest.mark.slow
def test_a_noise_level_added_to_one_sparsity(workplace):
    config = workplace.config()
    config["catalogue"]["graves"]["noise"][1]["levels"].append("0.60")
    workplace.configure(config)

    planned = workplace.planned()

    assert counts(planned) == {"evaluate": 3, **REPORT}
    assert outputs(planned, "evaluate", f"{VI}/evaluate") == {
        f"{criterion}/global/exact_k/oneshot/b1/rows.json"
        for criterion in ("snr", "magnitude", "random")
    }

    # For real: the other rows stay as they are, to the last digit.
    before = table(workplace)
    done = workplace.snakemake(f"{RUN}/scores.csv")
    assert done.status == 0, done.output
    after = table(workplace)
    assert set(before) < set(after)
    assert len(after) == len(before) + 3 * 2 * 2  # criteria, effects, replicates
    # The run's table is there by now.
    assert counts(workplace.planned()) == {r: n for r, n in VERDICTS.items() if r != "gather"}


@pytest.mark.slow
def test_a_sparsity_level_appended_to_full_batches(workplace):
    config = workplace.config()
    config["catalogue"]["graves"]["arms"][0]["levels"].append("0.98")
    workplace.configure(config)

    planned = workplace.planned()

    assert counts(planned) == {"prune": 1, "overlap": 1, "evaluate": 3, **REPORT}
    assert outputs(planned, "prune", VI) == {"prune/exact_k/0.98/masks.safetensors"}
    assert outputs(planned, "evaluate", f"{VI}/evaluate") == {
        f"{criterion}/global/exact_k/oneshot/b2/rows.json"
        for criterion in ("snr", "magnitude", "random")
    }


@pytest.mark.slow
def test_a_threshold_appended_to_batches_with_room(workplace):
    config = workplace.config()
    config["catalogue"]["graves"]["arms"][2]["levels"].append("2")
    workplace.configure(config)

    planned = workplace.planned()

    assert counts(planned) == {"prune": 2, "evaluate": 2, **REPORT}
    assert outputs(planned, "prune") == {
        f"{fit}/r1-2/prune/threshold/2/masks.safetensors" for fit in ("vi", "as_published")
    }
    assert outputs(planned, "evaluate") == {
        f"{fit}/r1-2/evaluate/snr/global/threshold/oneshot/b1/rows.json"
        for fit in ("vi", "as_published")
    }


@pytest.mark.slow
def test_a_block_of_replicates_appended(workplace):
    config = workplace.config()
    config["replicates"].append(1)
    workplace.configure(config)

    planned = workplace.planned()

    assert counts(planned) == FIT
    assert models(planned) == {
        f"{fit}/r3-3" for fit in ("point", "vi", "vi_signed", "as_published")
    }


@pytest.mark.slow
def test_the_seed(workplace):
    workplace.configure({**workplace.config(), "seed": 2012})

    assert counts(workplace.planned()) == FIT


@pytest.mark.slow
def test_the_split(workplace):
    workplace.configure({**workplace.config(), "split": "tune"})

    assert counts(workplace.planned()) == FIT


@pytest.mark.slow
def test_the_mirrors_of_a_source(workplace):
    # Its checksums say what the raw files are, wherever they come from.
    mirrors = {"digits": ["scikit-learn", "directory:elsewhere"]}
    workplace.configure({**workplace.config(), "sources": mirrors})

    assert workplace.planned() == []


@pytest.mark.slow
def test_a_setting_of_the_plots(workplace):
    workplace.configure({**workplace.config(), "figures": {"dots_per_inch": 100}})

    planned = workplace.planned()

    assert counts(planned) == {"figure": 4, "forest": 1}


@pytest.mark.slow
def test_a_claim_that_is_not_tested(workplace):
    workplace.configure({**workplace.config(), "not_tested": {"g1": "too few epochs"}})

    assert counts(workplace.planned()) == JUDGE


# Files of the workflow.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prunescape/data/sources.py", {"download_digits": 1, "prepare": 1, **FIT}),
        ("prunescape/data/datasets.py", {"prepare": 1, **FIT}),
        ("prunescape/optimising/posteriors.py", FIT),
        ("prunescape/fitting/training.py", FIT),
        ("prunescape/scoring/input_moments.py", SCORE),
        ("prunescape/pruning/selection.py", {**PRUNE, **EVALUATE}),
        ("prunescape/evaluation/metrics.py", EVALUATE),
        ("prunescape/evaluation/gates.py", REPORT),
        ("prunescape/verdicts/claims.py", JUDGE),
        ("prunescape/report/published_results.py", {"compare_published": 1, "figure": 4}),
        (
            "prunescape/drawing/style.py",
            {"figure": 4, "tabulate": 1, "forest": 1, "explorer": 1},
        ),
        ("prunescape/figures/forest.py", {"forest": 1}),
        ("prunescape/figures/noise_curves.py", {"figure": 1}),
        ("prunescape/pipeline/imported_code.py", {}),
        ("prunescape/jobs/prune.py", {}),
        ("prunescape/running/environment.py", {}),
        ("scripts/_fit.py", FIT),
        ("scripts/prune.py", PRUNE),
        ("commands/make.py", {}),
    ],
)
def test_an_edited_module_or_script(workplace, name, expected):
    workplace.append(f"workflow/{name}", "# A comment.")

    assert counts(workplace.planned()) == expected


def test_the_figure_whose_module_was_edited(workplace):
    workplace.append("workflow/prunescape/figures/mask_overlap.py", "# A comment.")

    planned = workplace.planned()

    assert outputs(planned, "figure", f"{RUN}/graves/figures") == {"mask_overlap.svg"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claims.yaml", JUDGE),
        ("public_figures.csv", {"compare_published": 1, "figure": 2}),
    ],
)
def test_an_edited_resource(workplace, name, expected):
    workplace.append(f"workflow/resources/{name}", "")

    assert counts(workplace.planned()) == expected


# What is missing.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train", FIT),
        ("vi/r1-2/fit_variational/checkpoint", FIT_VI),
        ("vi/r1-2/score/scores", SCORE_VI),
        ("vi/r1-2/measure/input_moments", {"measure": 1, "evaluate": 3, **REPORT}),
        ("vi/r1-2/prune/exact_k/0.90/masks", {"prune": 1, "overlap": 1, "evaluate": 3, **REPORT}),
        ("vi/r1-2/evaluate/snr/global/exact_k/oneshot/b1/rows", {"evaluate": 1, **REPORT}),
    ],
)
def test_a_deleted_file(workplace, name, expected):
    folder = f"{NETWORK}/{name}" if "/" in name else f"data/digits/{name}"
    [path] = workplace.root.glob(f"{folder}.*")
    path.unlink()

    planned = workplace.planned()

    assert counts(planned) == ({"prepare": 1, **expected} if name == "train" else expected)
    assert {file for job in planned for file in job.outputs} >= {
        str(path.relative_to(workplace.root))
    }


# What was interrupted.


def wait_for(condition) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_killed_job_leaves_no_file_and_is_not_forgotten(workplace):
    checkpoint = workplace.root / VI / "fit_variational" / "checkpoint.safetensors"
    before = checkpoint.read_bytes()
    original = workplace.config()
    config = workplace.config()
    config["catalogue"]["graves"]["fits"]["vi"]["epochs"] = 1_000_000
    workplace.configure(config)

    process = workplace.start(*snakemake())
    try:
        log = workplace.root / RUN / "logs" / checkpoint.relative_to(workplace.root / RUN)
        # It has begun to train once the old log is replaced by one with the new number of steps.
        wait_for(lambda: "/10000000 " in read(log.with_suffix(".log")))
        child(process, "fit_variational").kill()
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        end(process)

    assert process.returncode == 1, output
    assert list(checkpoint.parent.glob("*")) == []
    # Not with the settings that were asked for, nor when the old ones are asked for again.
    assert counts(workplace.planned()) == FIT_VI
    workplace.configure(original)
    assert counts(workplace.planned()) == FIT_VI

    done = workplace.snakemake(str(checkpoint.relative_to(workplace.root)))

    assert done.status == 0, done.output
    assert checkpoint.read_bytes() == before
    assert workplace.planned() == []  # the same bytes as before, so nothing below is out of date


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(workplace):
    folder = workplace.root / RUN
    names = ("scores.parquet", "gradient_noise.csv", "diverged.csv")
    paths = [folder / "graves" / name for name in names]
    before = [path.read_bytes() for path in paths]
    script = workplace.root / "workflow" / "scripts" / "aggregate.py"
    text = script.read_text(encoding="utf-8")
    second = "    table.write_csv(table.of_diverged(records), arguments.diverged_output"
    assert second in text
    script.write_text(text.replace(second, f"    import time; time.sleep({LIMIT})\n{second}"))
    for path in paths:
        path.unlink()
    target = f"{RUN}/graves/scores.parquet"

    process = workplace.start(*snakemake(target))
    try:
        # One of three files is there when all is killed, Snakemake too.
        wait_for(paths[0].exists)
    finally:
        end(process)
    script.write_text(text)

    assert [path.exists() for path in paths] == [True, False, False]
    assert "--unlock" in workplace.snakemake(target).output
    assert workplace.snakemake("--unlock").status == 0
    assert counts(workplace.planned()) == REPORT
    done = workplace.snakemake(target)
    assert done.status == 0, done.output
    assert before == [path.read_bytes() for path in paths]
    assert workplace.planned() == []


def read(path: Path) -> str:
    """Return what a file says, nothing while it isn't there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""
