"""Costs: which records are read, and what one network is charged with."""

import pandas as pd
import pytest
from test_figures import replicates, row, scores

from prunescape import costs
from prunescape.figures import cost_accuracy

HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"
MODEL = "magnitude/mnist/mlp/adam/r1-3"


def record(stage, part, cpu, memory=100.0):
    model = ("magnitude", "mnist", "mlp", "adam", 1, 3)
    return dict(zip(costs.COLUMNS, (*model, stage, part, cpu, cpu, memory), strict=True))


def test_records_of_networks_are_collected_and_others_are_not(tmp_path):
    for name, line in (
        (f"{MODEL}/train/checkpoint.tsv", "2.5\t0:00:02\t310.5\t2.25\n"),
        (f"{MODEL}/retrain/fine/s3/checkpoint.tsv", "9\t0:00:09\t-\t8\n"),
        ("scores.tsv", "1\t0:00:01\t1\t1\n"),
        ("magnitude/figures/noise_curves.tsv", "1\t0:00:01\t1\t1\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + line)
    found = costs.collect(tmp_path)
    assert found.iloc[:, :8].to_numpy().tolist() == [
        ["magnitude", "mnist", "mlp", "adam", 1, 3, "retrain", "fine/s3/checkpoint"],
        ["magnitude", "mnist", "mlp", "adam", 1, 3, "train", "checkpoint"],
    ]
    assert found["cpu_seconds"].tolist() == [8, 2.25]
    assert found["memory_mb"].isna().tolist() == [True, False]


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

    found = cost_accuracy.numbers(scores(rows), pd.DataFrame(jobs))

    cheap = found[found["schedule"] == "oneshot"].iloc[0]
    first = found[found["schedule"] == "fine"].iloc[0]
    # 33 s for three replicates; a step of 12 s trains a pruned network and its control of each.
    assert (cheap["cpu_seconds"], cheap["memory_mb"]) == (pytest.approx(11), 100)
    assert (first["cpu_seconds"], first["memory_mb"]) == (pytest.approx(11 + 12 / 6), 200)


def test_without_records_the_figure_says_so():
    rows = [row(0.9), row(0.8, criterion="snr", level=0.5)]
    with pytest.raises(ValueError, match="no records of jobs"):
        cost_accuracy.numbers(scores(rows), pd.DataFrame(columns=costs.COLUMNS))
