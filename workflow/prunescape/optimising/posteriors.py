"""Diagonal Gaussian posteriors: how sigma is parameterised, and the divergence from the prior.

q(w) = N(mu, sigma^2) for every weight, as in Graves (2011), section 4. A prior returns the
divergence of every member [R] and its gradient in closed form, so that autograd needs no graph over
all weights (needs torch). What it takes for the variance is the caller's choice: sigma^2, or sigma
itself, with its sign, where a public code's choice is repeated.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

from prunescape.foundations.choices import choose
from prunescape.optimising.interfaces import Prior

Tensors = Sequence[torch.Tensor]


@dataclass(frozen=True)
class SigmaParameter:
    """sigma as a function of a free parameter rho.

    Attributes:
        sigma: rho -> sigma.
        chain: (slope by log |sigma|, rho) -> slope by rho; overwrites its first argument.
        inverse: sigma -> rho.
    """

    sigma: Callable[[torch.Tensor], torch.Tensor]
    chain: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    inverse: Callable[[torch.Tensor], torch.Tensor]


SIGMA_PARAMETERS = {
    "log": SigmaParameter(torch.exp, lambda slope, _: slope, torch.log),
    "softplus": SigmaParameter(
        softplus,
        lambda slope, rho: slope.mul_(torch.sigmoid(rho)).div_(softplus(rho)),
        lambda sigma: torch.log(torch.expm1(sigma)),
    ),
    # A published choice: nothing keeps sigma positive.
    "identity": SigmaParameter(lambda rho: rho, lambda slope, rho: slope.div_(rho), torch.clone),
}


def gaussian_kl(
    mu: torch.Tensor, sigma: torch.Tensor, prior_mu: torch.Tensor, prior_sigma: torch.Tensor
) -> torch.Tensor:
    """Return KL(N(mu, sigma^2) || N(prior_mu, prior_sigma^2)) in nats, elementwise.

    log(s / sigma) + (sigma^2 + (mu - m)^2) / (2 s^2) - 1/2: Graves (2011), equation 13.
    """
    return (
        torch.log(prior_sigma / sigma)
        + (sigma**2 + (mu - prior_mu) ** 2) / (2 * prior_sigma**2)
        - 0.5
    )


class GaussianPrior:
    """A Gaussian prior N(m, s^2) shared by a network's weights, fitted to the posterior.

    m = mean of mu and s^2 = mean of sigma^2 + (mu - m)^2 minimise the divergence: Graves (2011),
    equations 14 and 15. Its gradient is therefore the one at constant m and s.
    """

    def value(self, mus: Tensors, variances: Tensors) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R].

        `mus` and `variances` hold a tensor [R, ...] for every layer.
        """
        centred, prior_variance = self._fitted(mus, variances)
        return _total(
            _sum(gaussian_kl(mu, v.sqrt(), torch.zeros_like(mu), _like(prior_variance.sqrt(), mu)))
            for mu, v in zip(centred, variances, strict=True)
        )

    def gradients(
        self, mus: Tensors, variances: Tensors
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log variance) for every layer."""
        centred, prior_variance = self._fitted(mus, variances)
        gradients = []
        for mu, variance in zip(centred, variances, strict=True):
            precision = _like(prior_variance.reciprocal(), mu)
            gradients.append((mu * precision, (variance * precision).sub_(1).mul_(0.5)))
        return gradients

    @staticmethod
    def _fitted(mus: Tensors, variances: Tensors) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return mu - m for every layer, and s^2: [R]."""
        weights = sum(mu[0].numel() for mu in mus)
        m = _total(map(_sum, mus)) / weights
        centred = [mu - _like(m, mu) for mu in mus]
        squares = [torch.addcmul(v, c, c) for v, c in zip(variances, centred, strict=True)]
        return centred, _total(map(_sum, squares)) / weights


