"""The diagonal Laplace approximation of a posterior, with a prior for each layer (needs torch).

The posterior is N(w, P^-1) with P = N h + delta: N images, h the Gauss-Newton matrix' diagonal of
the mean loss, delta the precision of the layer's prior N(0, 1 / delta).
"""

from collections.abc import Mapping

import torch

_STEPS = 200
_TOLERANCE = 1e-6
LEAST, MOST = 1e-8, 1e12
"""Bounds of a prior's precision."""


def precisions(
    weights: Mapping[str, torch.Tensor], curvature: Mapping[str, torch.Tensor], images: int
) -> dict[str, torch.Tensor]:
    """Return layer -> diagonal of the posterior's precision, of the weight's shape and type.

    Args:
        weights: layer -> [R, ...].
        curvature: layer -> h, of the same shape, at least 0.
        images: N.
    """
    found = {}
    for layer, weight in weights.items():
        data = curvature[layer].double() * images
        delta = prior_precisions(weight.double(), data)
        found[layer] = (data + delta.view(-1, *[1] * (weight.dim() - 1))).to(weight.dtype)
    return found


def prior_precisions(weight: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """Return delta [R] that maximises a layer's part of the marginal likelihood.

    With curvature and weights held it is -(delta sum w^2 - n log delta + sum log(data + delta)) / 2
    (MacKay 1992, "Bayesian Interpolation", equation 4.4). Its maximum is where delta sum w^2 is the
    number of weights that the data determine, the sum of data / (data + delta), to which his
    fixed-point iteration goes.

    Args:
        weight: [R, ...], float64.
        data: N h, of the same shape.
    """
    # Member by member: how torch adds up, and when all have come to rest, would depend on company.
    return torch.stack([_prior_precision(*each) for each in zip(weight, data, strict=True)])


def _prior_precision(weight: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """Return delta [] of one member, from its weights and N h."""
    square = weight.square().sum().clamp_min(1e-30)
    delta = (data.numel() / square).clamp(LEAST, MOST)
    for _ in range(_STEPS):
        before = delta
        delta = ((data / (data + delta)).sum() / square).clamp(LEAST, MOST)
        if (delta - before).abs() <= _TOLERANCE * before:
            break
    return delta
