"""What an effect of pruning must offer (needs torch).

A new one is a function of this kind and an entry of `effects.EFFECTS`. Training after pruning knows
two ways to hold what a mask removed, at 0 or at its value: `retraining` says which effects they
are.
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
            input_mean: mean inputs of the layer over the training images [M or 1, in, ...], or None
                if nobody measured them, which the jobs do for arms with `compensate` only.

        Raises:
            ValueError: if it needs an argument that is None.
        """
        ...
