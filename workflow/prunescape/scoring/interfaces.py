"""What a pruning criterion must be (needs torch).

A criterion is a pure function that declares what it reads: the names of its parameters after the
first are those of `needs.STATISTICS`, and it is given these alone. Which of the two kinds it is,
its first parameter says: `weight` or `weights`. `criteria` holds the library's.
"""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class LayerCriterion(Protocol):
    """Scores the weights of one layer by that layer alone."""

    def __call__(self, weight: Tensor, /, **statistics: Tensor) -> Tensor:
        """Return a score for every weight, higher = keep.

        Args:
            weight: [R, out, in, ...]; of a posterior, its mean.
            statistics: tensors of the layer, [R, out, in, ...] like the weight or, of inputs,
                [R or 1, 1, in, ...].

        Returns:
            Finite numbers [R, out, in, ...], a replicate's from its own weights only.
        """
        ...


class NetworkCriterion(Protocol):
    """Scores the weights of all layers together."""

    def __call__(
        self, weights: Mapping[str, Tensor], /, **statistics: Mapping[str, Tensor]
    ) -> Mapping[str, Tensor]:
        """Return layer -> scores, as of `LayerCriterion`.

        Args:
            weights: layer -> [R, out, in, ...], in the order of the network.
            statistics: layer -> tensor, each.
        """
        ...
