"""What a recipe does around a step of SGD or Adam, member by member (needs torch).

Gradients are clipped first, then weights decay, then the optimiser steps, then the moving average
follows: the order of torch's training loops.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import torch

from prunescape.foundations.choices import choose
from prunescape.networks.ensembles import Ensemble

AVERAGE = "average"
"""Name of the moving average in an optimiser's state."""

REACHES: Mapping[str, Callable[[str, int], bool]] = {
    "weights": lambda name, axes: name.endswith(".weight") and not name.startswith("own."),
    "matrices": lambda name, axes: axes > 1,
    "all": lambda name, axes: True,
}
"""Setting -> whether the decay reaches a parameter of a name with so many axes."""


class Extras:
    """Clipping, weight decay and a moving average of an ensemble's parameters.

    Settings (config key `optimiser`), each may be missing: clip_norm, the largest norm of a
    member's gradient, all parameters together, as in torch's clip_grad_norm_; weight_decay {rate,
    reaches}; average, the share of the moving average that a step keeps.
    """

    def __init__(
        self, ensemble: Ensemble, settings: Mapping[str, Any], free: torch.Tensor | None = None
    ) -> None:
        """`free`: [M, P], 0 where weights are held, which then don't decay; None: all train."""
        self._ensemble = ensemble
        self._clip_norm: float | None = settings.get("clip_norm")
        self._average: float | None = settings.get("average")
        self._decay: torch.Tensor | None = None
        if decay := settings.get("weight_decay"):
            reached = choose(REACHES, decay["reaches"], "optimiser.weight_decay.reaches")
            self._decay = torch.zeros_like(ensemble.flat)
            for name, view in ensemble.views(self._decay).items():
                if reached(name, view.dim() - 1):
                    view.fill_(decay["rate"])
            if free is not None:
                self._decay *= free

    def clip(self) -> None:
        """Scale each member's gradient to the largest norm, if it is longer."""
        if self._clip_norm is None:
            return
        # Row by row: the order in which torch adds up a stack depends on the number of rows.
        norms = torch.stack([row.norm() for row in self._ensemble.gradient])
        shares = (self._clip_norm / (norms + 1e-6)).clamp_(max=1.0)
        self._ensemble.gradient.mul_(shares[:, None])

    def decay_gradient(self) -> None:
        """Add the decay to the gradient, as torch's SGD does (an L2 penalty)."""
        if self._decay is not None:
            self._ensemble.gradient.add_(self._decay * self._ensemble.flat)

    def decay_values(self, rate: float) -> None:
        """Shrink the values themselves (Loshchilov and Hutter 2019, arXiv 1711.05101: AdamW)."""
        if self._decay is not None:
            self._ensemble.flat.mul_(1 - rate * self._decay)

    def follow(self, state: MutableMapping[str, torch.Tensor]) -> None:
        """Move the average in an optimiser's state; the first step's values begin it."""
        if self._average is None:
            return
        if AVERAGE in state:
            state[AVERAGE].lerp_(self._ensemble.flat, 1 - self._average)
        else:
            state[AVERAGE] = self._ensemble.flat.detach().clone()
