"""Products: the values and slopes of autograd's own, however weights lie and zeros are skipped."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.fitting import training
from prunescape.networks import products
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers import fits

# Images, and of each of three members the share of its inputs that are zero in all of them.
SHARES = [(64, [0.9, 0.5, 0.0]), (64, [1.0, 0.97, 0.2]), (7, [0.9, 0.5, 0.7])]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Let few inputs be passed over: eight of 40 are a whole number of them."""
    monkeypatch.setattr(products, "WHOLE", 8)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def input_major(weight):
    """Return weights [R, out, in] that lie input by input."""
    return weight.mT.contiguous().mT


def multiply(inputs, weight):
    return products.multiply(inputs, weight, input_major=True)


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
        (multiply, input_major(weight)),
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
    weight = input_major(drawn(3, 9, 40, seed=3)).requires_grad_()
    weight.slope = input_major(torch.full((3, 9, 40), torch.nan))  # of the step before
    outputs = multiply(inputs, weight)
    assert multiplied == [8, 24, 40]  # of 4, 20 and 40 active ones
    (slope,) = torch.autograd.grad(outputs.square().sum(), [weight])
    assert slope.data_ptr() == weight.slope.data_ptr()
    silent = (inputs == 0).all(1)
    assert ((slope == 0).all(1) == silent).all()


@pytest.mark.parametrize(("images", "shares"), SHARES)
def test_a_members_bits_do_not_depend_on_its_company(images, shares):
    inputs, _ = after_winners(images, shares)
    weight, slopes = drawn(3, 9, 40, seed=3), drawn(3, images, 9, seed=4)

    def run(members):
        leaves = [
            inputs[members].clone().requires_grad_(),
            input_major(weight[members]).requires_grad_(),
        ]
        outputs = multiply(*leaves)
        return [outputs, *torch.autograd.grad((outputs * slopes[members]).sum(), leaves)]

    together = run(slice(None))
    for r in range(3):
        own = slice(r, r + 1)
        assert all(torch.equal(a[own], b) for a, b in zip(together, run(own), strict=True))


@pytest.mark.parametrize("units", [1, 5, 12, 300])
@pytest.mark.parametrize("images", [2, 5, 9, 32])
@pytest.mark.parametrize("inputs", [1, 9, 37, 400])
def test_batched_products_are_torchs_and_a_members_own(units, images, inputs):
    left, right = drawn(5, units, inputs), drawn(5, inputs, images, seed=1)
    together = products.batched(left, right)
    torch.testing.assert_close(together, left @ right, rtol=1e-4, atol=1e-4)
    for r in range(5):
        own = slice(r, r + 1)
        assert torch.equal(together[own], products.batched(left[own], right[own]))


@pytest.fixture
def digits():
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 200))
    return torch.from_numpy(generator.integers(0, 256, (200, 1, 8, 8), dtype=np.uint8)), labels


def train(data, layers, replicates, objective, optimiser):
    settings = {
        "objective": objective,
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": optimiser,
        "batch_size": 40,
        "epochs": 3,
    }
    network, scaling = Network(layers, (1, 8, 8)), Scaling.fit("unit", data[0])
    return training.fit(network, scaling, *data, settings, (1, "study"), replicates).arrays


SLOW = fits.MOMENTUM | {"learning_rate": 0.01}
LAYERS = [{k: v for k, v in layer.items() if k != "nonzero"} for layer in fits.SPARSE]


@pytest.mark.parametrize(
    ("layers", "objective", "optimiser"),
    [
        (LAYERS, fits.POINT, SLOW),
        (LAYERS, fits.POSTERIOR, SLOW),
        (fits.SPARSE, fits.POINT, SLOW),
        (fits.SPARSE, fits.POINT, fits.PSGD),
    ],
    ids=["point", "sampled activations", "sparse weights", "preconditioned SGD"],
)
def test_training_does_not_see_how_weights_lie(digits, monkeypatch, layers, objective, optimiser):
    found = {}
    for large in (100, 10_000):
        monkeypatch.setattr(products, "LARGE", large)
        assert Network(layers, (1, 8, 8)).input_major == ({"2.weight"} if large == 100 else set())
        found[large] = train(digits, layers, [1, 2, 3], objective, optimiser)
    for name, value in found[10_000].items():
        np.testing.assert_allclose(found[100][name], value, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("objective", "optimiser"),
    [
        (fits.POINT, SLOW),
        (fits.POINT, fits.PSGD),
        (fits.POSTERIOR, SLOW),
        (fits.POSTERIOR | {"sampling": "weights"}, SLOW),
    ],
    ids=["point", "preconditioned SGD", "sampled activations", "sampled weights"],
)
def test_trained_members_are_their_own_and_lie_as_they_are_named(
    digits, monkeypatch, objective, optimiser
):
    monkeypatch.setattr(products, "LARGE", 100)
    layers = fits.SPARSE if objective is fits.POINT else LAYERS
    together = train(digits, layers, [1, 2, 3], objective, optimiser)
    alone = train(digits, layers, [2], objective, optimiser)
    for name, value in together.items():
        assert np.array_equal(value[1], alone[name][0]), name
        assert value.flags.c_contiguous, name


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


@pytest.mark.parametrize("channels", [1, 2])
def test_convolutions_are_as_precise_as_their_numbers(channels):
    generator = torch.Generator().manual_seed(3)
    shapes = [(4, channels, 9, 9), (3, channels, 2, 2), (3,)]
    images, weight, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes
    )
    weight.requires_grad_()
    found = products.convolve(images, weight, bias, 2)
    windows = torch.nn.functional.unfold(images, 2)
    plain = (weight.flatten(1) @ windows + bias[:, None]).view(4, 3, 8, 8)
    plain = plain.unflatten(3, (4, 2)).unflatten(2, (4, 2)).amax((3, 5))
    torch.testing.assert_close(found, plain, rtol=1e-12, atol=1e-12)
    (slope,) = torch.autograd.grad(found.sum(), weight)
    torch.testing.assert_close(
        slope, torch.autograd.grad(plain.sum(), weight)[0], rtol=1e-10, atol=1e-10
    )
