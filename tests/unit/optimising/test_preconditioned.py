"""Preconditioned SGD: its noise estimate, its steps, and what must never move."""

import numpy as np
import pytest
import torch

from prunescape.fitting import training
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising import first_images
from prunescape.optimising.objectives import Batch, objective
from prunescape.optimising.preconditioned import NoiseCovariance, PreconditionedSGD, preconditioner
from tests.helpers import factories

SETTINGS = {
    "kind": "psgd",
    "floor": 0.001,
    "scale": 0.1,
    "normalisation": "images",
    "start": "measured",
}
PERCEPTRON = [
    {"kind": "linear", "units": 19},
    {"kind": "tanh"},
    {"kind": "linear", "units": 4},
]
ONE_WEIGHT = {"1.weight": (1, 3)}


def gradients(steps, shape=(2, 64)):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(steps, 2, *shape, generator=generator)


@pytest.mark.parametrize("start", [0, 9])
def test_noise_covariance_is_updated_as_in_a_plain_loop(start):
    noise = NoiseCovariance(torch.zeros(2, 64), start)
    expected, t = np.zeros((2, 64)), start
    for first, mean in gradients(30):
        noise.update(first.clone(), mean)
        t += 1
        kappa = 1 / t
        expected = (1 - kappa) * expected + kappa * (first - mean).double().numpy() ** 2
    np.testing.assert_allclose(noise.values, expected, rtol=2e-6)
    assert noise.t == start + 30


def test_noise_covariance_from_no_batch_is_the_mean_of_the_squares():
    noise = NoiseCovariance(torch.zeros(2, 64))
    pairs = gradients(50)
    for first, mean in pairs:
        noise.update(first.clone(), mean)
    squares = (pairs[:, 0] - pairs[:, 1]).square()
    torch.testing.assert_close(noise.values, squares.mean(0), rtol=1e-5, atol=0)


def by_hand(settings, count, *, images=50, batch_size=4):
    """Take `count` steps with g_1 = 3 everywhere and g_S = (1, -1, 0); return the weights."""
    ensemble = Ensemble(ONE_WEIGHT, 1, torch.device("cpu"))
    optimiser = PreconditionedSGD(ensemble, SETTINGS | settings, images, batch_size)
    weight = ensemble.tensors["1.weight"]
    for _ in range(count):
        optimiser.first["1.weight"].fill_(3)
        ensemble.gradients["1.weight"].copy_(torch.tensor([[[1.0, -1.0, 0.0]]]))
        optimiser.step()
    return weight.detach().flatten().tolist()


def test_a_step_by_hand():
    # C = (4, 16, 9), of which the floor leaves 10, 16, 10; H = 0.5 * 2 * 4 / 50 / C.
    settings = {"floor": 10.0, "scale": 0.5}
    assert by_hand(settings, 9) == [0, 0, 0]
    assert by_hand(settings, 10) == pytest.approx([-0.08 / 10, 0.08 / 16, 0])
    assert by_hand(settings, 12) == pytest.approx([-3 * 0.08 / 10, 3 * 0.08 / 16, 0])


def test_the_public_normalisation_divides_by_the_number_of_parameters():
    settings = {"floor": 1e-6, "scale": 0.01, "normalisation": "parameters"}
    assert by_hand(settings, 10) == pytest.approx([-0.08 / 3 / 4, 0.08 / 3 / 16, 0])


def test_the_zero_start_divides_the_first_step_by_a_tenth_of_one_square():
    settings = {"floor": 1e-6, "scale": 1.0, "start": "zero"}
    assert by_hand(settings, 1) == pytest.approx([-0.16 / 0.4, 0.16 / 1.6, 0])
    # C_11 = (1 - 1 / 11) C_10 + square / 11 = 2 / 11 of a square.
    assert by_hand(settings, 2) == pytest.approx(
        [-0.16 / 0.4 - 0.16 * 11 / 8, 0.16 / 1.6 + 0.16 * 11 / 32, 0]
    )


def test_preconditioner_is_what_a_step_multiplies_by():
    settings = SETTINGS | {"floor": 10.0, "scale": 0.5}
    noise = torch.tensor([4.0, 16.0])
    found = preconditioner(noise, settings, parameters=3, images=50, batch_size=4)
    moved = by_hand(settings, 10)
    torch.testing.assert_close(found, torch.tensor([-moved[0], moved[1]]))


class Run:
    """An ensemble of perceptrons and the loop that trains it."""

    def __init__(self, replicates, mask=None, **changes):
        self.images, self.labels = factories.uint8_images(100), factories.classes(100)
        self.scaling = Scaling.fit("signed", self.images)
        self.network = Network(PERCEPTRON, (1, 8, 8))
        self.goal = objective(self.network, {"kind": "likelihood"})
        self.ensemble = Ensemble(self.network.shapes, len(replicates), torch.device("cpu"))
        start = training.initial_weights(
            self.network, {"distribution": "he_uniform"}, (1, "study"), replicates
        )
        self.ensemble.load(start)
        if mask is not None:
            mask = self.flat_mask(mask)
            self.ensemble.hold(mask)
        self.optimiser = PreconditionedSGD(self.ensemble, SETTINGS | changes, 100, 20, mask)
        self.replicates = replicates
        self.done = 0

    def flat_mask(self, masks):
        mask = torch.ones_like(self.ensemble.flat)
        for name, view in self.ensemble.views(mask).items():
            if name in masks:
                view.copy_(torch.from_numpy(masks[name]))
        return mask

    def train(self, steps):
        inputs, order = self.scaling(self.images), None
        for _ in range(steps):
            epoch, position = divmod(self.done, 5)
            if order is None or position == 0:
                order = training.batch_order(100, (1, "study"), self.replicates, epoch)
            chosen = order[:, 20 * position : 20 * position + 20]
            batch = Batch(inputs[chosen], self.labels[chosen])
            first_images.descend(self.goal, self.ensemble, batch, self.optimiser.first)
            self.optimiser.step()
            self.done += 1
        return self

    def arrays(self):
        state = {name: value.numpy().copy() for name, value in self.optimiser.state().items()}
        return self.ensemble.arrays() | state


