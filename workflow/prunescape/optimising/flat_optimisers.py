"""Adam and SGD of an ensemble's flat buffer, by the functions of torch's own (needs torch).

torch.optim.Adam and SGD call the same fused functions, so steps have the same bits. But when one of
them is made it imports torch's compiler: two CPU seconds in a process that never compiles.
"""

import torch
from torch.optim import adam, sgd

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising.step_extras import AVERAGE, Extras


class Adam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) with beta 0.9 and 0.999.

    With weight decay it is AdamW: values shrink by rate times decay before the step.

    Attributes:
        rate: the learning rate of the next step.
        state: empty before the first step; then `step`, `exp_avg`, `exp_avg_sq`, as in torch, and
            `average` if there is one.
    """

    def __init__(
        self, ensemble: Ensemble, rate: float, epsilon: float, extras: Extras | None = None
    ) -> None:
        """Begin without a memory; a step reads the ensemble's gradient."""
        self.rate = rate
        self.state: dict[str, torch.Tensor] = {}
        self._ensemble = ensemble
        self._epsilon = epsilon
        self._extras = extras or Extras(ensemble, {})

    @torch.no_grad()
    def step(self) -> None:
        """Change the values by their gradient."""
        values = self._ensemble.flat
        if not self.state:
            self.state["step"] = torch.zeros((), device=values.device)
            self.state["exp_avg"] = torch.zeros_like(values)
            self.state["exp_avg_sq"] = torch.zeros_like(values)
        self._extras.clip()
        self._extras.decay_values(self.rate)
        adam.adam(
            *([values], [self._ensemble.gradient]),
            *([self.state["exp_avg"]], [self.state["exp_avg_sq"]], [], [self.state["step"]]),
            fused=True,
            lr=self.rate,
            beta1=0.9,
            beta2=0.999,
            eps=self._epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
        self._extras.follow(self.state)


class SGD:
    """Gradient descent, with momentum as torch has it (the rate multiplies the whole velocity).

    Weight decay is added to the gradient, so momentum carries it too.

    Attributes:
        rate: the learning rate of the next step.
        remembers: whether a step depends on those before, by momentum.
        state: with momentum and after the first step `momentum_buffer`, and `average` if there is
            one; else empty.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        rate: float,
        momentum: float,
        extras: Extras | None = None,
        *,
        nesterov: bool = False,
    ) -> None:
        """Begin without a memory; a step reads the ensemble's gradient.

        With `nesterov` a step goes along the gradient plus momentum times the new velocity.
        """
        self.rate = rate
        self.state: dict[str, torch.Tensor] = {}
        self._ensemble = ensemble
        self.remembers = momentum > 0
        self._momentum = momentum
        self._nesterov = nesterov
        self._extras = extras or Extras(ensemble, {})

    @torch.no_grad()
    def step(self) -> None:
        """Change the values by their gradient."""
        self._extras.clip()
        self._extras.decay_gradient()
        buffers = [self.state.get("momentum_buffer")]
        sgd.sgd(
            *([self._ensemble.flat], [self._ensemble.gradient], buffers),
            fused=True,
            lr=self.rate,
            momentum=self._momentum,
            dampening=0.0,
            weight_decay=0.0,
            nesterov=self._nesterov,
            maximize=False,
        )
        if buffers[0] is not None:
            self.state["momentum_buffer"] = buffers[0]
        self._extras.follow(self.state)


def average(optimiser: object) -> torch.Tensor | None:
    """Return the moving average [M, P] of an optimiser that has one, laid out like the values."""
    return optimiser.state.get(AVERAGE) if isinstance(optimiser, Adam | SGD) else None
