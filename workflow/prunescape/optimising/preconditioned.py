"""Preconditioned SGD: steps that are long where the gradient is certain (needs torch).

Mandt, Hoffman and Blei (2017), "Stochastic Gradient Descent as Approximate Bayesian Inference",
arXiv 1704.04289. Near a minimum SGD moves like a Gaussian process, which comes closest to the
posterior of N images under the diagonal preconditioner H_k = 2 S / (N C_k), with S images in a
batch and C the diagonal covariance of one image's gradient. There is no learning rate beside H. C
is estimated during training, from the gradient g_1 of one image and the gradient g_S of its batch:

    C_t = (1 - 1/t) C_{t-1} + (g_1 - g_S)^2 / t
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from prunescape.foundations import streams
from prunescape.foundations.choices import choose
from prunescape.networks.ensembles import Ensemble

Settings = Mapping[str, Any]

# t of the first step: C_10 is the first estimate that a gradient is divided by.
FIRST_STEP = 10


class NoiseCovariance:
    """The online estimate of C, for all members at once.

    Since g_1 is part of g_S, the estimate's expectation is (1 - 1/S) C; the ratios of C's entries
    stay the same.

    Attributes:
        values: [R, P], C in the layout of an ensemble's flat buffer.
        t: number of batches counted.
    """

    def __init__(self, like: torch.Tensor, t: int = 0) -> None:
        """`like`: a buffer [R, P]; C starts at 0, which counts as `t` batches."""
        self.values = torch.zeros_like(like, requires_grad=False)
        self._shares = torch.empty_like(self.values)  # fresh memory costs more than what fills it
        self.t = t

    @torch.no_grad()
    def update(
        self, first: torch.Tensor, mean: torch.Tensor, mask: torch.Tensor | None = None
    ) -> None:
        """Count a batch.

        Args:
            first: g_1 [R, P]; overwritten.
            mean: g_S [R, P].
            mask: [R, P], 1 where C is estimated and 0 where it stays.
        """
        self.t += 1
        share = 1 / self.t
        squares = first.sub_(mean).square_()
        shares = share if mask is None else torch.mul(mask, share, out=self._shares)
        self.values.lerp_(squares, shares)


class PreconditionedSGD:
    """Steps of an ensemble by -H g_S with H_k = scale * 2 S / (N max(C_k, floor)).

    Settings (config key `optimiser`): floor; scale; normalisation: `images` (N images, the paper)
    or `parameters`, a public code's choice, where N is the number of parameters of a network;
    first_step: `moves`, or `measures`, that code's choice, where the first step of every training
    brings C up to date and leaves the weights; noise_image (read by the training): whether g_1 is
    of an image of the batch or of a separate one; and start. Whatever the start, the first step is
    the one at t = 10:

        measured   C is the mean of all squares so far. The first nine batches only measure it.
        zero       C_9 = 0: all batches move the weights. At the first batch C is a tenth of one
                   square, which is next to nothing for most weights; the floor then decides how
                   far they move.
        uniform    as in that code, C_9 is uniform on [0, sqrt(6 / parameters)), each entry drawn.

    Before `step` is called, the ensemble must hold the gradients of a batch, and `first` the
    gradients of a single image.

    Attributes:
        first: parameter name -> [R, ...], g_1; written before each step.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        settings: Settings,
        images: int,
        batch_size: int,
        mask: torch.Tensor | None = None,
    ) -> None:
        """Start with nothing measured.

        Args:
            ensemble: the networks to train.
            settings: the config's `optimiser` block.
            images: N, the number of training images.
            batch_size: S.
            mask: [R, P] in the layout of `ensemble.flat`, 1 where weights train. Where it is 0, the
                ensemble holds gradients at 0, and neither the weight nor its C ever changes.

        Raises:
            ValueError: if `start` or `normalisation` is unknown.
        """
        self._ensemble = ensemble
        self._floor = settings["floor"]
        self._length = _step_length(settings, ensemble.parameters, images, batch_size)
        self._mask = mask
        self._first = torch.zeros_like(ensemble.flat)
        self.first = ensemble.views(self._first)
        starts = {"measured": 0, "zero": FIRST_STEP - 1, "uniform": FIRST_STEP - 1}
        started = choose(starts, settings["start"], "optimiser.start")
        self._noise = NoiseCovariance(ensemble.flat, started)
        self._is_drawn = settings["start"] == "uniform"
        first_steps = {"moves": 0, "measures": 1}
        first_step = settings.get("first_step", "moves")
        self._still = choose(first_steps, first_step, "optimiser.first_step")
        self._steps = 0  # of this training

    @torch.no_grad()
    def begin(
        self, members: Sequence[streams.Name], state: Mapping[str, np.ndarray | torch.Tensor]
    ) -> None:
        """Begin a training from the state of an earlier one, or draw C where it starts so.

        Args:
            members: first parts of each member's random streams' names.
            state: arrays with `<parameter>.noise` and `noise.t`, or without.
        """
        if "noise.t" in state:
            self.load(state)
            self._steps = 0
        elif self._is_drawn:
            most = math.sqrt(6 / self._ensemble.parameters)
            for name, view in self._ensemble.views(self._noise.values).items():
                for values, member in zip(view, members, strict=True):
                    stream = streams.generator(*member, name)
                    values.copy_(torch.from_numpy(stream.uniform(0, most, values.shape)))

    @torch.no_grad()
    def step(self) -> None:
        """Count the batch whose gradients the ensemble holds, and move the weights.

        Overwrites `first`.
        """
        gradient = self._ensemble.gradient
        self._noise.update(self._first, gradient, self._mask)
        self._steps += 1
        if self._noise.t >= FIRST_STEP and self._steps > self._still:
            divisor = torch.clamp_min(self._noise.values, self._floor, out=self._first)
            self._ensemble.flat.addcdiv_(gradient, divisor, value=-self._length)

    def state(self) -> dict[str, torch.Tensor]:
        """Return the state that `load` takes.

        It is `<parameter>.noise` [R, ...] and `noise.t` [R], with `noise.steps` [R] where the
        training's first step differs.
        """
        noise = self._noise
        views = self._ensemble.views(noise.values)
        state = {f"{name}.noise": view for name, view in views.items()}
        counts = {"noise.t": noise.t} | ({"noise.steps": self._steps} if self._still else {})
        return state | {k: torch.full((len(noise.values),), count) for k, count in counts.items()}

    @torch.no_grad()
    def load(self, state: Mapping[str, np.ndarray | torch.Tensor]) -> None:
        """Go on from what `state` returned; other entries are ignored."""
        for name, view in self._ensemble.views(self._noise.values).items():
            view.copy_(torch.as_tensor(state[f"{name}.noise"]))
        self._noise.t = int(state["noise.t"][0])
        if "noise.steps" in state:
            self._steps = int(state["noise.steps"][0])


def preconditioner(
    noise: torch.Tensor, settings: Settings, *, parameters: int, images: int, batch_size: int
) -> torch.Tensor:
    """Return H = scale * 2 S / (N max(C, floor)) for estimates C of any shape.

    Args:
        noise: C.
        settings: the config's `optimiser` block.
        parameters: number of weights and biases of a network.
        images: number of training images.
        batch_size: S.
    """
    length = _step_length(settings, parameters, images, batch_size)
    return length / noise.clamp_min(settings["floor"])


def _step_length(settings: Settings, parameters: int, images: int, batch_size: int) -> float:
    known = {"images": images, "parameters": parameters}
    by = choose(known, settings["normalisation"], "optimiser.normalisation")
    return float(settings["scale"] * 2 * batch_size / by)
