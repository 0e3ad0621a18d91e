"""Objectives: the loss that is minimised, sampled as the papers say."""

import math

import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.optimising.objectives import Batch, Variational, cross_entropy, objective
from tests.helpers.fits import AT_ONCE

SETTINGS = AT_ONCE | {"prior": "gaussian", "sigma": {"parameter": "log", "initial": 0.3}}


def variational(**changes):
    network = Network([{"kind": "linear", "units": 3}], (1, 2, 2))
    goal = Variational(network, SETTINGS | changes)
    ensemble = Ensemble(goal.shapes, 2, torch.device("cpu"))
    generator = torch.Generator().manual_seed(3)
    ensemble.load({"1.weight": torch.randn(2, 3, 4, generator=generator)})
    goal.initialise(ensemble, [(1, "sigmas", 1), (1, "sigmas", 2)])
    return goal, ensemble


def generators():
    return [torch.Generator().manual_seed(seed) for seed in (5, 6)]


def test_cross_entropy_is_the_mean_of_each_member():
    logits = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[100.0, 0.0], [0.0, 100.0]]])
    found = cross_entropy(logits, torch.tensor([[0, 1], [0, 1]]))
    torch.testing.assert_close(found, torch.tensor([math.log(2), 0.0]))


def test_local_reparameterisation_has_the_moments_of_sampled_weights():
    """Kingma et al. (2015): outputs given the inputs have the same distribution either way."""
    goal, ensemble = variational()
    layer = goal.network.weighted[0]
    images = torch.rand(2, 1, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    mu = ensemble.tensors["1.weight"].detach()
    sigma = torch.full_like(mu, 0.3)
    draws = 200_000
    streams = generators()
    many = images.expand(2, draws, 1, 2, 2)
    by_activation = goal._sample_activations(layer, many, mu, sigma.square(), streams)
    weights = mu[:, None] + sigma[:, None] * torch.randn(
        2, draws, 3, 4, generator=torch.Generator().manual_seed(2)
    )
    by_weight = torch.einsum("rboi,ri->rbo", weights, images.flatten(1))
    error = 0.3 * images.flatten(1).norm(dim=1).max().item() / math.sqrt(draws)
    assert (by_activation.mean(1) - by_weight.mean(1)).abs().max() < 6 * error
    torch.testing.assert_close(by_activation.var(1), by_weight.var(1), rtol=0.02, atol=0)


def test_weight_sampling_uses_one_sample_for_the_batch():
    goal, ensemble = variational(sampling="weights")
    layer = goal.network.weighted[0]
    images = torch.rand(2, 1, 1, 2, 2).expand(2, 7, 1, 2, 2)
    mu = ensemble.tensors["1.weight"].detach()
    outputs = goal._sample_weights(layer, images, mu, torch.full_like(mu, 0.3), generators())
    assert (outputs == outputs[:, :1]).all()


@pytest.mark.parametrize(
    ("kl", "epoch", "weight"),
    [
        ({"weight": 1.0, "warm_up": [0, 0]}, 0, 1.0),
        ({"weight": 0.5, "warm_up": [2, 6]}, 1, 0.0),
        ({"weight": 0.5, "warm_up": [2, 6]}, 4, 0.25),
        ({"weight": 0.5, "warm_up": [2, 6]}, 6, 0.5),
        ({"weight": "batches", "warm_up": [0, 0]}, 0, 30.0),
        ({"weight": 1.0, "warm_up": [-1, 49]}, 0, 0.02),
        ({"weight": 1.0, "warm_up": [-1, 49]}, 60, 1.0),
    ],
)
def test_the_penalty_warms_up(kl, epoch, weight):
    goal, _ = variational(kl=kl)
    assert goal.penalty(epoch, batches=30) == weight


SIGMAS = {
    "log": {"parameter": "log", "initial": 0.3},
    "softplus": {"parameter": "softplus", "initial": 0.3},
    "identity": {"parameter": "identity", "initial": 0.3},
}


@pytest.mark.parametrize("penalty", [0.0, 0.02])
@pytest.mark.parametrize("sampling", ["activations", "weights"])
@pytest.mark.parametrize("sigma_in_kl", ["standard_deviation", "variance"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_gradients_are_those_of_loss_and_divergence(sigma, sigma_in_kl, sampling, penalty):
    """Against autograd, from rho and the means on, with the same draws."""
    goal, ensemble = variational(sigma=SIGMAS[sigma], sampling=sampling, sigma_in_kl=sigma_in_kl)
    noise = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name in ("1.weight", "1.weight.rho"):
            tensor = ensemble.tensors[name]
            tensor.add_(0.1 * torch.randn(tensor.shape, generator=noise))
    if sigma == "identity" and sigma_in_kl == "standard_deviation":  # nothing keeps it positive
        with torch.no_grad():
            ensemble.tensors["1.weight.rho"][0, 0, 0] = -0.2
    images = torch.rand(2, 5, 1, 2, 2, generator=noise)
    labels = torch.randint(0, 3, (2, 5), generator=noise)

    mu, rho, bias = (
        ensemble.tensors[name].detach().clone().requires_grad_()
        for name in ("1.weight", "1.weight.rho", "1.bias")
    )
    spread = goal._parameter.sigma(rho)
    taken = spread.square() if sigma_in_kl == "standard_deviation" else spread
    inputs = images.flatten(2)
    if sampling == "activations":
        epsilon = torch.stack([torch.randn(3, 5, generator=g).mT for g in generators()])
        variance = inputs.square() @ spread.square().mT
        logits = inputs @ mu.mT + (variance + 1e-16).sqrt() * epsilon
    else:
        epsilon = torch.stack([torch.randn(3, 4, generator=g) for g in generators()])
        logits = inputs @ (mu + spread * epsilon).mT
    losses = torch.nn.functional.cross_entropy(
        (logits + bias[:, None]).mT, labels, reduction="none"
    ).mean(1)
    total = losses.sum() + penalty * goal._prior.value([mu], [taken]).sum()
    expected = torch.autograd.grad(total, [mu, rho, bias])

    found = goal.descend(ensemble, Batch(images, labels), generators(), penalty)
    torch.testing.assert_close(found, losses.detach())
    for name, value in zip(("1.weight", "1.weight.rho", "1.bias"), expected, strict=True):
        torch.testing.assert_close(ensemble.gradients[name], value, rtol=2e-5, atol=2e-6)


def test_sigmas_below_zero_are_variances_with_a_sign():
    """The slope of (v - log v) / 2 is (1 - 1 / v) / 2 on either side of 0."""
    goal, ensemble = variational(
        prior="standard_normal",
        sigma=SIGMAS["identity"],
        sigma_in_kl="variance",
        sampling="weights",
    )
    with torch.no_grad():
        ensemble.tensors["1.weight.rho"].fill_(-0.2)
    blank = Batch(torch.zeros(2, 5, 1, 2, 2), torch.zeros(2, 5, dtype=torch.long))
    goal.descend(ensemble, blank, generators(), 0.5)
    slopes = ensemble.gradients["1.weight.rho"]
    torch.testing.assert_close(slopes, torch.full_like(slopes, 0.5 * (1 + 1 / 0.2) / 2))
    torch.testing.assert_close(
        ensemble.gradients["1.weight"], 0.5 * ensemble.tensors["1.weight"].detach()
    )


def test_half_normal_sigmas_are_drawn_for_every_weight_and_member():
    goal, ensemble = variational(sigma={"parameter": "identity", "initial": "half_normal"})
    drawn = goal.estimates(ensemble)["1.weight.sigma"]
    assert (drawn > 0).all()
    assert len(drawn.unique()) == drawn.numel()
    again = variational(sigma={"parameter": "log", "initial": "half_normal"})
    torch.testing.assert_close(again[0].estimates(again[1])["1.weight.sigma"], drawn)


def test_estimates_are_means_and_positive_scales():
    goal, ensemble = variational()
    estimates = goal.estimates(ensemble)
    assert sorted(estimates) == ["1.bias", "1.weight", "1.weight.sigma"]
    torch.testing.assert_close(estimates["1.weight.sigma"], torch.full((2, 3, 4), 0.3))


def test_a_blank_image_has_finite_gradients():
    goal, ensemble = variational()
    blank = Batch(torch.zeros(2, 5, 1, 2, 2), torch.zeros(2, 5, dtype=torch.long))
    goal.descend(ensemble, blank, generators(), 0.0)
    assert ensemble.flat.grad.isfinite().all()


def test_softmax_twice_takes_probabilities_for_logits():
    network = Network([{"kind": "linear", "units": 3, "bias": False}], (1, 1, 1))
    parameters = {"1.weight": torch.tensor([[[100.0], [0.0], [0.0]]])}
    batch = Batch(torch.ones(1, 2, 1, 1, 1), torch.tensor([[0, 1]]))
    right, wrong = math.log(1 + 2 / math.e), math.log(2 + math.e)
    for softmax, expected in (("once", (0 + 100) / 2), ("twice", (right + wrong) / 2)):
        goal = objective(network, {"kind": "likelihood", "softmax": softmax})
        assert goal.loss(parameters, batch).item() == pytest.approx(expected, rel=1e-5)


def test_a_bounded_log_alpha_needs_the_settings_that_it_is_a_function_of():
    bounded = SETTINGS | {"log_alpha": {"clamp": [-10, 10], "epsilon": 1e-16}}
    network = Network([{"kind": "linear", "units": 3}], (1, 2, 2))
    assert objective(network, bounded | {"prior": "ard"}).weights == ["1.weight"]
    with pytest.raises(ValueError, match=r"objective\.log_alpha: found with other settings"):
        objective(network, bounded)
