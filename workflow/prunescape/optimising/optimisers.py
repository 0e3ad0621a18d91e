"""Optimisers of an ensemble's flat buffer, as the config's `optimiser` describes (needs torch)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from prunescape.foundations.choices import choose
from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import rates
from prunescape.optimising.flat_optimisers import SGD, Adam
from prunescape.optimising.preconditioned import PreconditionedSGD
from prunescape.optimising.step_extras import AVERAGE, Extras

Settings = Mapping[str, Any]
Optimiser = Adam | SGD | PreconditionedSGD


def optimiser(
    ensemble: Ensemble, fit: Settings, images: int, free: torch.Tensor | None
) -> Optimiser:
    """Return the optimiser that a fit's `optimiser` block describes.

    Args:
        ensemble: the networks to train.
        fit: a fit of the config; optimiser and batch_size are read.
        images: number of training images.
        free: [M, P] like the ensemble's flat buffer, 0 where weights don't train, else 1; None if
            all weights train.

    Raises:
        ValueError: if the kind or another setting is unknown.
    """
    settings = fit["optimiser"]

    def adam() -> Adam:
        extras = Extras(ensemble, settings, free)
        return Adam(ensemble, settings["learning_rate"], settings.get("epsilon", 1e-8), extras)

    def sgd() -> SGD:
        return SGD(
            ensemble,
            settings["learning_rate"],
            settings["momentum"],
            Extras(ensemble, settings, free),
            nesterov=settings.get("nesterov", False),
        )

    def psgd() -> PreconditionedSGD:
        return PreconditionedSGD(ensemble, settings, images, fit["batch_size"], free)

    makers: dict[str, Callable[[], Optimiser]] = {"adam": adam, "sgd": sgd, "psgd": psgd}
    return choose(makers, settings["kind"], "optimiser.kind")()


def moments(optimiser: Optimiser) -> list[torch.Tensor]:
    """Return Adam's or SGD's averages of past gradients; for PreconditionedSGD no tensor."""
    if isinstance(optimiser, PreconditionedSGD):
        return []
    return [value for name, value in optimiser.state.items() if name != AVERAGE]


def state(optimiser: Optimiser) -> dict[str, torch.Tensor]:
    """Return an optimiser's whole state, with which `load` goes on to the same bits."""
    return optimiser.state() if isinstance(optimiser, PreconditionedSGD) else optimiser.state


def load(
    optimiser: Optimiser,
    ensemble: Ensemble,
    remembered: Mapping[str, np.ndarray | torch.Tensor],
) -> None:
    """Restore a state that `state` returned."""
    if isinstance(optimiser, PreconditionedSGD):
        optimiser.load(remembered)
    else:
        device = ensemble.flat.device
        optimiser.state = {
            name: torch.as_tensor(value, device=device) for name, value in remembered.items()
        }


def set_rate(optimiser: Optimiser, settings: Settings, epoch: float, of: int, step: float) -> None:
    """Set the learning rate for a point in training.

    Args:
        optimiser: what `optimiser` returned for the same settings.
        settings: the `optimiser` block.
        epoch: epochs done, a fraction within an epoch.
        of: epochs in all.
        step: how much of an epoch a step is, in (0, 1].

    Raises:
        ValueError: if the kind of decay is unknown, or if there is one for preconditioned SGD,
            which has no learning rate.
    """
    if "decay" not in settings and "warm_up" not in settings:
        return
    if isinstance(optimiser, PreconditionedSGD):
        raise ValueError("optimiser.decay: found with optimiser.kind psgd; allowed: adam, sgd")
    optimiser.rate = settings["learning_rate"] * rates.share(settings, epoch, of, step)
