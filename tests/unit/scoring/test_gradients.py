"""The full gradient is the mean over all images, whatever the pieces and the company."""

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import gradients
from tests.helpers.factories import (
    CONVOLUTIONAL,
    PERCEPTRON,
    classes,
    member,
    parameters,
    uint8_images,
)

IMAGES, LABELS = uint8_images(30), classes(30)
SCALING = Scaling.fit("signed", IMAGES)


def gradient(network, values, images=IMAGES, labels=LABELS):
    goal = Likelihood(network, {"kind": "likelihood", "softmax": "once"})
    return gradients.full_gradient(goal, values, SCALING, images, labels)


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL], ids=["perceptron", "filters"])
def test_it_is_autograds_of_the_mean_loss(layers):
    network = Network(layers, (1, 8, 8))
    values = parameters(network, 2)
    found = gradient(network, values)

    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    logits = network.logits(SCALING(IMAGES)[None], leaves)
    loss = sum(torch.nn.functional.cross_entropy(each, LABELS) for each in logits)
    slopes = torch.autograd.grad(loss, list(leaves.values()))
    assert found.keys() == leaves.keys()
    for name, slope in zip(leaves, slopes, strict=True):
        torch.testing.assert_close(found[name], slope, rtol=1e-4, atol=1e-6)


def test_pieces_count_by_how_many_images_they_have(monkeypatch):
    network = Network(PERCEPTRON, (1, 8, 8))
    values = parameters(network, 2)
    whole = gradient(network, values)
    monkeypatch.setattr(gradients, "CHUNK", 12)  # 12, 12 and 6 images
    for name, slope in gradient(network, values).items():
        torch.testing.assert_close(slope, whole[name], rtol=1e-4, atol=1e-6)


def test_a_member_has_the_same_bits_alone():
    network = Network(PERCEPTRON, (1, 8, 8))
    values = parameters(network, 3)
    together = gradient(network, values)
    alone = gradient(network, member(values, 1))
    assert all(torch.equal(together[name][1:2], alone[name]) for name in together)
