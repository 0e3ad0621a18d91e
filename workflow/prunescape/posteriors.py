"""Diagonal Gaussian posteriors: how sigma is parameterised, and the divergence from the prior.

q(w) = N(mu, sigma^2) for every weight, as in Graves (2011), section 4. A divergence gives its value
a member [R] and adds its gradient in closed form, which spares autograd a graph over all weights
(needs torch).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Tensors = Sequence[torch.Tensor]


@dataclass(frozen=True)
class SigmaParameter:
    """sigma as a function of a free parameter rho.

    Attributes:
        sigma: rho -> sigma.
        slope: (rho, sigma) -> d sigma / d rho.
        inverse: sigma -> rho, on numbers.
    """

    sigma: Callable[[torch.Tensor], torch.Tensor]
    slope: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    inverse: Callable[[torch.Tensor], torch.Tensor]


SIGMA_PARAMETERS = {
    "log": SigmaParameter(torch.exp, lambda _, sigma: sigma, torch.log),
    "softplus": SigmaParameter(
        torch.nn.functional.softplus,
        lambda rho, _: torch.sigmoid(rho),
        lambda sigma: torch.log(torch.expm1(sigma)),
    ),
    # A published choice: nothing keeps sigma positive.
    "identity": SigmaParameter(lambda rho: rho, lambda rho, _: torch.ones_like(rho), torch.clone),
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

    `sigma_in_kl: variance` takes the forward pass's standard deviation for a variance, as a public
    code did; its absolute value, since there nothing keeps it positive.
    """

    def __init__(self, sigma_in_kl: str = "standard_deviation") -> None:
        """`sigma_in_kl`: standard_deviation or variance."""
        self._variance = sigma_in_kl == "variance"

    def value(self, mus: Tensors, sigmas: Tensors) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R].

        `mus` and `sigmas` hold a tensor [R, ...] for every layer.
        """
        deviations = [sigma.abs().sqrt() if self._variance else sigma for sigma in sigmas]
        prior_mu, prior_variance = self._fitted(mus, [d**2 for d in deviations])
        return sum(
            gaussian_kl(mu, d, _like(prior_mu, mu), _like(prior_variance.sqrt(), mu))
            .flatten(1)
            .sum(1)
            for mu, d in zip(mus, deviations, strict=True)
        )

    def gradients(self, mus: Tensors, sigmas: Tensors) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d sigma) for every layer."""
        variances = [sigma.abs() if self._variance else sigma**2 for sigma in sigmas]
        prior_mu, prior_variance = self._fitted(mus, variances)
        gradients = []
        for mu, sigma in zip(mus, sigmas, strict=True):
            m, s2 = _like(prior_mu, mu), _like(prior_variance, mu)
            if self._variance:
                by_sigma = sigma.sign() * (1 / s2 - 1 / sigma.abs()) / 2
            else:
                by_sigma = sigma / s2 - 1 / sigma
            gradients.append(((mu - m) / s2, by_sigma))
        return gradients

    @staticmethod
    def _fitted(mus: Tensors, variances: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        weights = sum(mu[0].numel() for mu in mus)
        m = sum(mu.flatten(1).sum(1) for mu in mus) / weights
        squares = sum(
            (v + (mu - _like(m, mu)) ** 2).flatten(1).sum(1)
            for mu, v in zip(mus, variances, strict=True)
        )
        return m, squares / weights


def _like(member: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Give a number a member [R] the dimensions of a tensor [R, ...]."""
    return member.view(-1, *[1] * (tensor.dim() - 1))
