"""A checkpoint of given weights."""

import numpy as np
import pytest
import torch

from prunescape.data.image_tensors import ImageTensors
from prunescape.fitting import given_fits
from prunescape.fitting.checkpoints import Checkpoint
from tests.helpers.factories import uint8_images
from tests.helpers.given import saved, sequential

LAYERS = [{"kind": "linear", "units": 7}, {"kind": "tanh"}, {"kind": "linear", "units": 4}]
SETTINGS = {
    "scaling": "signed",
    "dtype": "float32",
    "objective": {"kind": "likelihood", "softmax": "once"},
}
SPLIT = ImageTensors(uint8_images(20), torch.arange(20) % 4, 4, {"train": "1" * 64})


def test_each_file_is_a_replicate_that_computes_what_its_module_does(tmp_path):
    first = sequential()
    second = sequential()
    with torch.no_grad():
        second[1].weight.mul_(2)
    paths = [
        saved(tmp_path / f"{name}.safetensors", module.state_dict())
        for name, module in (("a", first), ("b", second))
    ]
    made, lines = given_fits.fit(SPLIT, LAYERS, SETTINGS, paths, [3, 4])
    renumbered = "layers 1, 3 are the network's 1, 2"
    assert lines == [f"{path}: the weights of this network; {renumbered}" for path in paths]
    made.save(tmp_path / "checkpoint.safetensors")
    found = Checkpoint.load(tmp_path / "checkpoint.safetensors")
    assert (found.replicates, found.fitted_on) == ([3, 4], SPLIT.opened)
    images = found.scaling(SPLIT.images)
    logits = found.network.logits(images[None], found.parameters("cpu"))
    for member, module in enumerate((first, second)):
        expected = module(SPLIT.images.float() / 255 * 2 - 1)
        torch.testing.assert_close(logits[member], expected, rtol=0, atol=1e-5)


def test_a_posterior_is_kept_as_that_of_a_variational_fit(tmp_path):
    module = sequential()
    deviations = {f"{n}.weight.sigma": torch.full_like(module[n].weight, 0.1 * n) for n in (1, 3)}
    path = saved(tmp_path / "a.safetensors", module.state_dict() | deviations)
    settings = SETTINGS | {"objective": {"kind": "variational"}}
    found, _ = given_fits.fit(SPLIT, LAYERS, settings, [path], [1])
    sigma = found.tensors(".weight.sigma", torch.device("cpu"))
    assert {name: value.shape for name, value in sigma.items()} == {"1": (1, 7, 64), "2": (1, 4, 7)}
    np.testing.assert_allclose(sigma["2"], 0.3, rtol=1e-6)


def test_a_network_for_other_classes_is_refused(tmp_path):
    path = saved(tmp_path / "a.safetensors", sequential().state_dict())
    with pytest.raises(ValueError, match="has 4 units, expected one for each of the 10 classes"):
        given_fits.fit(
            ImageTensors(SPLIT.images, SPLIT.labels, 10, {}), LAYERS, SETTINGS, [path], [1]
        )
