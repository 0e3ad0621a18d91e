"""Distillation: a network learns a teacher's probabilities beside the labels (needs torch).

Hinton, Vinyals and Dean (2015), arXiv 1503.02531, section 2. The teacher is the network before it
was pruned; both see the same images, as augmented.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters


def divergence(logits: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return T^2 times the mean KL divergence from a teacher in nats: [R, B, classes] twice -> [R].

    Both logits are divided by the temperature T first. With the factor T^2 gradients keep their
    size whatever T is; the divergence is 0 where both give the same probabilities.
    """
    student = (logits / temperature).log_softmax(2)
    wanted = (teacher / temperature).log_softmax(2)
    return temperature**2 * (wanted.exp() * (wanted - student)).sum(2).mean(1)


def mixed(
    loss: torch.Tensor, logits: torch.Tensor, teacher: torch.Tensor, settings: Mapping[str, Any]
) -> torch.Tensor:
    """Return (1 - weight) loss + weight divergence: [R].

    Args:
        loss: the mean loss on the labels, [R].
        logits: of the members, [R, B, classes].
        teacher: logits of each member's teacher, likewise.
        settings: temperature > 0, weight in (0, 1].
    """
    weight: float = settings["weight"]
    return (1 - weight) * loss + weight * divergence(logits, teacher, settings["temperature"])


class Teacher:
    """Trained networks, one for each replicate, that say what they think of images."""

    def __init__(
        self,
        network: ReplicatedNetwork,
        arrays: Parameters,
        replicates: Sequence[int],
    ) -> None:
        """Take the parameters and buffers [R, ...] of the replicates, in their order."""
        self._network, self._arrays, self._replicates = network, arrays, list(replicates)

    def of(self, replicates: Sequence[int]) -> "Teacher":
        """Return the teacher of some replicates, in their order."""
        if list(replicates) == self._replicates:
            return self
        rows = [self._replicates.index(each) for each in replicates]
        arrays = {name: value[rows] for name, value in self._arrays.items()}
        return Teacher(self._network, arrays, replicates)

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [R, B, classes] for the replicates' own scaled images [R, B, ...]."""
        return self._network.logits(images, self._arrays)
