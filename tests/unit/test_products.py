"""Products: the values and slopes of autograd's own, however weights lie and zeros are skipped."""

import fits
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape import products, training
from prunescape.networks import Network
from prunescape.scaling import Scaling

# Images, and of each of three members the share of its inputs that are zero in all of them.
SHARES = [(64, [0.9, 0.5, 0.0]), (64, [1.0, 0.97, 0.2]), (7, [0.9, 0.5, 0.7])]


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def by_input(weight):
    """Return weights [R, out, in] that lie input by input."""
    return weight.mT.contiguous().mT


def multiply(inputs, weight):
    return products.multiply(inputs, weight, by_input=True)


def after_winners(images, shares, inputs=40):
    """Return inputs [3, B, inputs] of which some are zero in all images, and others here and there.

    Beside them, where a unit may have won: it has a value other than zero.
    """
    silent = (
        drawn(3, 1, inputs, seed=1).argsort(2).argsort(2)
        < torch.tensor(shares).view(3, 1, 1) * inputs
    )
    lost = silent | (drawn(3, images, inputs, seed=2) < 0)
    return drawn(3, images, inputs).masked_fill(lost, 0), ~lost


@pytest.mark.parametrize(("images", "shares"), SHARES)
def test_skipping_inactive_inputs_leaves_products_and_slopes(images, shares):
    inputs, won = after_winners(images, shares)
    weight, slopes = drawn(3, 9, 40, seed=3), drawn(3, images, 9, seed=4)
    pairs = []
    for product, own in (
        (multiply, by_input(weight)),
        (lambda x, w: torch.einsum("rbi,roi->rbo", x, w), weight.clone()),
    ):
        leaves = [inputs.clone().requires_grad_(), own.requires_grad_()]
        outputs = product(*leaves)
        by_inputs, by_weight = torch.autograd.grad((outputs * slopes).sum(), leaves)
        pairs.append([outputs, by_inputs * won, by_weight])
    torch.testing.assert_close(*pairs, rtol=1e-4, atol=1e-5)


def test_few_columns_are_multiplied_and_the_others_have_slopes_of_exactly_zero(monkeypatch):
    inputs, _ = after_winners(64, [0.9, 0.5, 0.0])
    multiplied = []
    product = torch.mm

    def counting(left, right, **where):
        multiplied.append(left.shape[1])
        return product(left, right, **where)

    monkeypatch.setattr(torch, "mm", counting)
    weight = by_input(drawn(3, 9, 40, seed=3)).requires_grad_()
    weight.slope = by_input(torch.full((3, 9, 40), torch.nan))  # of the step before
    outputs = multiply(inputs, weight)
    assert multiplied == [4, 20, 40]
    (slope,) = torch.autograd.grad(outputs.square().sum(), [weight])
    assert slope.data_ptr() == weight.slope.data_ptr()
    silent = (inputs == 0).all(1)
    assert ((slope == 0).all(1) == silent).all()


@pytest.mark.parametrize(("images", "shares"), SHARES)
def test_a_members_bits_do_not_depend_on_its_company(images, shares):
    inputs, _ = after_winners(images, shares)
    weight = by_input(drawn(3, 9, 40, seed=3))
    together = multiply(inputs, weight)
    for r in range(3):
        alone = multiply(inputs[r : r + 1], by_input(weight[r : r + 1].contiguous()))
        assert torch.equal(together[r : r + 1], alone)


@pytest.fixture
def digits():
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 200))
    return torch.from_numpy(generator.integers(0, 256, (200, 1, 8, 8), dtype=np.uint8)), labels


@pytest.mark.parametrize("objective", [fits.POINT, fits.POSTERIOR], ids=["point", "posterior"])
def test_training_does_not_see_how_weights_lie(digits, monkeypatch, objective):
    layers = [{k: v for k, v in layer.items() if k != "nonzero"} for layer in fits.SPARSE]
    settings = {
        "objective": objective,
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": fits.MOMENTUM | {"learning_rate": 0.01},
        "batch_size": 40,
        "epochs": 2,
    }
    found = {}
    for large in (100, 10_000):
        monkeypatch.setattr(products, "LARGE", large)
        network = Network(layers, (1, 8, 8))
        assert network.by_input == ({"2.weight"} if large == 100 else set())
        scaling = Scaling.fit("unit", digits[0])
        found[large] = training.fit(
            network, scaling, *digits, settings, (1, "study"), [1, 2]
        ).arrays
    assert found[100].keys() == found[10_000].keys()
    for name, value in found[100].items():
        np.testing.assert_allclose(value, found[10_000][name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [1, 2])
def test_a_convolution_of_one_channel_has_the_slopes_of_autograd(bias, size):
    images, weight = drawn(6, 1, 11, 9), drawn(4, 1, 3, 2, seed=1)
    leaves = [weight, drawn(4, seed=2)] if bias else [weight]
    pairs = []
    for convolve in (
        lambda *given: products.convolve(images, given[0], (*given, None)[1], size),
        lambda *given: products.pool(F.conv2d(images, *given), size),
    ):
        own = [leaf.clone().requires_grad_() for leaf in leaves]
        outputs = convolve(*own)
        pairs.append([outputs, *torch.autograd.grad((outputs**3).sum(), own)])
    torch.testing.assert_close(*pairs, rtol=1e-4, atol=1e-4)
