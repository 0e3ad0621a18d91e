"""Products with the Hessian and its diagonal, against a Hessian made entry by entry."""

from itertools import product

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import curvature, image_gradients
from prunescape.scoring.gradients import full_gradient
from tests.helpers.factories import CONVOLUTIONAL, classes, member, parameters, uint8_images

SMALL = [{"kind": "linear", "units": 2}, {"kind": "tanh"}, {"kind": "linear", "units": 3}]
IMAGES, LABELS = uint8_images(12, (1, 1, 2)), classes(12, 3)
NETWORK = Network(SMALL, (1, 1, 2))
SCALING = Scaling.fit("signed", IMAGES)
VALUES = {name: value.double() for name, value in parameters(NETWORK, 2).items()}
SCALED = SCALING(IMAGES)[None].double()


def likelihood(network=NETWORK):
    return Likelihood(network, {"kind": "likelihood"})


def hessian(values, names):
    """Return the Hessian of one network's mean loss, [P, P], by autograd."""
    shapes = [values[name].shape for name in names]
    flat = torch.cat([values[name].flatten() for name in names])

    def loss(flat):
        parts = flat.split([shape.numel() for shape in shapes])
        given = {n: p.view(s) for n, p, s in zip(names, parts, shapes, strict=True)}
        logits = NETWORK.logits(SCALED, {**values, **given})
        return torch.nn.functional.cross_entropy(logits[0], LABELS)

    return torch.autograd.functional.hessian(loss, flat)


def flat(tensors):
    return torch.cat([value.flatten() for value in tensors.values()])


@pytest.mark.parametrize("names", [list(VALUES), ["1.weight", "2.weight"]])
def test_a_product_is_that_of_the_whole_matrix(names):
    generator = torch.Generator().manual_seed(3)
    vector = {n: torch.randn(VALUES[n].shape, generator=generator).double() for n in names}
    multiply = curvature.of_batch(likelihood(), VALUES, SCALED, LABELS, names)
    found = multiply(vector)
    for r in range(2):
        expected = hessian(member(VALUES, r), names) @ flat(member(vector, r))
        torch.testing.assert_close(flat(member(found, r)), expected)


def test_all_signs_give_the_exact_diagonal():
    names = ["1.weight", "2.weight"]
    sizes = [VALUES[name][0].numel() for name in names]

    def vectors():
        for signs in product((-1.0, 1.0), repeat=sum(sizes)):
            parts = torch.tensor(signs).double().split(sizes)
            yield {
                n: p.view(1, *VALUES[n].shape[1:]).expand_as(VALUES[n])
                for n, p in zip(names, parts, strict=True)
            }

    multiply = curvature.of_batch(likelihood(), VALUES, SCALED, LABELS, names)
    found = curvature.mean_over(vectors(), multiply)
    for r in range(2):
        expected = hessian(member(VALUES, r), names).diagonal()
        torch.testing.assert_close(flat(member(found, r)), expected)


def test_random_signs_come_close_to_the_diagonal(monkeypatch):
    monkeypatch.setattr(curvature, "DRAWS", 400)
    names = ["1.weight", "2.weight"]
    values = parameters(NETWORK, 2)
    streams = [(1, "study", "hessian", r) for r in (1, 2)]
    given = likelihood(), values, SCALING, IMAGES, LABELS, names, streams
    found = curvature.diagonal(*given)
    for r in range(2):
        exact = hessian(member({n: v.double() for n, v in values.items()}, r), names)
        others = exact.square().sum(1) - exact.diagonal().square()
        error = flat(member(found, r)) - exact.diagonal()
        # 10 estimates, each within 4 standard deviations of its mean.
        assert (error.abs() <= 4 * (others / 400).sqrt() + 1e-6).all()
    alone = curvature.diagonal(*given[:1], member(values, 1), *given[2:6], streams[1:])
    assert all(torch.equal(alone[name], found[name][1:]) for name in names)


def test_without_hidden_layers_the_hessian_is_the_gauss_newton_matrix(monkeypatch):
    monkeypatch.setattr(curvature, "DRAWS", 3000)
    images, network = uint8_images(8, (1, 1, 2)), Network(SMALL[2:], (1, 1, 2))
    values, goal = parameters(network, 1), Likelihood(network, {"kind": "likelihood"})
    exact = image_gradients.expected_squares(goal, values, SCALING, images)["1"]
    given = goal, values, SCALING, images, classes(8, 3), ["1.weight"], [(1, "s", 1)]
    found = curvature.diagonal(*given)["1.weight"]
    torch.testing.assert_close(found, exact, rtol=0.2, atol=0.02)


def test_pieces_count_by_how_many_images_they_have(monkeypatch):
    values = parameters(NETWORK, 2)
    given = likelihood(), values, SCALING, IMAGES, LABELS
    slopes = full_gradient(*given)
    whole = curvature.product(*given, slopes)
    monkeypatch.setattr(curvature, "CHUNK", 5)
    for name, value in curvature.product(*given, slopes).items():
        torch.testing.assert_close(value, whole[name], rtol=1e-4, atol=1e-6)


def test_convolutions_have_second_derivatives_too():
    images, network = uint8_images(6), Network(CONVOLUTIONAL, (1, 8, 8))
    values, goal = parameters(network, 1), likelihood(network)
    scaling, labels = Scaling.fit("signed", images), classes(6)
    slopes = full_gradient(goal, values, scaling, images, labels)
    found = curvature.product(goal, values, scaling, images, labels, slopes)
    doubled = {name: value.double() for name, value in values.items()}
    step = 1e-5  # H g by central differences of the gradient, in float64

    def gradient(sign):
        leaves = {
            name: (value + sign * step * slopes[name]).requires_grad_()
            for name, value in doubled.items()
        }
        logits = network.logits(scaling(images)[None].double(), leaves)
        loss = torch.nn.functional.cross_entropy(logits[0], labels)
        return torch.autograd.grad(loss, list(leaves.values()))

    for name, up, down in zip(doubled, gradient(1), gradient(-1), strict=True):
        expected = ((up - down) / (2 * step)).float()
        torch.testing.assert_close(found[name], expected, rtol=1e-2, atol=1e-4)
