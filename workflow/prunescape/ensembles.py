"""An ensemble is one object: the parameters of R networks in one buffer (needs torch).

Every parameter is a view [R, ...] of a flat buffer [R, P], so one fused optimiser step updates all
networks, and a mask or a norm is one operation. Each tensor starts on a multiple of `ALIGNMENT`
numbers, which keeps a member's bits independent of its company: elementwise kernels treat the last
few numbers of a run (the tail of its vector loop) with other instructions, and without padding the
tail of one member would be the middle of an ensemble.
"""

from collections.abc import Mapping

import numpy as np
import torch

ALIGNMENT = 64  # float32 numbers; the longest run that a vector loop of torch takes at once


class Ensemble:
    """Parameters of R networks.

    Attributes:
        flat: [R, P] float32, the values; `flat.grad` holds the gradients.
        tensors: name -> [R, *shape], views of `flat` and leaves of autograd's graph.
        gradients: name -> [R, *shape], views of `flat.grad`.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], replicates: int, device: torch.device
    ) -> None:
        sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
        width = sum(_padded(size) for size in sizes.values())
        self.flat = torch.zeros(replicates, width, device=device)
        self.flat.grad = torch.zeros_like(self.flat)
        self.tensors: dict[str, torch.Tensor] = {}
        self.gradients: dict[str, torch.Tensor] = {}
        start = 0
        for name, shape in shapes.items():
            window = slice(start, start + sizes[name])
            values, slopes = self.flat[:, window], self.flat.grad[:, window]
            self.tensors[name] = values.view(replicates, *shape).requires_grad_()
            self.gradients[name] = slopes.view(replicates, *shape)
            start += _padded(sizes[name])

    def backward(self, loss: torch.Tensor) -> None:
        """Set the gradients to those of a scalar `loss` that depends on every tensor."""
        slopes = torch.autograd.grad(loss, list(self.tensors.values()))
        for name, slope in zip(self.tensors, slopes, strict=True):
            self.gradients[name].copy_(slope)

    @torch.no_grad()
    def load(self, values: Mapping[str, np.ndarray | torch.Tensor]) -> None:
        """Copy arrays [R, ...] into the tensors of the same names."""
        for name, value in values.items():
            self.tensors[name].copy_(torch.as_tensor(value))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return a copy of every tensor as a numpy array."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.tensors.items()}


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
