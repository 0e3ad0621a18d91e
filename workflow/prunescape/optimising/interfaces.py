"""What an objective and a prior must offer to training (needs torch).

`objectives.objective` and `posteriors.prior` choose them by name: a new one is a class of this kind
and an entry there, and in the config's schema.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Shape


class Batch(NamedTuple):
    """What an ensemble learns from in a step: each member has images of its own."""

    images: torch.Tensor
    """Scaled, [R, B, ...]."""
    labels: torch.Tensor
    """Their classes, [R, B]."""

    @property
    def first(self) -> "Batch":
        """The first image of every member, a batch of one."""
        return Batch(self.images[:, :1], self.labels[:, :1])


class Objective(Protocol):
    """What a fit minimises, per image and in nats, and what it estimates."""

    @property
    def network(self) -> ReplicatedNetwork:
        """The architecture of the members."""
        ...

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Name -> shape without the replicate axis, of what an ensemble has to train.

        The network's parameters, and what the objective needs beside them: "<weight>.rho".
        """
        ...

    @property
    def input_major(self) -> Collection[str]:
        """Names of those that training on a processor lets lie input by input."""
        ...

    def initialise(self, ensemble: Ensemble) -> None:
        """Set what the objective has beside the network's parameters, in place."""
        ...

    def penalty(self, epoch: int, batches: int) -> float:
        """Return the weight, at least 0, of what is added to the loss.

        Args:
            epoch: from 0.
            batches: how many an epoch has.
        """
        ...

    def descend(
        self, ensemble: Ensemble, batch: Batch, generators: list[torch.Generator], penalty: float
    ) -> torch.Tensor:
        """Set the ensemble's gradients; return the mean loss of each member on its batch: [R].

        Args:
            ensemble: R members, of `shapes`; nothing but gradients and buffers is changed.
            batch: B images and labels of each.
            generators: of each member, the only source of randomness.
            penalty: `penalty` divided by the number of training images.
        """
        ...

    def estimates(self, ensemble: Ensemble) -> Mapping[str, torch.Tensor]:
        """Return what a checkpoint stores, name -> [R, ...]: parameters, buffers and statistics."""
        ...


class Prior(Protocol):
    """The divergence of diagonal Gaussian posteriors N(mu, sigma^2) from a prior."""

    def value(self, mus: Sequence[torch.Tensor], sigmas: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R].

        `mus` and `sigmas` hold a tensor [R, ...] for every layer.
        """
        ...

    def gradients(
        self, mus: Sequence[torch.Tensor], variances: Sequence[torch.Tensor]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log |sigma|) for every layer, in closed form.

        They are fresh tensors of mu's shape, which the caller may change; the arguments, mu and
        sigma^2, are left as they are.
        """
        ...
