"""Jobs of evaluate.smk: the points of an arm, and the noise that they meet."""

import json

import pytest

from prunescape.jobs import data, evaluate
from prunescape.pipeline.replicates import ROW
from tests.helpers.jobs import filled, job

CONFIG = filled()
VI = "results/small/study/digits/net/vi/r1-2"
POINT = "results/small/study/digits/net/point/r1-2"


def evaluated(criterion, schedule, scope="global", batch="1", **names):
    selection = "none" if criterion == "none" else "exact_k"
    arm = {"criterion": criterion, "scope": scope, "selection": selection, "schedule": schedule}
    return job(batch=batch, **arm | names)


SNR = evaluated("snr", "oneshot")
LAYER = evaluated("magnitude", "oneshot", "layer")
DENSE = evaluated("none", "none", "none")
CHAIN = evaluated("random", "fine", fit="point", batch="2")
CONTROL = evaluated("none", "fine", "none", fit="point", batch="2")
TUNED = evaluated("magnitude", "tuned", fit="point", batch="2")


def test_a_job_evaluates_its_batch_of_the_points():
    assert json.loads(evaluate.evaluated_arm(CONFIG, CHAIN)) == {
        "criterion": "random",
        "scope": "global",
        "within": ["global", [], [], [], ""],
        "selection": "exact_k",
        "schedule": "fine",
        "effects": ["zero"],
        "points": [[2, "0.90"], [3, "0.9"]],
    }
    assert json.loads(evaluate.evaluated_arm(CONFIG, TUNED))["points"] == [[0, "0.90"]]
    assert json.loads(evaluate.evaluated_arm(CONFIG, LAYER))["effects"] == ["zero", "compensate"]


def test_a_job_that_ends_at_a_loss_reads_the_unpruned_networks():
    arms = [arm | {"until_lost": 10} for arm in CONFIG["catalogue"]["study"]["arms"]]
    config = CONFIG | {"catalogue": {"study": CONFIG["catalogue"]["study"] | {"arms": arms}}}
    assert json.loads(evaluate.evaluated_arm(config, SNR))["until_lost"] == 10
    rows = f"{VI}/evaluate/none/none/none/none/b1/rows.json"
    assert evaluate.unpruned_rows(config, SNR) == rows
    assert evaluate.unpruned_rows(config, DENSE) == evaluate.unpruned_rows(CONFIG, SNR) == []


def test_noise_is_met_at_the_sparsities_that_have_some():
    noisy = [["none", "0"], ["grey_raw", "0.1"], ["grey_raw", "0.2"]]
    conditions = {
        name: json.loads(evaluate.evaluated_conditions(CONFIG, each))
        for name, each in {"snr": SNR, "dense": DENSE, "control": CONTROL}.items()
    }
    assert conditions["snr"] == [[["none", "0"]], noisy]  # at 0.50, and at 0.90
    assert conditions["dense"] == [noisy]
    # A control is compared with what is pruned at its step: 0.90, twice.
    assert conditions["control"] == [noisy, noisy]


def test_kinds_of_noise_of_the_users_come_with_their_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("import optics\n")
    (tmp_path / "optics.py").touch()
    (tmp_path / "unused.py").touch()
    kinds = {"blur": "own.py:blur", "unused": "unused.py:noise"}
    noise = CONFIG["catalogue"]["study"]["noise"] + [{"kind": "blur", "levels": ["0.5", "0.7"]}]
    study = CONFIG["catalogue"]["study"] | {"noise": noise}
    config = CONFIG | {"noises": kinds, "catalogue": {"study": study}}
    assert evaluate.evaluated_noises(config, SNR) == ["blur=own.py:blur"]
    assert evaluate.own_files(config, SNR) == ["own.py", "optics.py"]
    assert evaluate.evaluated_noises(CONFIG, SNR) == evaluate.own_files(CONFIG, SNR) == []


def test_a_job_reads_a_file_of_masks_a_point():
    assert evaluate.evaluated_masks(CONFIG, SNR) == [
        f"{VI}/prune/exact_k/0.50/masks.safetensors",
        f"{VI}/prune/exact_k/0.90/masks.safetensors",
    ]
    assert evaluate.evaluated_masks(CONFIG, CHAIN) == [
        f"{POINT}/prune_step/fine/s2/masks.safetensors",
        f"{POINT}/prune_step/fine/s3/masks.safetensors",
    ]
    assert evaluate.evaluated_masks(CONFIG, DENSE) == []
    assert evaluate.evaluated_masks(CONFIG, CONTROL) == []


