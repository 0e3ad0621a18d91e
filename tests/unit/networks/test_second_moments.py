"""Second moments of layers' inputs, against inputs collected one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prunescape.networks import architectures, second_moments
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers.factories import CONVOLUTIONAL, PERCEPTRON, member, parameters, uint8_images
from tests.helpers.own_networks import MIXED, SHAPES

IMAGES = uint8_images(25)
SCALING = Scaling.fit("signed", IMAGES)


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL], ids=["perceptron", "filters"])
def test_they_are_the_mean_of_inputs_times_inputs(layers, monkeypatch):
    monkeypatch.setattr(second_moments, "CHUNK", 10)
    network = Network(layers, (1, 8, 8))
    values = parameters(network, 2)
    rows = {}
    network.logits(
        SCALING(IMAGES)[None],
        values,
        observe=lambda layer, x: rows.update({layer.name: layer.windows(x).flatten(1, 2)}),
    )
    found = second_moments.second_moments(network, values, SCALING, IMAGES)
    for layer in network.weighted:
        assert found[layer.name].shape[1] == 1
        for moments, inputs in zip(found[layer.name][:, 0], rows[layer.name], strict=True):
            x = inputs.double().numpy()
            np.testing.assert_allclose(moments.numpy(), x.T @ x / len(x), rtol=1e-5, atol=1e-6)
    alone = second_moments.second_moments(network, member(values, 1), SCALING, IMAGES)
    assert all(torch.equal(found[name][-1:], alone[name]) for name in found)


def test_the_inverse_is_that_of_moments_with_a_ridge():
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(2, 30, 5, generator=generator, dtype=torch.float64)
    rows[:, :, 3] = rows[:, :, 2]  # without the ridge there is no inverse
    moments = rows.mT @ rows / 30
    found = second_moments.inverse_diagonals(moments)
    for own, each in zip(found, moments, strict=True):
        ridged = each.numpy() + 0.01 * np.trace(each.numpy()) / 5 * np.eye(5)
        np.testing.assert_allclose(own.numpy(), np.diag(np.linalg.inv(ridged)))


def test_inputs_that_are_always_zero_have_an_inverse():
    found = second_moments.inverse_diagonals(torch.zeros(1, 3, 3, dtype=torch.float64))
    assert found.tolist() == [[1, 1, 1]]


def test_the_inverse_tells_what_a_weight_is_worth():
    """Without a weight, and with the others fitted anew, the squared error is w^2 / [H^-1]_qq."""
    generator = torch.Generator().manual_seed(2)
    rows = torch.randn(40, 4, generator=generator, dtype=torch.float64) + 1
    weight = torch.tensor([0.7, -1.2, 0.4, 2.0], dtype=torch.float64)
    moments = second_moments.with_ridge(rows.mT @ rows / 40)
    inverse = second_moments.inverse_diagonals((rows.mT @ rows / 40)[None])[0]
    for q in range(4):
        others = [i for i in range(4) if i != q]
        right = (moments @ weight)[others]
        solved = torch.linalg.solve(moments[others][:, others], right)
        change = torch.zeros(4, dtype=torch.float64)
        change[others] = solved
        change -= weight
        torch.testing.assert_close(change @ moments @ change, weight[q] ** 2 / inverse[q])


def test_units_of_a_convolution_in_groups_have_moments_of_their_own():
    network = architectures.network(MIXED, SHAPES[MIXED])
    start = network.start(1)
    values = {name: torch.as_tensor(value)[None] for name, value in start.items()}
    images = uint8_images(9, SHAPES[MIXED])
    seen = {}
    network.logits(SCALING(images)[None], values, observe=lambda layer, x: seen.update({layer: x}))
    [(layer, inputs)] = [(layer, x) for layer, x in seen.items() if layer.groups > 1]
    found = second_moments.second_moments(network, values, SCALING, images)[layer.name]
    channels = layer.shape[1]
    assert found.shape[:2] == (1, layer.groups)
    for group in range(layer.groups):
        one = replace(layer, groups=1)
        own = inputs[:, :, group * channels : (group + 1) * channels]
        x = one.windows(own)[0].flatten(0, 1).double()
        torch.testing.assert_close(found[0, group], x.mT @ x / len(x))
