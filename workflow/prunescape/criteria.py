"""Pruning criteria: how weights are ranked (needs torch).

A criterion is a pure function of the weights and of the statistics that it declares to need; it
returns a score for every weight, higher = keep. Everything is per layer, [R, out, in, ...].
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch

Statistics = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Criterion:
    """A criterion.

    Attributes:
        score: (weight, statistics) of one layer -> scores of the weight's shape.
        needs: names of the statistics that `score` reads, out of
            sigma: the posterior's standard deviation, the weight's shape;
            input_deviation: standard deviation of the layer's inputs over the training images,
                [R, 1, in, ...];
            noise: independent uniform numbers on [0, 1), the weight's shape;
            gradient: of the mean loss of the training images, the weight's shape;
            preconditioner: the diagonal H of preconditioned SGD, the weight's shape.
    """

    score: Callable[[torch.Tensor, Statistics], torch.Tensor]
    needs: tuple[str, ...] = ()


CRITERIA = {
    "random": Criterion(lambda _, statistics: statistics["noise"], ("noise",)),
    "magnitude": Criterion(lambda weight, _: weight.abs()),
    # Graves (2011), section 6: a weight's signal-to-noise ratio.
    "snr": Criterion(lambda w, s: w.abs() / s["sigma"].abs().clamp_min(1e-30), ("sigma",)),
    "inverse_sigma": Criterion(lambda _, s: 1 / s["sigma"].abs().clamp_min(1e-30), ("sigma",)),
    # Molchanov et al. (2017), section 4.2: alpha = sigma^2 / mu^2; the same order as snr.
    "log_alpha": Criterion(lambda w, s: 2 * (_log(w) - _log(s["sigma"])), ("sigma",)),
    # The standard deviation of what a weight passes on.
    "magnitude_x_std": Criterion(
        lambda weight, s: weight.abs() * s["input_deviation"], ("input_deviation",)
    ),
    # How far a step along the full gradient moves a weight: preconditioned, and plain.
    "hg": Criterion(
        lambda _, s: (s["preconditioner"] * s["gradient"]).abs(), ("preconditioner", "gradient")
    ),
    "g": Criterion(lambda _, s: s["gradient"].abs(), ("gradient",)),
}


def _log(values: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the absolute value, finite at 0."""
    return values.abs().clamp_min(1e-30).log()


def needed(criteria: Iterable[str]) -> set[str]:
    """Return the names of the statistics that these criteria need."""
    return {need for name in criteria for need in CRITERIA[name].needs}


def score(
    criterion: str, weights: Statistics, statistics: Mapping[str, Statistics]
) -> dict[str, torch.Tensor]:
    """Score every layer's weights.

    Args:
        criterion: a name in `CRITERIA`.
        weights: layer -> weight [R, out, in, ...].
        statistics: statistic -> layer -> values.

    Returns:
        Layer -> scores, each of its weight's shape.
    """
    rule = CRITERIA[criterion]
    return {
        layer: rule.score(weight, {need: statistics[need][layer] for need in rule.needs})
        for layer, weight in weights.items()
    }
