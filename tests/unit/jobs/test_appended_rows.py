"""Jobs of replicates appended for some rows: they make, and read, what these rows need."""

import json

import pytest

from prunescape.jobs import common, evaluate, fit, prune, report, retrain, targets
from tests.helpers.configurations import changed
from tests.helpers.jobs import filled, job

CLEAN = {"noise": "none", "noise_level": 0.0}
CHAIN = {"network": "net", "fit": "point", "criterion": "random", "scope": "global"}
CHAIN |= {"selection": "exact_k", "effect": "zero", "schedule": "fine", "step": 2, "level": 0.9}
SNR = CHAIN | {"fit": "vi", "criterion": "snr", "schedule": "oneshot", "step": 0}
TUNED = CHAIN | {"criterion": "magnitude", "effect": "freeze", "schedule": "tuned", "step": 0}
NOISY = {"noise": "grey_raw", "noise_level": 0.2}


def entry(first, last, *rows):
    return {"first": first, "last": last, "rows": list(rows)}


ENTRIES = [
    entry(3, 5, SNR | NOISY, TUNED | CLEAN, TUNED | {"effect": "zero", "level": 0.5} | CLEAN),
    entry(3, 5, CHAIN | CLEAN),
]
PLAIN = filled()
CONFIG = {**PLAIN, "appended": {"study": ENTRIES}}
STUDY = "results/small/study/digits/net"


def of(names):
    """Return the config of a job's block, and the job."""
    return common.of_block(CONFIG, names), names


def appended(**names):
    return of(job(first="3", **names))


def test_a_job_without_a_block_and_one_with_all_rows_have_the_whole_config():
    data = job(dataset="digits")
    for name in ("first", "last"):
        del data[name]
    assert common.of_block(CONFIG, data) is CONFIG
    assert common.of_block(CONFIG, job()) is CONFIG
    with pytest.raises(ValueError, match="no rows were appended as r3-5_3"):
        appended(last="5_3")


def test_all_parts_prune_the_networks_that_are_trained_once():
    for last in ("5_1", "5_2"):
        assert fit.checkpoint(*appended(last=last, fit="point")) == (
            f"{STUDY}/point/r3-5/train/checkpoint.safetensors"
        )


def test_only_what_rows_read_is_scored_pruned_and_trained():
    vi = appended(last="5_1")
    assert prune.criteria(*vi) == ["snr"]
    assert json.loads(prune.pruned_arms(*appended(last="5_1", selection="exact_k", level="0.90")))
    tuned = appended(last="5_1", fit="point", schedule="tuned", part="b1")
    assert prune.criteria(*tuned) == ["magnitude"]
    assert json.loads(retrain.retrained_arms(*tuned)) == [
        ["magnitude", "global", "zero", "0.50"],
        ["magnitude", "global", "freeze", "0.90"],
    ]
    step = appended(last="5_2", fit="point", schedule="fine", part="s1", step="1")
    assert json.loads(retrain.retrained_arms(*step)) == [["random", "global", "zero", "0.50"]]
    assert json.loads(prune.chained_arms(*step)) == [
        ["random", "global", 0, ["global", [], [], [], ""]]
    ]
    assert retrain.retraining_start(*step) == (
        f"{STUDY}/point/r3-5_2/retrain/fine/s0/checkpoint.safetensors"
    )


def test_only_the_rows_are_evaluated():
    snr = {"criterion": "snr", "scope": "global", "selection": "exact_k", "schedule": "oneshot"}
    found = appended(last="5_1", batch="1", **snr)
    assert json.loads(evaluate.evaluated_arm(*found))["points"] == [[0, "0.90"]]
    assert json.loads(evaluate.evaluated_conditions(*found)) == [[["grey_raw", "0.2"]]]
    names = snr | {"criterion": "magnitude", "schedule": "tuned"}
    effects = [
        json.loads(evaluate.evaluated_arm(*appended(last="5_1", fit="point", batch=b, **names)))
        for b in ("1", "2")
    ]
    assert [(each["effects"], each["points"]) for each in effects] == [
        (["zero"], [[0, "0.50"]]),
        (["freeze"], [[0, "0.90"]]),
    ]
    names = snr | {"criterion": "random", "schedule": "fine"}
    chain = appended(last="5_2", fit="point", batch="1", **names)
    assert json.loads(evaluate.evaluated_arm(*chain))["points"] == [[2, "0.90"]]
    assert evaluate.evaluated_checkpoints(*chain) == [
        f"{STUDY}/point/r3-5_2/retrain/fine/s2/checkpoint.safetensors"
    ]


def test_all_files_are_targets():
    new = set(targets.intermediates(CONFIG)) - set(targets.intermediates(PLAIN))
    point, vi = (f"{STUDY}/{name}/r3-5" for name in ("point", "vi"))
    assert new == {
        f"{vi}/fit_variational/checkpoint.safetensors",
        f"{vi}_1/score/scores.safetensors",
        f"{vi}_1/prune/exact_k/0.90/masks.safetensors",
        f"{point}/train/checkpoint.safetensors",
        *(f"{point}_{part}/score/scores.safetensors" for part in (1, 2)),
        *(f"{point}_1/prune/exact_k/{level}/masks.safetensors" for level in ("0.50", "0.90")),
        f"{point}_1/retrain/tuned/b1/checkpoint.safetensors",
        *(
            f"{point}_2/{place}.safetensors"
            for step in range(3)
            for place in (
                f"prune_step/fine/s{step}/masks",
                f"retrain/fine/s{step}/checkpoint",
                f"retrain/fine/s{step}/scores",
            )
        ),
    }
    rows = set(targets.rows(CONFIG)) - set(targets.rows(PLAIN))
    assert {path.removeprefix(f"{STUDY}/").replace("/global/exact_k", "") for path in rows} == {
        "vi/r3-5_1/evaluate/snr/oneshot/b1/rows.json",
        "point/r3-5_1/evaluate/magnitude/tuned/b1/rows.json",
        "point/r3-5_1/evaluate/magnitude/tuned/b2/rows.json",
        "point/r3-5_2/evaluate/random/fine/b1/rows.json",
    }


def test_the_table_depends_on_what_was_appended_and_overlaps_read_its_masks():
    assert evaluate.appended(CONFIG) == ["results/small/study/appended.json"]
    assert evaluate.appended(PLAIN) == evaluate.appended({**CONFIG, "replicates": [5]}) == []
    compared = report.compared_masks(CONFIG, job())
    assert f"{STUDY}/vi/r3-5_1/prune/exact_k/0.90/masks.safetensors" in compared
    assert set(compared) > set(report.compared_masks(PLAIN, job()))


def test_the_noise_is_checked_where_the_networks_are_trained():
    config = changed(PLAIN, {"catalogue.study.fits.point.optimiser.kind": "psgd"})
    config["appended"] = {"study": [*ENTRIES, entry(6, 9, {"network": "net", "fit": "point"})]}
    assert targets.noise_checks(config) == [
        f"{STUDY}/point/{block}/train/noise.json" for block in ("r1-2", "r6-9")
    ]