def test_the_users_effects_come_with_their_files_and_measurements(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("import parts\n\ndef fade(weight, mask, input_mean): ...\n")
    (tmp_path / "parts.py").touch()
    study = CONFIG["catalogue"]["study"]
    arms = [{**arm, "effects": ["zero", "fade"]} for arm in study["arms"][:1]]
    config = CONFIG | {"catalogue": {"study": study | {"arms": [*arms, *study["arms"][1:]]}}}
    config |= {"effects": {"fade": "own.py:fade"}}
    assert evaluate.evaluated_effects(config, SNR) == ["fade=own.py:fade"]
    assert evaluate.own_files(config, SNR) == ["own.py", "parts.py"]
    moments = f"{VI}/measure/input_moments.safetensors"
    assert evaluate.evaluated_moments(config, SNR) == moments
    assert evaluate.measured_images(config, SNR) == []
    assert evaluate.evaluated_effects(CONFIG, SNR) == []


def test_only_what_compensates_reads_moments():
    moments = f"{VI}/measure/input_moments.safetensors"
    assert evaluate.evaluated_moments(CONFIG, LAYER) == moments
    assert evaluate.evaluated_moments(CONFIG, SNR) == []


@pytest.mark.parametrize("effect", ["recalibrate", "reconstruct"])
def test_only_what_measures_on_training_images_reads_them(effect):
    study = CONFIG["catalogue"]["study"]
    arms = [{**arm, "effects": ["zero", effect]} for arm in study["arms"][:1]]
    config = CONFIG | {"catalogue": {"study": study | {"arms": [*arms, *study["arms"][1:]]}}}
    assert evaluate.measured_images(config, SNR) == data.training_images(config, SNR)
    assert evaluate.evaluated_moments(config, SNR) == []
    assert evaluate.measured_images(config, LAYER) == []
    assert evaluate.measured_images(CONFIG, SNR) == []


def test_a_job_reads_the_networks_that_were_trained_for_its_points():
    assert evaluate.evaluated_checkpoints(CONFIG, CONTROL) == [
        f"{POINT}/retrain/fine/s2/checkpoint.safetensors",
        f"{POINT}/retrain/fine/s3/checkpoint.safetensors",
    ]
    assert evaluate.evaluated_checkpoints(CONFIG, TUNED) == [
        f"{POINT}/retrain/tuned/b2/checkpoint.safetensors"
    ]
    assert evaluate.evaluated_checkpoints(CONFIG, SNR) == []


def test_only_posteriors_are_sampled_and_only_if_asked():
    asked = CONFIG | {"posterior_samples": 9}
    assert [evaluate.evaluated_samples(asked, each) for each in (SNR, CHAIN, TUNED)] == [9, 0, 0]
    assert evaluate.evaluated_samples(CONFIG, SNR) == 0


def test_every_training_is_in_the_history_with_the_epochs_before_it():
    found = {each["path"].removeprefix("results/small/"): each for each in evaluate.courses(CONFIG)}
    assert evaluate.checkpoints(CONFIG) == [f"results/small/{path}" for path in found]
    at = "study/digits/net"
    fit = {"study": "study", "dataset": "digits", "network": "net"}
    assert found[f"{at}/vi/r1-2/fit_variational/checkpoint.safetensors"] == fit | {
        "path": f"{VI}/fit_variational/checkpoint.safetensors",
        "fit": "vi",
        "schedule": "none",
        "step": 0,
        "before": 0,
    }
    named = {
        (each["schedule"], path.split("/")[-2]): (each["step"], each["before"])
        for path, each in found.items()
        if each["fit"] == "point"
    }
    assert named == {
        ("none", "train"): (0, 0),
        ("tuned", "b1"): (0, 2),
        ("tuned", "b2"): (0, 2),
        **{("fine", f"s{step}"): (step, 2 + done) for step, done in enumerate((0, 1, 2, 4))},
    }


def test_appended_replicates_have_their_trainings_in_the_history():
    rows = [
        dict(zip(ROW, ("net", "point", "magnitude", "global", "exact_k", "zero"), strict=False))
    ]
    rows[0] |= {"schedule": "tuned", "step": 0, "level": 0.9, "noise": "none", "noise_level": 0.0}
    appended = {"study": [{"first": 3, "last": 5, "rows": rows}]}
    paths = evaluate.checkpoints(CONFIG | {"appended": appended})
    assert [path.split("/point/")[1] for path in paths if "/r3-5" in path] == [
        "r3-5/train/checkpoint.safetensors",
        "r3-5_1/retrain/tuned/b1/checkpoint.safetensors",
    ]


def test_given_weights_have_no_training():
    fits = {"mine": {"kind": "given", "networks": ["net"], "posterior": False}}
    study = {"dataset": "digits", "fits": fits, "arms": []}
    config = CONFIG | {"catalogue": {"study": study}}
    assert evaluate.courses(config) == []