class StandardNormalPrior:
    """The fixed prior N(0, 1) of every weight: KL = (variance + mu^2 - log variance - 1) / 2."""

    def value(self, mus: Tensors, variances: Tensors) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R]."""
        return _total(
            _sum(variance + mu.square() - variance.log() - 1) / 2
            for mu, variance in zip(mus, variances, strict=True)
        )

    def gradients(
        self, mus: Tensors, variances: Tensors
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log variance) for every layer.

        A variance that is taken from a sigma below zero has a slope all the same, though the
        divergence itself has no value there.
        """
        return [
            (mu.clone(), (variance - 1).mul_(0.5))
            for mu, variance in zip(mus, variances, strict=True)
        ]


def _sum(tensor: torch.Tensor) -> torch.Tensor:
    """Sum over everything but the members: [R, ...] -> [R]."""
    return tensor.flatten(1).sum(1)


def _total(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """Add up one or more tensors of one shape, in their order."""
    return functools.reduce(torch.add, parts)


class ArdPrior:
    """Automatic relevance determination: every weight has a separate zero-mean Gaussian prior.

    At the best variance of each prior the divergence is log(1 + mu^2 / sigma^2) / 2: Kharitonov et
    al. (2018), arXiv 1811.00596, equation 8.
    """

    def value(self, mus: Tensors, variances: Tensors) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R]."""
        return _total(
            torch.log1p(mu.square() / variance).flatten(1).sum(1) / 2
            for mu, variance in zip(mus, variances, strict=True)
        )

    def gradients(
        self, mus: Tensors, variances: Tensors
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log variance) for every layer."""
        gradients = []
        for mu, variance in zip(mus, variances, strict=True):
            by_mu = mu / torch.addcmul(variance, mu, mu)
            gradients.append((by_mu, (by_mu * mu).mul_(-0.5)))
        return gradients


class LogUniformPrior:
    """The log-uniform prior of variational dropout, with a fitted approximation of the divergence.

    With alpha = sigma^2 / mu^2 the divergence is, up to a constant and within 0.015 nats,
    k1 - k1 sigmoid(k2 + k3 log alpha) + log(1 + 1 / alpha) / 2: Molchanov et al. (2017), arXiv
    1701.05369, equation 14 (there with the opposite sign). The constant k1 makes it tend to 0 for
    large alpha.
    """

    K1, K2, K3 = 0.63576, 1.87320, 1.48695
    # Keeps log alpha finite where mu is 0; alpha is then larger than for any weight that is kept.
    TINY = 1e-30

    def value(self, mus: Tensors, variances: Tensors) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R]."""
        parts = []
        for mu, variance in zip(mus, variances, strict=True):
            log_alpha = self._log_alpha(mu, variance)
            kl = self.K1 * torch.sigmoid(-self.K2 - self.K3 * log_alpha)
            parts.append(_sum(kl + softplus(-log_alpha) / 2))
        return _total(parts)

    def gradients(
        self, mus: Tensors, variances: Tensors
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log variance) for every layer."""
        gradients = []
        for mu, variance in zip(mus, variances, strict=True):
            log_alpha = self._log_alpha(mu, variance)
            share = torch.sigmoid(self.K2 + self.K3 * log_alpha)
            by_log_alpha = -self.K1 * self.K3 * share * (1 - share)
            by_log_alpha -= torch.sigmoid(-log_alpha) / 2
            by_mu = -2 * by_log_alpha * mu / (mu.square() + self.TINY)
            gradients.append((by_mu, by_log_alpha))
        return gradients

    def _log_alpha(self, mu: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        return torch.log(variance) - torch.log(mu.square() + self.TINY)


def prior(name: str) -> Prior:
    """Return the prior that the config calls gaussian, standard_normal, ard or log_uniform.

    Raises ValueError for another name.
    """
    makers: dict[str, Callable[[], Prior]] = {
        "gaussian": GaussianPrior,
        "standard_normal": StandardNormalPrior,
        "ard": ArdPrior,
        "log_uniform": LogUniformPrior,
    }
    return choose(makers, name, "objective.prior")()


def _like(member: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """View `member` [R] with as many dimensions as `tensor` [R, ...]."""
    return member.view(-1, *[1] * (tensor.dim() - 1))
