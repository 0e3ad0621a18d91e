from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from prunescape.foundations import files
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.scoring import input_moments
from tests.helpers.factories import CONVOLUTIONAL, PERCEPTRON, member, parameters, uint8_images
from tests.helpers.own_networks import MIXED, SHAPES

SIGNED = Scaling(torch.tensor(0.5), torch.tensor(0.5))


def convolve(images, weight, bias):
    """Return a convolution [N, out, H, W] and what each filter saw [N * positions, in, h, w]."""
    windows = sliding_window_view(images, weight.shape[2:], axis=(2, 3))
    outputs = np.einsum("nchwij,ocij->nohw", windows, weight) + bias[:, None, None]
    return outputs, windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, *weight.shape[1:])


def seen(values, images):
    """Return what the layers of `CONVOLUTIONAL` see in one network, by numpy in float64."""
    values = {name: value[0].numpy().astype(np.float64) for name, value in values.items()}
    outputs, first = convolve(images, values["1.weight"], values["1.bias"])
    height, width = (size // 2 for size in outputs.shape[2:])
    pooled = outputs[:, :, : 2 * height, : 2 * width]
    pooled = pooled.reshape(*pooled.shape[:2], height, 2, width, 2).max(axis=(3, 5))
    outputs, second = convolve(np.maximum(pooled, 0), values["2.weight"], np.zeros(5))
    third = np.tanh(outputs).reshape(len(images), -1)
    fourth = np.maximum(third @ values["3.weight"].T + values["3.bias"], 0)
    return {"1": first, "2": second, "3": third, "4": fourth}


@pytest.mark.parametrize("chunk", [1, 7, 22, 23, 1000])
def test_moments_equal_numpy_on_the_whole_data(monkeypatch, chunk):
    monkeypatch.setattr(input_moments, "CHUNK", chunk)  # 23 images: a last chunk of 2, and of 1
    network = Network(CONVOLUTIONAL, (2, 9, 8))
    ensemble = parameters(network, 2)
    images = uint8_images(23, (2, 9, 8))
    found = input_moments.input_moments(network, ensemble, SIGNED, images)
    assert list(found) == ["1", "2", "3", "4"]
    scaled = (images.numpy() / 255 - 0.5) / 0.5
    for r in range(2):
        for name, inputs in seen(member(ensemble, r), scaled).items():
            for moment, expected in zip(found[name], (inputs.mean(0), inputs.std(0)), strict=True):
                assert moment.dtype == torch.float32
                # All replicates see the same images, but each its own hidden units.
                assert moment.shape == (1 if name == "1" else 2, 1, *expected.shape)
                own = moment[r if name != "1" else 0, 0]
                np.testing.assert_allclose(own, expected, atol=3e-6)


def test_units_of_a_convolution_in_groups_see_their_groups_inputs():
    network = ModuleNetwork(MIXED, SHAPES[MIXED])
    values = {name: torch.from_numpy(value)[None] for name, value in network.start(1).items()}
    images = uint8_images(9, SHAPES[MIXED])
    found = input_moments.input_moments(network, values, SIGNED, images)["2"]
    seen = {}
    network.logits(SIGNED(images)[None], values, observe=lambda layer, x: seen.setdefault(layer, x))
    [(layer, inputs)] = [(each, x) for each, x in seen.items() if each.name == "2"]
    for unit in range(4):
        first = unit // 2 * 2  # of the two channels that the unit's group sees
        one = replace(layer, groups=1, shape=(1, 2, *layer.shape[2:]))
        windows = one.windows(inputs[:, :, first : first + 2])[0].flatten(0, 1)
        expected = windows.mean(0), windows.std(0, correction=0)
        for moment, each in zip(found, expected, strict=True):
            assert moment.shape == (1, *layer.shape)
            torch.testing.assert_close(moment[0, unit].flatten(), each)


def test_moments_of_a_perceptron():
    network = Network(PERCEPTRON, (1, 8, 8))
    ensemble = parameters(network, 3)
    images = uint8_images(1501)
    found = input_moments.input_moments(network, ensemble, SIGNED, images)
    pixels = ((images.numpy() / 255 - 0.5) / 0.5).reshape(1501, 64)
    hidden = np.tanh(
        pixels @ ensemble["1.weight"][2].numpy().T.astype(np.float64)
        + ensemble["1.bias"][2].numpy()
    )
    np.testing.assert_allclose(found["1"][0][0, 0], pixels.mean(0), atol=1e-6)
    np.testing.assert_allclose(found["1"][1][0, 0], pixels.std(0), atol=1e-6)
    np.testing.assert_allclose(found["2"][0][2, 0], hidden.mean(0), atol=1e-5)
    np.testing.assert_allclose(found["2"][1][2, 0], hidden.std(0), atol=1e-5)


def test_a_replicates_moments_do_not_depend_on_its_company():
    network = Network(CONVOLUTIONAL, (1, 8, 8))
    ensemble = parameters(network, 4)
    images = uint8_images(101)
    together = input_moments.input_moments(network, ensemble, SIGNED, images)
    alone = input_moments.input_moments(network, member(ensemble, 2), SIGNED, images)
    for name in together:
        for moment, own in zip(together[name], alone[name], strict=True):
            assert torch.equal(moment[2 if len(moment) > 1 else 0], own[0])


@pytest.mark.parametrize("kind", ["unit", "signed", "normalised", "raw"])
def test_a_constant_pixel_deviates_by_nothing_and_a_large_mean_costs_no_digits(kind):
    images = uint8_images(1257)
    images[:, 0, 0, :4] = torch.tensor([0, 37, 254, 255], dtype=torch.uint8)
    images[:, 0, 1, 0] = 254
    images[0, 0, 1, 0] = 255  # one in 1,257: deviation sqrt(1256) / 1257 grey levels
    network = Network(PERCEPTRON, (1, 8, 8))
    scaling = Scaling.fit(kind, images)
    _, deviation = input_moments.input_moments(network, parameters(network, 1), scaling, images)[
        "1"
    ]
    step = (1 / 255 / scaling.scale).item()
    assert (deviation[0, 0, :4] <= 1e-6 * step).all()
    assert deviation[0, 0, 8].item() == pytest.approx(step * np.sqrt(1256) / 1257, rel=1e-3)


def test_a_file_of_moments_and_back(tmp_path):
    network = Network(PERCEPTRON, (1, 8, 8))
    measured = input_moments.input_moments(network, parameters(network, 2), SIGNED, uint8_images(9))
    opened = {"train": "0123"}
    path = tmp_path / "moments.safetensors"
    files.write_tensors(path, input_moments.arrays(measured), {"opened": opened})
    back, on = input_moments.load(path, "cpu")
    assert on == opened
    assert list(back) == list(measured)
    for layer, pair in measured.items():
        for ours, theirs in zip(back[layer], pair, strict=True):
            assert torch.equal(ours, theirs)
    means = input_moments.means(back)
    assert all(torch.equal(means[layer], measured[layer][0]) for layer in measured)
