"""Jobs of fit.smk: networks, settings of fits, checkpoints."""

import json
from types import SimpleNamespace

import pytest

from prunescape.configuration import validation
from prunescape.jobs import fit, retrain
from tests.helpers.configurations import changed
from tests.helpers.given import FILES, with_given
from tests.helpers.jobs import filled, job

CONFIG = filled()
VI = job()
POINT = job(fit="point")
MODEL = "results/small/study/digits/net"


def test_layers_of_a_network_with_their_defaults():
    assert fit.layers(CONFIG, VI) == '[{"bias":true,"kind":"linear","units":10}]'


def test_a_network_in_a_file_is_read_with_the_modules_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/own.py").write_text("import parts\n\ndef net(): ...\n")
    (tmp_path / "mine/parts.py").touch()
    (tmp_path / "mine/other.py").touch()
    config = CONFIG | {"networks": {"net": "mine/own.py:net"}}
    assert fit.network_files(config, VI) == ["mine/own.py", "mine/parts.py"]
    assert fit.network_files(CONFIG, VI) == []


def test_a_network_in_a_file_is_checked_before_training():
    config = CONFIG | {"networks": {"net": "mine/own.py:net"}}
    assert fit.network_check(config, VI) == f"{MODEL}/vi/check/network.json"
    assert fit.network_check(CONFIG, VI) == []


def checked(config, wildcards):
    """Return what a check is told."""
    return json.loads(fit.checked_settings(config, wildcards))


def test_a_check_is_told_how_weights_start_and_what_trains_them():
    assert checked(CONFIG, POINT) == {
        "scaling": "unit",
        "optimiser": "sgd",
        "distribution": "zeros",
        "batch_sizes": {"catalogue.study.fits.point.batch_size": 32},
    }
    assert checked(CONFIG, VI)["distribution"] == "warm_start"
    assert checked(CONFIG, VI)["posterior"]
    place = "catalogue.study.arms"
    arms = [{**CONFIG["catalogue"]["study"]["arms"][0], "effects": ["zero", "recalibrate"]}]
    recalibrated = changed(CONFIG, {place: arms})
    assert checked(recalibrated, VI) == checked(CONFIG, VI) | {"recalibrated": True}


def test_a_check_is_told_the_scopes_of_the_arms_that_prune_its_model():
    own = {"inner": {"kind": "layer", "layers": [1, "fc*"]}, "unused": {"kind": "global"}}
    config = filled()
    config["catalogue"]["study"]["scopes"] = own
    assert fit.checked_scopes(config, VI) == "{}"
    config["catalogue"]["study"]["arms"][0]["scopes"] = ["global", "inner"]
    assert json.loads(fit.checked_scopes(config, VI)) == {
        "inner": ["layer", [1, "fc*"], [], [], ""]
    }
    assert fit.checked_scopes(config, POINT) == "{}"


