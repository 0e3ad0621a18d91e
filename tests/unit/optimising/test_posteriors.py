"""Divergences in closed form against numeric integration, and their gradients against autograd."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from prunescape.optimising.posteriors import (
    SIGMA_PARAMETERS,
    ArdPrior,
    GaussianPrior,
    LogUniformPrior,
    StandardNormalPrior,
    gaussian_kl,
)


@pytest.mark.parametrize(
    ("mu", "sigma", "prior_mu", "prior_sigma"),
    [(0.3, 0.1, 0.0, 1.0), (-2.0, 1.5, 0.5, 0.7), (0.0, 1.0, 0.0, 1.0), (5.0, 0.01, -1.0, 3.0)],
)
def test_gaussian_kl_equals_the_integral(mu, sigma, prior_mu, prior_sigma):
    posterior, prior = stats.norm(mu, sigma), stats.norm(prior_mu, prior_sigma)
    integral, _ = integrate.quad(
        lambda w: posterior.pdf(w) * (posterior.logpdf(w) - prior.logpdf(w)),
        mu - 12 * sigma,
        mu + 12 * sigma,
        points=[mu],
    )
    numbers = (
        torch.tensor(float(v), dtype=torch.float64) for v in (mu, sigma, prior_mu, prior_sigma)
    )
    assert gaussian_kl(*numbers).item() == pytest.approx(integral, abs=1e-6)


def posterior(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(3, 7, 5), (3, 4, 7)]
    mus = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    sigmas = [torch.rand(shape, generator=generator, dtype=torch.float64) + 0.1 for shape in shapes]
    return mus, sigmas


def squares(sigmas):
    return [sigma.square() for sigma in sigmas]


def test_fitted_prior_minimises_the_divergence():
    mus, sigmas = posterior()
    best = GaussianPrior().value(mus, squares(sigmas))
    flat_mu = torch.cat([mu.flatten(1) for mu in mus], 1)
    flat_sigma = torch.cat([sigma.flatten(1) for sigma in sigmas], 1)

    def divergence(prior_mu, prior_sigma):
        return gaussian_kl(flat_mu, flat_sigma, prior_mu[:, None], prior_sigma[:, None]).sum(1)

    m = flat_mu.mean(1)
    s = (flat_sigma**2 + (flat_mu - m[:, None]) ** 2).mean(1).sqrt()
    torch.testing.assert_close(best, divergence(m, s))
    for step in (-0.01, 0.01):
        assert (divergence(m + step, s) > best).all()
        assert (divergence(m, s + step) > best).all()


@pytest.mark.parametrize(
    "prior", [GaussianPrior(), StandardNormalPrior(), ArdPrior(), LogUniformPrior()]
)
def test_gradients_equal_autograd(prior):
    mus, sigmas = posterior()
    mus[0].view(-1)[:3] = torch.tensor([1e-3, -1e-5, 20.0])
    leaves = [tensor.requires_grad_() for tensor in (*mus, *sigmas)]
    expected = torch.autograd.grad(prior.value(mus, squares(sigmas)).sum(), leaves)
    with torch.no_grad():
        found = prior.gradients(mus, squares(sigmas))
    by_mu, by_sigma = expected[: len(mus)], expected[len(mus) :]
    for (slope, relative), wanted, by, sigma in zip(found, by_mu, by_sigma, sigmas, strict=True):
        torch.testing.assert_close(slope, wanted)
        # d log variance = 2 d log sigma
        torch.testing.assert_close(relative, by * sigma.detach() / 2)


@pytest.mark.parametrize("prior", [ArdPrior(), LogUniformPrior()])
def test_relevance_priors_are_finite_at_zero(prior):
    mu, sigma = torch.zeros(1, 2, 2), torch.full((1, 2, 2), 0.1)
    ((by_mu, by_log_variance),) = prior.gradients([mu], [sigma.square()])
    assert not by_mu.any()
    assert by_log_variance.abs().max() < 1e-4
    assert prior.value([mu], [sigma.square()]).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("mu", "sigma"), [(0.3, 0.1), (-2.0, 1.5), (0.01, 0.5)])
def test_ard_is_the_integral_against_its_best_prior(mu, sigma):
    """The best zero-mean prior has variance mu^2 + sigma^2; its divergence is the closed form."""
    q, p = stats.norm(mu, sigma), stats.norm(0, np.hypot(mu, sigma))
    integral, _ = integrate.quad(
        lambda w: q.pdf(w) * (q.logpdf(w) - p.logpdf(w)), mu - 12 * sigma, mu + 12 * sigma
    )
    found = ArdPrior().value(
        *([torch.tensor([[[v]]], dtype=torch.float64)] for v in (mu, sigma**2))
    )
    assert found.item() == pytest.approx(integral, abs=1e-6)


def test_log_uniform_equals_the_integral_up_to_a_constant():
    """-log sigma - H + E log |w| against the approximation, log alpha in [-8, 8]: 0.015 nats."""
    gaps = []
    for log_alpha in np.linspace(-8, 8, 33):
        sigma = np.exp(log_alpha / 2)  # at mu = 1
        # E_q[log |w|] with w = 1 + sigma e: split at the singularity of the logarithm.
        edges = [-12.0, -1 / sigma, 12.0] if 1 / sigma < 12 else [-12.0, 12.0]
        mean_log = sum(
            integrate.quad(
                lambda e, s=sigma: stats.norm.pdf(e) * np.log(abs(1 + s * e)), low, high, limit=200
            )[0]
            for low, high in pairwise(edges)
        )
        exact = mean_log - np.log(sigma)
        numbers = ([torch.tensor([[[v]]], dtype=torch.float64)] for v in (1.0, sigma**2))
        gaps.append(LogUniformPrior().value(*numbers).item() - exact)
    assert np.ptp(gaps) < 2 * 0.015


def test_each_member_has_a_prior_of_its_own():
    mus, sigmas = posterior()
    alone = GaussianPrior().value([mu[1:2] for mu in mus], [v[1:2] for v in squares(sigmas)])
    torch.testing.assert_close(GaussianPrior().value(mus, squares(sigmas))[1:2], alone)


@pytest.mark.parametrize("name", list(SIGMA_PARAMETERS))
def test_sigma_parameters_invert_and_have_the_slope_of_autograd(name):
    parameter = SIGMA_PARAMETERS[name]
    sigma = torch.tensor([0.001, 0.05, 1.0, 3.0], dtype=torch.float64)
    rho = parameter.inverse(sigma).requires_grad_()
    torch.testing.assert_close(parameter.sigma(rho), sigma)
    (expected,) = torch.autograd.grad(parameter.sigma(rho).sum(), rho)
    by_log_sigma = torch.ones_like(rho) * sigma  # the slope of sigma itself
    torch.testing.assert_close(parameter.chain(by_log_sigma, rho.detach()), expected)


def test_the_standard_normal_prior_is_a_gaussian_with_mean_0_and_deviation_1():
    mus, sigmas = posterior()
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    pairs = zip(mus, sigmas, strict=True)
    expected = sum(gaussian_kl(mu, sigma, zero, one).flatten(1).sum(1) for mu, sigma in pairs)
    torch.testing.assert_close(StandardNormalPrior().value(mus, squares(sigmas)), expected)
