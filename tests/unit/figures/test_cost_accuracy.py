"""What one network is charged with, of the jobs that made it."""

import pandas as pd
import pytest

from prunescape.figures import cost_accuracy
from prunescape.running import job_costs
from tests.helpers.figure_rows import replicates, row, scores, trained


def record(stage, part, cpu, memory=100.0, first=1, last=3, appended=0):
    model = ("magnitude", "mnist", "mlp", "adam", first, last, appended)
    return dict(zip(job_costs.COLUMNS, (*model, stage, part, cpu, cpu, memory), strict=True))


def numbers(rows, jobs):
    """The figure's numbers, from a table's rows and the records of jobs."""
    table = scores(rows)
    costs_of = pd.concat([pd.DataFrame(jobs), trained(table)], ignore_index=True)
    return cost_accuracy.numbers(table, costs_of)


def test_a_network_pays_its_share_of_the_jobs_that_made_it():
    model = {"study": "magnitude", "network": "mlp", "fit": "adam"}
    rows = replicates([0.9, 0.9, 0.9], **model)
    for step, level in enumerate((0.5, 0.9)):
        arm = model | {"schedule": "fine", "step": step}
        rows += replicates([0.9, 0.9, 0.9], **arm)  # the control
        rows += replicates([0.8, 0.8, 0.8], criterion="magnitude", level=level, kept=9, **arm)
    rows += replicates([0.7, 0.7, 0.7], criterion="magnitude", level=0.5, kept=9, **model)
    jobs = [record("train", "checkpoint", 30), record("score", "scores", 3)]
    jobs += [record("retrain", f"fine/s{step}/checkpoint", 12, 200.0 + step) for step in (0, 1)]
    jobs += [record("evaluate", "none/none/none/none/b1/rows", 1000, 900.0)]

    found = numbers(rows, jobs)

    cheap = found[found["schedule"] == "oneshot"].iloc[0]
    first = found[found["schedule"] == "fine"].iloc[0]
    # 33 s for three replicates; a step of 12 s trains a pruned network and its control of each.
    assert (cheap["cpu_seconds"], cheap["memory_mb"]) == (pytest.approx(11), 100)
    assert (first["cpu_seconds"], first["memory_mb"]) == (pytest.approx(11 + 12 / 6), 200)
    # 100 images forward and twice backward: dense with 1000 weights, then with 9.
    assert (cheap["epochs"], cheap["multiply_adds"]) == (1, 300 * 1000)
    assert (first["epochs"], first["multiply_adds"]) == (2, 300 * 1009)


def test_replicates_appended_for_some_arms_change_no_cost_of_a_network():
    model = {"study": "magnitude", "network": "mlp", "fit": "adam", "schedule": "fine"}
    arm = model | {"criterion": "magnitude", "level": 0.5, "kept": 9}
    rows = replicates([0.9, 0.9, 0.9], **model)  # the control, which isn't appended to
    rows += replicates([0.8, 0.8, 0.8, 0.8, 0.8], **arm)
    jobs = [record("train", "checkpoint", 30), record("score", "scores", 3)]
    jobs += [record("retrain", "fine/s0/checkpoint", 12)]
    few = {"first": 4, "last": 5}
    jobs += [record("train", "checkpoint", 20, **few)]
    few["appended"] = 1
    jobs += [record("score", "scores", 9, **few), record("retrain", "fine/s0/checkpoint", 9, **few)]

    rows += replicates([0.9, 0.9, 0.9], **model | {"schedule": "none"})
    [found] = numbers(rows, jobs).itertuples()

    assert found.n == 5
    assert found.cpu_seconds == pytest.approx(50 / 5 + 3 / 3 + 12 / 6)


def test_what_is_not_known_costs_nothing_untrue():
    rows = [row(0.9), row(0.8, criterion="snr", level=0.5)]
    jobs = [record("train", "checkpoint", 30), record("score", "scores", float("nan"))]
    jobs = pd.DataFrame(jobs).assign(study="graves", network="logistic", fit="vi")
    with pytest.raises(ValueError, match="no logs of jobs"):
        numbers(rows, jobs)


def test_without_records_the_figure_says_so():
    rows = [row(0.9), row(0.8, criterion="snr", level=0.5)]
    with pytest.raises(ValueError, match="no records of jobs"):
        cost_accuracy.numbers(scores(rows), pd.DataFrame(columns=job_costs.COLUMNS))


def test_costs_of_other_studies_are_left_out(tmp_path):
    jobs = pd.DataFrame([record("train", "checkpoint", 30), record("score", "scores", 3)])
    jobs["study"] = ["other", "magnitude"]
    jobs.to_csv(tmp_path / "costs.csv", index=False)
    arms = [row(0.9), row(0.8, study="magnitude", criterion="snr", level=0.5)]
    trained(scores([*arms, row(0.9, study="magnitude")])).to_csv(tmp_path / "training.csv")
    found = cost_accuracy.read(tmp_path / "costs.csv", tmp_path / "training.csv", study="magnitude")
    assert found["stage"].fillna("").tolist() == ["score", "", ""]
    assert found["epochs"].fillna(0).tolist() == [0, 1, 1]
    assert found.index.tolist() == [0, 1, 2]


def test_a_global_arm_stands_for_those_that_differ_in_the_scope_alone():
    rows = [row(0.9)]
    rows += [row(0.8, criterion="snr", level=0.5, scope=scope) for scope in ("global", "layer")]
    rows += [row(0.7, criterion="snr", level=0.5, scope="erk", schedule="moving")]
    jobs = [record("train", "checkpoint", 30), record("score", "scores", 3)]
    jobs = pd.DataFrame(jobs).assign(study="graves", network="logistic", fit="vi")
    found = numbers(rows, jobs)
    assert set(zip(found["scope"], found["schedule"], strict=True)) == {
        ("global", "oneshot"),
        ("erk", "moving"),
    }


def test_arms_are_judged_beside_those_that_cost_no_more():
    rows, jobs = [], []
    for fit, cpu, accuracies in (
        ("cheap", 10, [0.90, 0.91, 0.92]),
        ("even", 10, [0.899, 0.909, 0.921]),
        ("worse", 20, [0.80, 0.812, 0.821]),
        ("dear", 30, [0.95, 0.951, 0.952]),
    ):
        model = {"fit": fit}
        rows += replicates([0.97] * 3, **model)
        rows += replicates(accuracies, criterion="snr", level=0.5, **model)
        jobs += [record("train", "checkpoint", cpu), record("score", "scores", 0)]
        for job in jobs[-2:]:
            job |= {"study": "graves", "network": "logistic", "fit": fit}
    found = numbers(rows, jobs).set_index("fit")
    assert found.index[found["best"]].tolist() == ["cheap", "dear"]
    assert found.index[found["ruled_out"]].tolist() == ["worse"]
