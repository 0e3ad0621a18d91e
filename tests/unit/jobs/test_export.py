"""Jobs of export.smk: where an exported network's parts lie."""

import json

import pytest

from prunescape.jobs import export
from tests.helpers.jobs import EXPORT, filled

POINT = "results/small/study/digits/net/point"
VI = "results/small/study/digits/net/vi"
COMPENSATED = EXPORT | {
    "fit": "vi",
    "scope": "layer",
    "schedule": "oneshot",
    "effect": "compensate",
    "replicate": 4,
}
CHAINED = EXPORT | {"schedule": "fine", "level": "0.50", "replicate": 3}
CONFIG = filled(
    {
        "replicates": [2, 3],
        "exports": {"tuned": EXPORT, "chained": CHAINED, "compensated": COMPENSATED},
    }
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("tuned", f"{POINT}/r1-2/train/checkpoint.safetensors"),  # the last of its block
        ("chained", f"{POINT}/r3-5/train/checkpoint.safetensors"),  # the first of the next
        ("compensated", f"{VI}/r3-5/fit_variational/checkpoint.safetensors"),
    ],
)
def test_the_checkpoint_is_that_of_the_block_of_the_replicate(name, path):
    assert export.exported_checkpoint(CONFIG, name) == path


def test_a_retrained_network_is_read_from_the_job_that_trained_its_level():
    assert export.exported_retrained(CONFIG, "tuned") == (
        f"{POINT}/r1-2/retrain/tuned/b2/checkpoint.safetensors"
    )
    assert export.exported_retrained(CONFIG, "chained") == (
        f"{POINT}/r3-5/retrain/fine/s1/checkpoint.safetensors"
    )
    assert export.exported_retrained(CONFIG, "compensated") == []


def test_masks_are_those_of_the_level():
    masks = "masks.safetensors"
    assert export.exported_masks(CONFIG, "tuned") == f"{POINT}/r1-2/prune/exact_k/0.90/{masks}"
    assert export.exported_masks(CONFIG, "chained") == f"{POINT}/r3-5/prune_step/fine/s1/{masks}"


def test_of_steps_at_the_same_level_the_last_is_exported():
    steps = [["0.50", 1], ["0.90", 1], ["0.90", 1]]
    again = {"schedule": "fine", "level": "0.90"}
    config = filled({"exports": {"e": EXPORT | again}})
    config["catalogue"]["study"]["schedules"]["fine"]["steps"] = steps
    assert export.exported_masks(config, "e").endswith("/prune_step/fine/s2/masks.safetensors")
    assert json.loads(export.exported_origin(config, "e"))["step"] == 2


def test_only_what_compensates_needs_moments():
    moments = f"{VI}/r3-5/measure/input_moments.safetensors"
    assert export.exported_moments(CONFIG, "compensated") == moments
    assert export.exported_moments(CONFIG, "tuned") == []


def test_the_origin_is_the_key_of_the_networks_rows():
    assert json.loads(export.exported_origin(CONFIG, "chained")) == {
        "study": "study",
        "dataset": "digits",
        "network": "net",
        "fit": "point",
        "criterion": "magnitude",
        "scope": "global",
        "selection": "exact_k",
        "schedule": "fine",
        "effect": "zero",
        "step": 1,
        "level": "0.50",
        "replicate": 3,
    }


def test_exports_of_modules_have_other_files_and_read_the_users(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("import parts\n\ndef net(): ...\n")
    (tmp_path / "parts.py").touch()
    networks = CONFIG["networks"] | {"own": "own.py:net"}
    exports = {"a": EXPORT, "b": EXPORT | {"network": "own"}, "c": EXPORT | {"network": "own"}}
    config = CONFIG | {"networks": networks, "exports": exports}
    assert (export.of_layers(config), export.of_modules(config)) == (["a"], ["b", "c"])
    assert export.exported_network_files(config, "a") == []
    assert export.exported_network_files(config, "b") == ["own.py", "parts.py"]
    assert export.network_files(config, ["c", "a", "b"]) == ["own.py", "parts.py"]
    assert export.network_files(config, ["a"]) == []


def test_an_export_whose_scope_removes_whole_units_is_told():
    config = filled({"exports": {"e": EXPORT}})
    assert export.whole_units(config, "e") == []
    study = config["catalogue"]["study"]
    study["scopes"] = {EXPORT["scope"]: {"kind": "neuron", "except": [1]}}
    assert export.whole_units(config, "e") == ["--units"]


def test_only_what_recalibrates_needs_the_training_images():
    exports = {"a": EXPORT | {"effect": "recalibrate"}, "b": EXPORT}
    config = CONFIG | {"exports": exports}
    splits = ["data/digits/train.safetensors", "data/digits/validation.safetensors"]
    assert export.exported_training(config, "a") == splits
    assert export.exported_training(config, "b") == []
