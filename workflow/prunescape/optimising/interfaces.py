"""What an objective and a prior must offer to training (needs torch).

`objectives.objective` and `posteriors.prior` choose them by name. A new one takes three things: a
class with this interface, an entry in that function, and an entry in the config's schema.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import torch

from prunescape.foundations import streams
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Shape


class Batch(NamedTuple):
    """The training images of one step; members may have different images."""

    images: torch.Tensor
    """Scaled, [R, B, ...]."""
    labels: torch.Tensor
    """Their classes, [R, B]."""
    others: torch.Tensor | None = None
    """Classes of the images that are mixed in, [R, B]; None if nothing is mixed."""
    share: torch.Tensor | None = None
    """Weight of `images` in the mixture, [R], of the logits' type; None if nothing is mixed."""
    teacher: torch.Tensor | None = None
    """Logits of each member's teacher for `images`, [R, B, classes]; None if there is none."""

    @property
    def first(self) -> "Batch":
        """The first image of every member, a batch of one."""
        return Batch(self.images[:, :1], self.labels[:, :1])

    def of_members(self, places: torch.Tensor) -> "Batch":
        """Return the batch of members, given the position int64 [M] in R of each one's images."""
        images, labels = (each.index_select(0, places) for each in self[:2])
        others, share, teacher = (
            each if each is None else each.index_select(0, places) for each in self[2:]
        )
        return Batch(images, labels, others, share, teacher)


class Objective(Protocol):
    """A loss that a fit minimises, per image and in nats, and the estimates that it yields."""

    @property
    def network(self) -> ReplicatedNetwork:
        """The architecture of the members."""
        ...

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Name -> shape without the replicate axis, for all tensors that an ensemble trains.

        These are the network's parameters and the objective's additional ones: "<weight>.rho".
        """
        ...

    @property
    def input_major(self) -> Collection[str]:
        """Names in `shapes` whose tensors lie input by input when a processor trains."""
        ...

    def initialise(self, ensemble: Ensemble, members: Sequence[streams.Name]) -> None:
        """Set the objective's additional parameters in place.

        `members` has the first parts of each member's random streams' names.
        """
        ...

    def penalty(self, epoch: int, batches: int) -> float:
        """Return the penalty's weight in the loss, at least 0.

        Args:
            epoch: from 0.
            batches: number of batches in an epoch.
        """
        ...

    def descend(
        self, ensemble: Ensemble, batch: Batch, generators: list[torch.Generator], penalty: float
    ) -> torch.Tensor:
        """Set the ensemble's gradients; return the mean loss of each member on its batch: [R].

        Args:
            ensemble: R members with `shapes`; only gradients and buffers are changed.
            batch: B images and labels for every member.
            generators: one for every member, the only source of randomness.
            penalty: result of the method `penalty`, divided by the number of training images.
        """
        ...

    def estimates(self, ensemble: Ensemble) -> Mapping[str, torch.Tensor]:
        """Return what a checkpoint stores, name -> [R, ...]: parameters, buffers and statistics."""
        ...


class Prior(Protocol):
    """The divergence of diagonal Gaussian posteriors N(mu, sigma^2) from a prior."""

    def value(self, mus: Sequence[torch.Tensor], variances: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the divergence in nats, summed over a member's weights: [R].

        `mus` and `variances` hold a tensor [R, ...] for every layer.
        """
        ...

    def gradients(
        self, mus: Sequence[torch.Tensor], variances: Sequence[torch.Tensor]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (d KL / d mu, d KL / d log variance) for every layer, in closed form.

        They are new tensors of mu's shape, which the caller may change. The arguments are not
        changed.
        """
        ...
