"""What a pruning criterion must be (needs torch).

A criterion is a pure function. Its first parameter, `weight` or `weights`, tells its kind. Its
other parameters have names in `needs.STATISTICS`, and it is given these statistics alone. The
library's criteria are in `criteria`.
"""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class LayerCriterion(Protocol):
    """Scores one layer's weights from that layer alone."""

    def __call__(self, weight: Tensor, /, **statistics: Tensor) -> Tensor:
        """Return a score for every weight, higher = keep.

        Args:
            weight: [R, out, in, ...]; for a posterior, the mean.
            statistics: tensors of the layer: [R, out, in, ...] like the weight, or
                [R or 1, out or 1, in, ...] for statistics of inputs.

        Returns:
            Finite numbers [R, out, in, ...]; no replicate's depend on other replicates.
        """
        ...


class NetworkCriterion(Protocol):
    """Scores the weights of all layers together."""

    def __call__(
        self, weights: Mapping[str, Tensor], /, **statistics: Mapping[str, Tensor]
    ) -> Mapping[str, Tensor]:
        """Return layer -> scores, each like the result of a `LayerCriterion`.

        Args:
            weights: layer -> [R, out, in, ...], in the order of the network.
            statistics: for every statistic, layer -> tensor.
        """
        ...
