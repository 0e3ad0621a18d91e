"""The empirical Fisher information is the mean of single images' squared gradients."""

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import fisher, gradients
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    classes,
    parameters,
    uint8_images,
)

IMAGES, LABELS = uint8_images(24), classes(24)
SCALING = Scaling.fit("unit", IMAGES)


def goal_of(network):
    return Likelihood(network, {"kind": "likelihood", "softmax": "once"})


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
def test_it_is_the_mean_of_one_images_squared_gradient(layers, monkeypatch):
    monkeypatch.setattr(fisher, "CHUNK", 10)  # 10, 10 and 4 images
    monkeypatch.setattr(fisher, "PIECE", 3)
    network = Network(layers, (1, 8, 8))
    values, goal = parameters(network, 2), goal_of(network)
    found = fisher.diagonal(goal, values, SCALING, IMAGES, LABELS)

    single = [
        gradients.full_gradient(goal, values, SCALING, IMAGES[n : n + 1], LABELS[n : n + 1])
        for n in range(len(IMAGES))
    ]
    assert list(found) == [layer.name for layer in network.weighted]
    for layer in network.weighted:
        each = torch.stack([slopes[f"{layer.name}.weight"] for slopes in single])
        assert found[layer.name].shape == (2, *layer.shape)
        expected = each.square().mean(0)
        torch.testing.assert_close(found[layer.name], expected, rtol=2e-4, atol=1e-9)
        # It is no square of the mean gradient, which would be far smaller.
        assert (found[layer.name].sum() > 2 * each.mean(0).square().sum()).item()
