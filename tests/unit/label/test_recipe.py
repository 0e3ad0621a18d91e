"""The config of a label is one that a run accepts."""

import pytest
import yaml

from prunescape.configuration import validation
from prunescape.label import recipe
from tests.helpers.configurations import DEFAULT, changed
from tests.helpers.places import ROOT

NETWORK = f"{ROOT}/tests/plain/net.py:SmallNet"


@pytest.mark.parametrize(("epochs", "normalised"), [(0, False), (3, True)])
@pytest.mark.parametrize("scaling", ["unit", {"mean": [0.3], "std": [0.4]}])
def test_the_config_is_valid(tmp_path, monkeypatch, epochs, normalised, scaling):
    monkeypatch.chdir(tmp_path)
    weights = ["one.safetensors", "two.safetensors"]
    for name in (*weights, "images.npz"):
        (tmp_path / name).write_bytes(b"")
    given = "mine", NETWORK, weights, "file:images.npz", scaling, epochs, "make label"
    sizes = {"resize": 256, "crop": 224}
    made = recipe.config(*given, normalised=normalised, sizes=sizes)
    written = yaml.safe_load(yaml.safe_dump(made))
    assert written == made
    config = changed(DEFAULT, written)
    assert validation.problems(config) == []
    validation.validate(config)
    assert sizes.items() <= config["datasets"]["own"].items()
    apart = {"train": 0, "calibration": recipe.CALIBRATION}
    assert (apart.items() <= config["datasets"]["own"].items()) == (not epochs)
    study = config["catalogue"][recipe.STUDY]
    assert study["fits"]["given"]["weights"] == weights
    levels = [float(level) for level in study["arms"][0]["levels"]]
    assert levels == sorted(levels)
    assert len(study["arms"]) == 1 + normalised + bool(epochs)
    effects = [effect for arm in study["arms"] for effect in arm["effects"]]
    assert effects.count("recalibrate") == normalised
