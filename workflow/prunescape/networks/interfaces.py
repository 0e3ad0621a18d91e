"""What a network must offer to be trained, scored, pruned, evaluated and exported (needs torch).

Two classes offer it: `network.Network` is built from the config's layers and
`module_network.ModuleNetwork` from a user's module. `architectures.network` chooses between them;
no other code needs to know which one it has.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch

from prunescape.networks.network import Affine, Observe, Outputs, Parameters, Shape, Weighted


class ReplicatedNetwork(Protocol):
    """An architecture that runs R replicates at once; their parameters are given to it.

    A replicate's numbers must be the same, bit by bit, whatever other replicates run beside it.
    """

    @property
    def weighted(self) -> Sequence[Weighted]:
        """The layers with weights, in the order of names "1", "2", ...: those that are pruned."""
        ...

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Parameter name -> shape without the replicate axis.

        Layers with weights have "<layer>.weight" and "<layer>.bias"; parameters with other names
        are point estimates that are never pruned.
        """
        ...

    @property
    def buffers(self) -> Mapping[str, Shape]:
        """Name -> shape without the replicate axis, of what training keeps beside parameters."""
        ...

    @property
    def frozen(self) -> Collection[str]:
        """Names of the buffers that are parameters which are not trained."""
        ...

    @property
    def outputs(self) -> int:
        """How many logits an image has."""
        ...

    @property
    def chained(self) -> bool:
        """Whether each layer's units are the inputs of the next one, and of nothing else."""
        ...

    @property
    def random(self) -> bool:
        """Whether passes in training draw random numbers (dropout), from the seeds of `reseed`."""
        ...

    @property
    def input_major(self) -> Collection[str]:
        """Names of the weights that training on a processor lets lie input by input."""
        ...

    def initial_buffers(
        self, replicates: int, device: torch.device | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the buffers [R, ...] at the start of training."""
        ...

    def start(self, seed: int, /) -> Mapping[str, np.ndarray]:
        """Return the starting values that the network itself gives to one replicate, by name.

        All that nothing else starts must be there: parameters beside those of layers with weights,
        which `initial_weights` draws, and buffers that differ between replicates, which
        `initial_buffers` can't give.
        """
        ...

    def logits(
        self,
        images: torch.Tensor,
        parameters: Parameters,
        affine: Affine | None = None,
        *,
        training: bool = False,
        observe: Observe | None = None,
        outputs: Outputs | None = None,
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R or 1, B, ...].

        Args:
            images: R batches, one a replicate, or 1 batch for all replicates.
            parameters: name -> [R, ...], parameters and buffers.
            affine: computes a layer's product and bias, from a posterior's samples for example;
                where it returns None the layer computes them itself.
            training: whether buffers are brought up to date, in place.
            observe: called with every layer with weights and its inputs [R or 1, B, ...].
            outputs: called with every such layer, its units' outputs [M, B, out, ...] for some
                replicates and images, and which replicates these are, until all were shown: after
                activation and pooling in a network of the config, before them in a user's module.
        """
        ...

    def reseed(self, seeds: Sequence[int], /) -> None:
        """Let each of R replicates' next passes in training draw random numbers from its seed."""
        ...

    def end_epoch(self, buffers: Parameters) -> None:
        """Bring the buffers [R, ...] up to date after an epoch of training, in place."""
        ...

    def measured_statistics(
        self,
        parameters: Parameters,
        batches: Sequence[torch.Tensor],
        scaling: Callable[[torch.Tensor], torch.Tensor],
        /,
    ) -> Mapping[str, torch.Tensor]:
        """Return the buffers [R, ...] by which layers normalise, measured anew; empty if none do.

        Args:
            parameters: name -> [R, ...], parameters and buffers; they are left as they are.
            batches: images [B, ...] before scaling; every batch counts alike.
            scaling: makes a batch the network's inputs.
        """
        ...
