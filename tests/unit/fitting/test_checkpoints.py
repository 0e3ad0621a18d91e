from dataclasses import replace

import numpy as np
import pytest
import torch

from prunescape.fitting.checkpoints import FORMAT, Checkpoint
from prunescape.foundations import files
from prunescape.networks.scaling import Scaling
from tests.helpers.factories import CONVOLUTIONAL, LOGISTIC, PERCEPTRON, checkpoint, uint8_images

CPU = torch.device("cpu")


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
@pytest.mark.parametrize("posterior", [False, True])
def test_save_and_load(tmp_path, layers, posterior):
    path = tmp_path / "checkpoint.safetensors"
    saved = checkpoint(layers, replicates=(6, 7, 8), posterior=posterior)
    saved.save(path)
    loaded = Checkpoint.load(path)
    assert loaded.layers == layers
    assert loaded.image == (1, 8, 8)
    assert loaded.replicates == [6, 7, 8]
    assert loaded.fitted_on == saved.fitted_on
    assert loaded.arrays.keys() == saved.arrays.keys()
    for name, array in saved.arrays.items():
        assert loaded.arrays[name].tobytes() == array.tobytes()
        assert loaded.arrays[name].shape == array.shape
    images = loaded.scaling(uint8_images(9))[None]
    expected = saved.network.logits(saved.scaling(uint8_images(9))[None], saved.parameters(CPU))
    assert torch.equal(loaded.network.logits(images, loaded.parameters(CPU)), expected)


def test_a_standardised_network_sees_features(tmp_path):
    images = uint8_images(50)
    images[:, 0, 0] = 3
    scaling = Scaling.fit("standardised", images)
    weight = {"1.weight": np.ones((2, 4, 56), dtype=np.float32)}
    Checkpoint(LOGISTIC, (1, 8, 8), scaling, weight, [1, 2], {}).save(tmp_path / "a.safetensors")
    loaded = Checkpoint.load(tmp_path / "a.safetensors")
    assert loaded.network.shapes == {"1.weight": (4, 56)}
    assert list(loaded.arrays) == ["1.weight"]
    assert torch.equal(loaded.scaling(images), scaling(images))


def test_parameters_are_weights_and_biases_without_the_posteriors_scale():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    assert list(fitted.parameters(CPU)) == ["1.weight", "1.bias", "2.weight", "3.weight", "3.bias"]
    sigmas = fitted.tensors(".weight.sigma", CPU)
    weights = fitted.tensors(".weight", CPU)
    assert list(sigmas) == list(weights) == ["1", "2", "3"]
    assert torch.equal(sigmas["2"], 0.1 + weights["2"] ** 2)


def retrained():
    """Return a checkpoint of two replicates of two arms and of the dense control."""
    arms = [
        ("none", "none", "none", "0"),
        ("magnitude", "global", "zero", "0.90"),
        ("magnitude", "global", "zero", "68x"),
    ]
    made = checkpoint(PERCEPTRON, replicates=range(6))
    names = [arm for arm in arms for _ in range(2)]
    return replace(made, replicates=[6, 7] * 3, arms=names)


def test_arms_are_saved(tmp_path):
    saved = retrained()
    saved.save(tmp_path / "a.safetensors")
    loaded = Checkpoint.load(tmp_path / "a.safetensors")
    assert loaded.arms == saved.arms
    assert loaded.replicates == [6, 7] * 3
    checkpoint(PERCEPTRON).save(tmp_path / "b.safetensors")
    assert Checkpoint.load(tmp_path / "b.safetensors").arms is None


def test_members_of_an_arm():
    made = retrained()
    one = made.of_arm("magnitude", "global", "zero", "68x")
    assert (one.replicates, one.arms) == ([6, 7], None)
    for name, array in made.arrays.items():
        np.testing.assert_array_equal(one.arrays[name], array[4:])
    control = made.of_arm("none")  # the first parts of its name are enough
    np.testing.assert_array_equal(control.arrays["2.weight"], made.arrays["2.weight"][:2])
    assert made.of_arm("magnitude", "global").replicates == [6, 7] * 2
    assert one.scaling is made.scaling
    assert one.fitted_on == made.fitted_on


def test_an_arm_without_members_is_named():
    with pytest.raises(ValueError, match=r"no member of the arm magnitude / layer"):
        retrained().of_arm("magnitude", "layer")
    with pytest.raises(ValueError, match=r"no member of the arm none"):
        checkpoint(PERCEPTRON).of_arm("none")


DELETE = object()


def metadata(**changes):
    stored = {
        "format": FORMAT,
        "layers": LOGISTIC,
        "image": [1, 8, 8],
        "replicates": [1],
        "fitted_on": {},
        "arms": None,
    } | changes
    return {name: value for name, value in stored.items() if value is not DELETE}


ARRAYS = {
    "1.weight": np.ones((1, 4, 64), dtype=np.float32),
    "scaling.shift": np.zeros(1, dtype=np.float32),
    "scaling.scale": np.ones(1, dtype=np.float32),
}


def test_what_the_next_tests_leave_out_is_what_is_missing(tmp_path):
    files.write_tensors(tmp_path / "a.safetensors", ARRAYS, metadata())
    assert Checkpoint.load(tmp_path / "a.safetensors").replicates == [1]


@pytest.mark.parametrize("found", [None, 0, 2, "1"])
def test_another_format_is_named(tmp_path, found):
    path = tmp_path / "old.safetensors"
    files.write_tensors(path, ARRAYS, metadata(format=found))
    with pytest.raises(ValueError, match=rf"old\.safetensors: .*format {found}, expected {FORMAT}"):
        Checkpoint.load(path)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    path = tmp_path / "scores.safetensors"
    files.write_tensors(path, {"snr/1": ARRAYS["1.weight"]}, {"replicates": [1]})
    with pytest.raises(ValueError, match=r"scores\.safetensors: checkpoint of format None"):
        Checkpoint.load(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"scores\.safetensors: not a readable safetensors"):
        Checkpoint.load(path)


@pytest.mark.parametrize("missing", ["layers", "image", "replicates", "fitted_on", "arms"])
def test_metadata_that_is_missing_is_named(tmp_path, missing):
    path = tmp_path / "partial.safetensors"
    files.write_tensors(path, ARRAYS, metadata(**{missing: DELETE}))
    with pytest.raises(ValueError, match=rf"partial\.safetensors: .*{missing}"):
        Checkpoint.load(path)


@pytest.mark.parametrize("missing", list(ARRAYS))
def test_an_array_that_is_missing_is_named(tmp_path, missing):
    path = tmp_path / "partial.safetensors"
    arrays = {name: array for name, array in ARRAYS.items() if name != missing}
    files.write_tensors(path, arrays, metadata())
    with pytest.raises(ValueError, match=rf"partial\.safetensors: .*{missing}"):
        Checkpoint.load(path)
