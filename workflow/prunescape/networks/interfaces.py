"""What a network must offer to be trained, scored, pruned, evaluated and exported (needs torch).

Two classes do: `network.Network`, of layers of the config, and `module_network.ModuleNetwork`, of a
user's module. `architectures.network` chooses between them; nothing after it needs to know.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch

from prunescape.networks.network import Affine, Observe, Parameters, Shape, Weighted


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
        """Name of each parameter -> shape without the replicate axis.

        "<layer>.weight" and "<layer>.bias" of the layers with weights; others are point estimates
        that are never pruned.
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
    def input_major(self) -> Collection[str]:
        """Names of the weights that training on a processor lets lie input by input."""
        ...

    def initial_buffers(
        self, replicates: int, device: torch.device | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the buffers [R, ...] at the start of training."""
        ...

    def start(self, seed: int, /) -> Mapping[str, np.ndarray]:
        """Return the parameters and buffers of one replicate that have their own start, by name.

        Those of the layers with weights are drawn by `initial_weights` if they are not among them;
        all others must be.
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
        outputs: Observe | None = None,
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R or 1, B, ...].

        Args:
            images: of each replicate, or the same for all.
            parameters: name -> [R, ...], parameters and buffers.
            affine: takes the place of the layers' own product and bias, by a posterior's samples
                for example; where it returns None the layer does it.
            training: whether buffers are brought up to date, in place.
            observe: is shown each layer with weights and its inputs [R or 1, B, ...].
            outputs: is shown each such layer and what its units put out, [R, B, out, ...].
        """
        ...

    def end_epoch(self, buffers: Parameters) -> None:
        """Bring the buffers [R, ...] up to date after an epoch of training, in place."""
        ...
