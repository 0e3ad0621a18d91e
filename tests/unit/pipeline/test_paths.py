import yaml

from prunescape.pipeline import paths, plan
from tests.helpers.places import ROOT

CONFIG = yaml.safe_load(ROOT.joinpath("config.yaml").read_text())
OUTPUTS = [
    value
    for name, value in vars(paths).items()
    if name.isupper() and name != "MODEL" and isinstance(value, str)
]
FIELDS = {
    "study": "graves",
    "dataset": "mnist",
    "network": "logistic",
    "fit": "vi",
    "first": 6,
    "last": 8,
    "criterion": "snr",
    "scope": "global",
    "selection": "exact_k",
    "schedule": "oneshot",
    "level": "0.90",
    "batch": 2,
    "step": 3,
    "part": "s3",
    "figure": "noise_curves",
    "export": "small",
    "form": "compact",
    "extension": "onnx",
}


def filled(pattern, **changes):
    return pattern.format(**FIELDS | changes)


def test_folders_follow_the_key_columns():
    assert filled(paths.ROWS) == (
        "graves/mnist/logistic/vi/r6-8/evaluate/snr/global/exact_k/oneshot/b2/rows.json"
    )
    assert filled(paths.MASKS) == (
        "graves/mnist/logistic/vi/r6-8/prune/exact_k/0.90/masks.safetensors"
    )
    assert filled(paths.STEP_MASKS) == (
        "graves/mnist/logistic/vi/r6-8/prune_step/oneshot/s3/masks.safetensors"
    )
    assert filled(paths.RETRAINED, schedule="fine") == (
        "graves/mnist/logistic/vi/r6-8/retrain/fine/s3/checkpoint.safetensors"
    )


def test_no_two_patterns_meet():
    assert len(OUTPUTS) >= 10
    assert len({filled(pattern) for pattern in OUTPUTS}) == len(OUTPUTS)


def test_a_level_stays_whole_in_the_name_of_a_log():
    assert filled(paths.log(paths.MASKS)) == (
        "logs/graves/mnist/logistic/vi/r6-8/prune/exact_k/0.90/masks.log"
    )
    assert filled(paths.benchmark(paths.FIGURE)) == "benchmarks/graves/figures/noise_curves.tsv"
    # The name of a log has its job's wildcards, filled in before or after.
    assert paths.log(filled(paths.MASKS)) == filled(paths.log(paths.MASKS))


def test_every_job_has_a_log_and_a_benchmark_of_its_own():
    rows = list(plan.row_files(CONFIG))
    others = [
        filled(pattern, level=level, fit=fit)
        for pattern in (paths.POINT, paths.POSTERIOR, paths.SCORES, paths.MASKS)
        for fit in ("vi", "point")
        for level in ("0.25", "0.250", "0.2")
    ]
    of_run = (paths.TABLE, paths.CLAIMS, paths.FRONT_PAGE, f"{paths.FOREST}.svg")
    outputs = {*rows, *others, *(filled(p) for p in (paths.FIGURE, *of_run))}
    for names in (paths.log, paths.benchmark):
        made = {names(output) for output in outputs}
        assert len(made) == len(outputs)
        assert not made & outputs