def test_training_equals_a_plain_loop_in_double_precision():
    run = Run([1, 2]).train(14)
    start = training.initial_weights(run.network, {"distribution": "he_uniform"}, (1, "study"), [2])
    weights = [
        torch.from_numpy(start[name]).double().requires_grad_() for name in run.network.shapes
    ]
    noise = [torch.zeros_like(weight) for weight in weights]
    images = run.scaling(run.images).double()
    for step in range(14):
        epoch, position = divmod(step, 5)
        chosen = training.batch_order(100, (1, "study"), [2], epoch)[0].split(20)[position]

        def slopes(which):
            hidden = torch.tanh(images[which].flatten(1) @ weights[0][0].T + weights[1][0])
            logits = hidden @ weights[2][0].T + weights[3][0]
            loss = torch.nn.functional.cross_entropy(logits, run.labels[which])
            return torch.autograd.grad(loss, weights)

        pairs = zip(slopes(chosen[:1]), slopes(chosen), strict=True)
        for weight, covariance, (first, mean) in zip(weights, noise, pairs, strict=True):
            covariance.mul_(step / (step + 1)).add_((first - mean) ** 2 / (step + 1))
            if step >= 9:
                weight.data -= 0.1 * 2 * 20 / 100 * mean / covariance.clamp_min(0.001)
    found = run.arrays()
    for name, weight, covariance in zip(run.network.shapes, weights, noise, strict=True):
        np.testing.assert_allclose(found[name][1], weight.detach()[0], rtol=0, atol=2e-5)
        np.testing.assert_allclose(found[f"{name}.noise"][1], covariance[0], rtol=1e-3, atol=1e-9)
        assert not np.array_equal(found[name][1], start[name][0])


def test_fit_trains_with_it_and_returns_its_state():
    run = Run([1, 2]).train(15)
    settings = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": SETTINGS,
        "batch_size": 20,
        "epochs": 3,
    }
    found = training.fit(
        run.network, run.scaling, run.images, run.labels, settings, (1, "study"), [1, 2]
    ).arrays
    expected = run.arrays()
    assert found.keys() == {*expected, "history.loss"}
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize("start", ["measured", "zero"])
def test_a_cut_changes_no_bit(start):
    uncut = Run([1, 2, 3], start=start).train(60).arrays()
    cut = Run([1, 2, 3], start=start).train(7)
    for _ in range(2):
        before = cut.arrays()
        cut_again = Run([1, 2, 3], start=start)
        cut_again.ensemble.load({name: before[name] for name in cut.network.shapes})
        cut_again.optimiser.load(before)
        cut_again.done = cut.done
        cut = cut_again.train(20)
    for name, value in cut.train(13).arrays().items():
        np.testing.assert_array_equal(value, uncut[name], err_msg=name)


def test_masked_weights_never_move_and_their_noise_stays():
    trained = Run([1, 2]).train(20).arrays()
    network = Network(PERCEPTRON, (1, 8, 8))
    masks = {f"{n}.weight": mask for n, mask in factories.masks(network, 2).items()}
    masks["2.bias"] = np.array([[1, 0, 0, 1]] * 2, dtype=bool)
    run = Run([1, 2], masks)
    run.ensemble.load({name: trained[name] for name in network.shapes})
    run.optimiser.load(trained)
    found = run.train(200).arrays()
    for name in network.shapes:
        learns = masks.get(name, np.ones_like(trained[name], dtype=bool))
        for part in (name, f"{name}.noise"):
            same = found[part] == trained[part]
            assert same[~learns].all(), part
            assert same[learns].mean() < 0.02, part


@pytest.mark.slow
def test_a_member_does_not_depend_on_its_company_after_2000_steps():
    networks = range(1, 6)
    masks = {f"{n}.weight": m for n, m in factories.masks(Run([1]).network, 5).items()}

    def of(*members):
        return {name: mask[[m - 1 for m in members]] for name, mask in masks.items()}

    together = Run(list(networks), of(*networks)).train(2000).arrays()
    alone = Run([4], of(4)).train(2000).arrays()
    pair = Run([5, 4], of(5, 4)).train(2000).arrays()
    for name in Run([1]).network.shapes:
        for part in (name, f"{name}.noise"):
            np.testing.assert_array_equal(together[part][3], alone[part][0], err_msg=part)
            np.testing.assert_array_equal(together[part][3], pair[part][1], err_msg=part)
            assert not np.array_equal(together[part][3], together[part][2]), part
