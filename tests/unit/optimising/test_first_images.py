"""The gradients of first images against a pass of their own."""

import pytest
import torch

from prunescape.fitting.initial_weights import initial_weights
from prunescape.networks import architectures
from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import first_images
from prunescape.optimising.objectives import Batch, objective
from tests.helpers import factories
from tests.helpers.places import ROOT

MODULES = ROOT / "tests/helpers/modules.py"
PERCEPTRON = [
    {"kind": "linear", "units": 6, "bias": False},
    {"kind": "tanh"},
    {"kind": "linear", "units": 1},
    {"kind": "linear", "units": 4},
]
CONVOLUTIONS = [
    {"kind": "conv", "filters": 3, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "k_winners", "k": 9, "boost": {"strength": 1.5, "factor": 0.9}},
    {"kind": "conv", "filters": 2, "size": 2, "bias": False},
    {"kind": "relu"},
    {"kind": "conv", "filters": 5, "size": 2},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]


def case(described, members, size):
    network = architectures.network(described, (1, 8, 8))
    ensemble = Ensemble(
        network.shapes, members, torch.device("cpu"), network.initial_buffers(members)
    )
    drawn = {"distribution": "he_uniform"}
    ensemble.load(initial_weights(network, drawn, (1, "study"), list(range(members))))
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(members, size, 1, 8, 8, generator=generator)
    labels = factories.classes(members * size).view(members, size)
    return network, ensemble, Batch(images, labels)


@pytest.mark.parametrize("softmax", ["once", "twice"])
@pytest.mark.parametrize(
    "described", [PERCEPTRON, CONVOLUTIONS, f"{MODULES}:perceptron"], ids=["mlp", "conv", "module"]
)
@pytest.mark.parametrize("size", [1, 7])
def test_gradients_are_those_of_two_passes(described, softmax, size):
    network, ensemble, batch = case(described, 3, size)
    goal = objective(network, {"kind": "likelihood", "softmax": softmax})
    expected = []
    for images in (batch.first, batch):
        _, other, _ = case(described, 3, size)
        losses = goal.loss(other.values, images, training=True)
        slopes = torch.autograd.grad(losses.sum(), list(other.tensors.values()))
        expected.append(dict(zip(other.tensors, slopes, strict=True)))
    buffer = torch.full_like(ensemble.flat, float("nan"))
    first = ensemble.views(buffer)
    found = first_images.descend(goal, ensemble, batch, first)
    torch.testing.assert_close(found, losses.detach())
    assert not found.requires_grad
    torch.testing.assert_close(first, expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ensemble.gradients, expected[1], rtol=1e-4, atol=1e-6)
    if size > 1:
        assert not torch.allclose(first["1.weight"], ensemble.gradients["1.weight"])


def test_a_batch_counts_once_for_duty_cycles():
    network, ensemble, batch = case(CONVOLUTIONS, 2, 7)
    goal = objective(network, {"kind": "likelihood"})
    first_images.descend(goal, ensemble, batch, ensemble.views(torch.zeros_like(ensemble.flat)))
    assert ensemble.buffers["1.seen"].tolist() == [7, 7]
