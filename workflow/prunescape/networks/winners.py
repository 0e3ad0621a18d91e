"""k-winners: only the k largest units of a layer pass on their value (needs torch).

The layer, its duty cycles and its boosting are those of Ahmad & Scheinkman (2019, arXiv 1903.11257)
and of the authors' code. A winner passes its value on as it is, so a negative one stays negative;
gradients flow through winners only.

Boosting favours units that have won seldom. Units are ranked by

    value * exp(strength * (k / units - duty cycle))

where a unit's duty cycle is the share of the last images in which it won with a positive value. A
convolution has one duty cycle a filter, over all its positions. Let `p` be the smaller of `period`
and the number of images seen so far, including the batch; a batch of B images moves the duty cycle
to

    (duty cycle * (p - B) + images of the batch that the unit won) / p

and the strength is multiplied by `factor` after each epoch. Inference ranks with the duty cycles
and the strength as training left them, so they are stored with the parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

IN_CACHE = 64  # so many images' convolution, or units, fit into a processor's cache

Shape = tuple[int, ...]
Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Boost:
    """How strongly units that seldom win are favoured; `factor` multiplies it after each epoch."""

    strength: float
    factor: float


@dataclass(frozen=True)
class Winners:
    """A layer of k-winners.

    Attributes:
        name: name of the layer with weights whose outputs compete. The buffers are called
            `<name>.duty_cycle`, `<name>.boost` (the strength) and `<name>.seen` (the images seen,
            up to `period`); without boosting there are none.
        shape: an image's values, (units,) or (channels, height, width), which all compete.
        k: number of winners for an image in training.
        inference_k: number of winners for an image in inference.
        boost: boosting, or None.
        period: number of images over which a duty cycle is averaged.
    """

    name: str
    shape: Shape
    k: int
    inference_k: int
    boost: Boost | None
    period: int

    def initial_buffers(self) -> dict[str, torch.Tensor]:
        """Return the buffers of one replicate at the start."""
        if self.boost is None:
            return {}
        return {
            f"{self.name}.duty_cycle": torch.zeros(self.shape[0]),
            f"{self.name}.boost": torch.tensor(float(self.boost.strength)),
            f"{self.name}.seen": torch.tensor(0.0),
        }

    def compete(self, values: torch.Tensor, buffers: Parameters, *, training: bool) -> torch.Tensor:
        """Return `values` [R, B, *shape] with all but the winners set to zero.

        Training brings the duty cycles up to date in place. If no gradient is needed, `values`
        are changed in place too.
        """
        k = self.k if training else self.inference_k
        values = values.contiguous()  # products that skip weights return them transposed
        ranked = values.detach()
        if self.boost is not None:
            ranked = ranked * self._factors(buffers, k)
        if torch.is_grad_enabled():
            outputs = values * winners(ranked, k)
        else:
            outputs = _keep(values, ranked, k)
        if training and self.boost is not None:
            self._record(outputs.detach(), buffers)
        return outputs

    @torch.no_grad()
    def end_epoch(self, buffers: Parameters) -> None:
        """Weaken the boosting, in place."""
        if self.boost is not None:
            buffers[f"{self.name}.boost"].mul_(self.boost.factor)

    @torch.no_grad()
    def _factors(self, buffers: Parameters, k: int) -> torch.Tensor:
        """Return the factors of the units' values: [R, 1, channels, 1, 1]."""
        rarity = k / prod(self.shape) - buffers[f"{self.name}.duty_cycle"]
        factors = rarity.mul_(buffers[f"{self.name}.boost"][:, None]).exp_()
        return factors.view(len(factors), 1, -1, *[1] * (len(self.shape) - 1))

    @torch.no_grad()
    def _record(self, outputs: torch.Tensor, buffers: Parameters) -> None:
        """Move the duty cycles by a batch of outputs."""
        images, positions = outputs.shape[1], prod(self.shape[1:])
        won = torch.gt(outputs, 0, out=torch.empty_like(outputs))  # numbers, as in `_chosen`
        wins = won.view(*outputs.shape[:3], positions).sum((1, 3)) / positions
        seen = buffers[f"{self.name}.seen"].add_(images).clamp_(max=self.period)
        span = seen.clamp(min=images)[:, None]  # a batch may be longer than the period
        buffers[f"{self.name}.duty_cycle"].mul_(span - images).add_(wins).div_(span)


def winners(values: torch.Tensor, k: int) -> torch.Tensor:
    """Mark each image's k largest values: [R, B, ...] -> the same shape, 1 or 0.

    Exactly k win; among equal values the first ones do. NaN never wins; 0 times NaN is NaN, so the
    loss shows it.
    """
    return torch.cat([_chosen(some, k) for some in _pieces(values)]).view(values.shape)


def _keep(values: torch.Tensor, ranked: torch.Tensor, k: int) -> torch.Tensor:
    """Set values to zero in place, except an image's k winners, the largest in `ranked`."""
    for some, by in zip(_pieces(values), _pieces(ranked), strict=True):
        some.mul_(_chosen(by, k))
    return values


def _pieces(values: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Split [R, B, ...] into views [some images, n] that fit into a processor's cache."""
    pieces: tuple[torch.Tensor, ...] = values.view(-1, prod(values.shape[2:])).split(IN_CACHE)
    return pieces


def _chosen(rows: torch.Tensor, k: int) -> torch.Tensor:
    """Mark each row's k largest numbers: [N, n] -> the same shape, 1 or 0."""
    least = _kth_largest(rows, k)
    # Numbers, since booleans take three times as long to make and to add up.
    chosen = torch.ge(rows, least, out=torch.empty_like(rows))
    surplus = chosen.sum(-1) > k
    if surplus.any():
        rows, least = rows[surplus], least[surplus]
        above, equal = rows > least, rows == least
        places = k - above.sum(-1, keepdim=True)
        chosen[surplus] = (above | (equal & (equal.cumsum(-1) <= places))).to(chosen.dtype)
    return chosen


def _kth_largest(rows: torch.Tensor, k: int) -> torch.Tensor:
    """Return the k-th largest number of each row: [..., n] -> [..., 1]."""
    if rows.device.type == "cpu":  # 4 times as fast as torch's topk or kthvalue
        position = rows.shape[-1] - k
        parted = np.partition(rows.numpy(), position, axis=-1)
        return torch.from_numpy(parted[..., position, None].copy())
    return rows.topk(k, sorted=False).values.amin(-1, keepdim=True)
