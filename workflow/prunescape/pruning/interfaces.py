"""What an effect of pruning must offer (needs torch).

A new effect is a function with this interface and an entry in `effects.EFFECTS`. Training after
pruning holds removed weights at 0 or at their value; `retraining` lists the effects for which it
does so.
"""

from typing import NamedTuple, Protocol

from torch import Tensor


class Changed(NamedTuple):
    """A layer after an effect."""

    weight: Tensor
    """[M, out, in, ...]."""
    bias: Tensor | None
    """[M, out], or None if the layer has none."""


class Effect(Protocol):
    """What happens to the weights of one layer that masks remove, in M networks."""

    def __call__(
        self, weight: Tensor, bias: Tensor | None, mask: Tensor, input_mean: Tensor | None
    ) -> Changed:
        """Return the layer after the effect; the arguments are left as they are.

        Args:
            weight: [M, out, in, ...].
            bias: [M, out], or None if the layer has none.
            mask: boolean, of the weight's shape; True = keep.
            input_mean: mean inputs of the layer over the training images [M or 1, out or 1, in,
                ...]; None if they were not measured: the jobs do so for arms with `compensate`
                only.

        Raises:
            ValueError: if the effect needs an argument that is None.
        """
        ...
