"""Costs: which jobs are read, and what one network is charged with."""

from prunescape.running import job_costs, log_endings

MODEL = "magnitude/mnist/mlp/adam/r1-3"


def test_jobs_of_networks_are_collected_as_their_logs_end(tmp_path):
    for name, seconds, log in (
        (f"{MODEL}/train/checkpoint", 41, log_endings.Ending("train", 2.31, 18.7, 310)),
        (f"{MODEL}/retrain/fine/s3/checkpoint", 9, log_endings.Ending("retrain", 1, 8, 500)),
        (f"{MODEL}/score/scores", 9, "no more than a record is left"),
        ("magnitude/mnist/mlp/adam/r4-5_2/score/scores", 7, "nor here"),
        ("scores", 1, log_endings.Ending("aggregate", 1, 1, 1)),
        ("magnitude/figures/noise_curves", 1, log_endings.Ending("figure", 1, 1, 1)),
        ("graves/mnist/mlp/adam/r1-3/train/checkpoint", 7, log_endings.Ending("train", 1, 1, 1)),
    ):
        for folder, suffix, text in (
            # Its last sample of this job was taken after 15 seconds.
            ("benchmarks", "tsv", f"s\tmax_rss\tcpu_time\n{seconds}\t300\t15.1\n"),
            ("logs", "log", f"50 %\r{log}\n"),
        ):
            path = tmp_path / folder / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    found = job_costs.collect(tmp_path, "magnitude")
    model = ["magnitude", "mnist", "mlp", "adam", 1, 3, 0]
    assert found.fillna(-1).to_numpy().tolist() == [
        [*model, "retrain", "fine/s3/checkpoint", 9, 9, 500],
        [*model, "score", "scores", 9, -1, -1],
        [*model, "train", "checkpoint", 41, 21.01, 310],
        [*model[:4], 4, 5, 2, "score", "scores", 7, -1, -1],
    ]