@pytest.fixture
def given(tmp_path, monkeypatch):
    """The config with a fit whose weights are given, in two blocks."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()
    config = with_given({"catalogue.study.replicates": [1, 1]}, posterior=True)
    validation.validate(config)
    return config


def test_given_weights_are_read_block_by_block(given):
    mine, second = job(fit="mine", last="1"), job(fit="mine", first="2")
    assert checked(given, mine) == {
        "scaling": "unit",
        "optimiser": "none",
        "distribution": "given",
        "batch_sizes": {},
    }
    assert fit.given_weights(given, mine) == FILES[:1]
    assert fit.given_weights(given, second) == FILES[1:]
    expected = f"{MODEL}/mine/r1-1/import_weights/checkpoint.safetensors"
    assert fit.checkpoint(given, mine) == expected
    assert json.loads(fit.fit_settings(given, mine)) == {
        "scaling": "unit",
        "dtype": "float32",
        "objective": {"kind": "variational"},
    }


def test_published_weights_are_files_that_another_job_downloads(given):
    named = ["torchvision:resnet18", "torchvision:resnet18/IMAGENET1K_V1"]
    given["catalogue"]["study"]["fits"]["mine"]["weights"] = named
    found = fit.given_weights(given, job(fit="mine"))
    stems = "resnet18", "resnet18-IMAGENET1K_V1"
    assert found == [f"data/torchvision-weights/{stem}.safetensors" for stem in stems]
    for stem, name in zip(stems, named, strict=True):
        assert fit.published(given, SimpleNamespace(weights=stem)) == name


def test_a_posterior_is_fitted_around_given_weights(given):
    given["catalogue"]["study"]["fits"]["vi"]["warm_start"] = "mine"
    assert fit.starting_point(given, VI).endswith(
        "/mine/r1-2/import_weights/checkpoint.safetensors"
    )


def test_a_check_is_told_the_batch_sizes_of_all_that_trains_a_network():
    schedules = {
        "more": {"kind": "retrain", "epochs": 1, "fit": {"batch_size": 7}},
        "as_before": {"kind": "retrain", "epochs": 1},
        "unused": {"kind": "retrain", "epochs": 1, "fit": {"batch_size": 9}},
    }
    arm = CONFIG["catalogue"]["study"]["arms"][0]
    planned = changed(
        CONFIG,
        {
            "catalogue.study.schedules": schedules,
            "catalogue.study.arms": [arm | {"fits": ["vi"], "schedules": ["oneshot", "more"]}],
            "catalogue.study.fits.vi.batch_size": 5,
            "catalogue.study.fits.vi.first_epoch_batch_size": 3,
        },
    )
    planned["catalogue"]["study"]["arms"][0]["schedules"].append("as_before")
    assert checked(planned, VI)["batch_sizes"] == {
        "catalogue.study.fits.vi.batch_size": 5,
        "catalogue.study.fits.vi.first_epoch_batch_size": 3,
        "catalogue.study.schedules.more.fit.batch_size": 7,
    }
    planned["catalogue"]["study"]["arms"][0]["fits"] = []
    assert len(checked(planned, VI)["batch_sizes"]) == 2


def test_settings_say_nothing_of_the_other_networks():
    assert json.loads(fit.fit_settings(CONFIG, POINT)) == {
        "scaling": "unit",
        "objective": {"kind": "likelihood", "softmax": "once"},
        "initial_weights": {"distribution": "zeros"},
        "optimiser": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0},
        "batch_size": 32,
        "epochs": 2,
        "shuffle": True,
        "replacement": False,
        "dtype": "float32",
    }
    more = filled({"catalogue.study.fits.point.networks": ["net", "other"]})
    assert fit.fit_settings(more, POINT) == fit.fit_settings(CONFIG, POINT)


def test_a_warm_start_is_the_other_fits_checkpoint():
    assert fit.starting_point(CONFIG, VI) == f"{MODEL}/point/r1-2/train/checkpoint.safetensors"
    assert fit.starting_point(CONFIG, POINT) == []


@pytest.mark.parametrize(("name", "rule"), [("point", "train"), ("vi", "fit_variational")])
def test_the_objective_says_which_rule_makes_a_checkpoint(name, rule):
    path = f"{MODEL}/{name}/r1-2/{rule}/checkpoint.safetensors"
    assert fit.checkpoint(CONFIG, job(fit=name)) == path
    pattern = fit.checkpoint_pattern(CONFIG, "study", name)
    assert f"results/small/{pattern.format(**job(fit=name))}" == path


def test_a_loss_in_a_file_is_an_input_of_training_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/own.py").write_text("import parts\n\ndef loss(logits, labels): ...\n")
    (tmp_path / "mine/parts.py").touch()
    place = "catalogue.study.fits.point.objective.loss"
    config = changed(CONFIG, {place: "mine/own.py:loss"})
    assert fit.training_files(config, POINT) == ["mine/own.py", "mine/parts.py"]
    assert fit.network_files(config, POINT) == []
    assert fit.training_files(config, VI) == []
    assert fit.training_files(config | {"networks": {"net": "mine/own.py:net"}}, POINT) == [
        *("mine/own.py", "mine/parts.py")
    ]


def test_a_training_collects_movement_if_an_arm_reads_it():
    config = filled()
    config["catalogue"]["study"]["arms"][1]["criteria"] = ["movement", "magnitude"]  # a chain
    assert json.loads(fit.fit_settings(config, POINT))["movement"] is True
    assert "movement" not in json.loads(fit.fit_settings(config, VI))
    assert "movement" not in json.loads(fit.fit_settings(CONFIG, POINT))
    fine = job(fit="point", schedule="fine", part="s1")
    assert json.loads(retrain.retraining_settings(config, fine))["movement"] is True
    assert "movement" not in json.loads(retrain.retraining_settings(CONFIG, fine))
