"""Costs: which jobs are read, and what one network is charged with."""

import pandas as pd
import pytest

from prunescape.figures import cost_accuracy
from prunescape.running import costs, log_endings
from tests.helpers.figure_rows import replicates, row, scores

MODEL = "magnitude/mnist/mlp/adam/r1-3"


def record(stage, part, cpu, memory=100.0):
    model = ("magnitude", "mnist", "mlp", "adam", 1, 3)
    return dict(zip(costs.COLUMNS, (*model, stage, part, cpu, cpu, memory), strict=True))


def test_jobs_of_networks_are_collected_as_their_logs_end(tmp_path):
    for name, seconds, log in (
        (f"{MODEL}/train/checkpoint", 41, log_endings.Ending("train", 2.31, 18.7, 310)),
        (f"{MODEL}/retrain/fine/s3/checkpoint", 9, log_endings.Ending("retrain", 1, 8, 500)),
        (f"{MODEL}/score/scores", 9, "no more than a record is left"),
        ("scores", 1, log_endings.Ending("aggregate", 1, 1, 1)),
        ("magnitude/figures/noise_curves", 1, log_endings.Ending("figure", 1, 1, 1)),
    ):
        for folder, suffix, text in (
            # Its last sample of this job was taken after 15 seconds.
            ("benchmarks", "tsv", f"s\tmax_rss\tcpu_time\n{seconds}\t300\t15.1\n"),
            ("logs", "log", f"50 %\r{log}\n"),
        ):
            path = tmp_path / folder / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    found = costs.collect(tmp_path)
    model = ["magnitude", "mnist", "mlp", "adam", 1, 3]
    assert found.fillna(-1).to_numpy().tolist() == [
        [*model, "retrain", "fine/s3/checkpoint", 9, 9, 500],
        [*model, "score", "scores", 9, -1, -1],
        [*model, "train", "checkpoint", 41, 21.01, 310],
    ]


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


def test_what_is_not_known_costs_nothing_untrue():
    rows = [row(0.9), row(0.8, criterion="snr", level=0.5)]
    jobs = [record("train", "checkpoint", 30), record("score", "scores", float("nan"))]
    jobs = pd.DataFrame(jobs).assign(study="graves", network="logistic", fit="vi")
    with pytest.raises(ValueError, match="no logs of jobs"):
        cost_accuracy.numbers(scores(rows), jobs)


def test_without_records_the_figure_says_so():
    rows = [row(0.9), row(0.8, criterion="snr", level=0.5)]
    with pytest.raises(ValueError, match="no records of jobs"):
        cost_accuracy.numbers(scores(rows), pd.DataFrame(columns=costs.COLUMNS))
