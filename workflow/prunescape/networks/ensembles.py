"""An ensemble is one object: the parameters of R networks in one buffer (needs torch).

Every parameter is a view [R, ...] of a flat buffer [R, P], so one fused optimiser step updates all
networks, and a mask or a norm is one operation. Each tensor starts on a multiple of `ALIGNMENT`
numbers, which keeps a member's bits independent of its company: elementwise kernels treat the last
few numbers of a run (the tail of its vector loop) with other instructions, and without padding the
tail of one member would be the middle of an ensemble.

A matrix [R, out, in] lies unit by unit in the buffer, or input by input; then its view is
transposed. Code that uses the views, or the whole buffer, works for both.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from prunescape.networks import products

DTYPES = {"float32": torch.float32, "float64": torch.float64}
"""The config's dtype -> torch's."""

ALIGNMENT = 64  # float32 numbers; the longest run that a vector loop of torch takes at once


class Ensemble:
    """Parameters of R networks.

    Attributes:
        flat: [R, P], the values; float32 unless another type is asked for.
        gradient: [R, P], the same tensor as `flat.grad`.
        tensors: name -> [R, *shape], views of `flat` and leaves of autograd's graph.
        gradients: name -> [R, *shape], views of `gradient`.
        buffers: name -> [R, ...], what training keeps beside parameters.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        replicates: int,
        device: torch.device,
        buffers: Mapping[str, torch.Tensor] | None = None,
        input_major: Collection[str] = (),
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """`input_major`: names of the matrices that lie input by input."""
        self._input_major = input_major
        self.buffers = dict(buffers or {})
        self._shapes = dict(shapes)
        width = sum(_padded(int(np.prod(shape))) for shape in shapes.values())
        self.flat = torch.zeros(replicates, width, device=device, dtype=dtype)
        self.gradient = torch.zeros_like(self.flat)
        self.flat.grad = self.gradient
        self.tensors = {name: view.requires_grad_() for name, view in self.views(self.flat).items()}
        self.gradients = self.views(self.gradient)
        self._free: dict[str, torch.Tensor] = {}
        for name, tensor in self.tensors.items():
            products.put_slope_in(tensor, self.gradients[name])

    def views(self, buffer: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return name -> [R, *shape], views of a buffer [R, P] that is laid out like `flat`."""
        views, start = {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            piece = buffer[:, start : start + size]
            if name in self._input_major:
                views[name] = piece.view(len(buffer), *reversed(shape)).mT
            else:
                views[name] = piece.view(len(buffer), *shape)
            start += _padded(size)
        return views

    @torch.no_grad()
    def only(self, kept: Sequence[int]) -> "Ensemble":
        """Return a copy of the members at some positions, with their gradients."""
        buffers = {name: value[kept] for name, value in self.buffers.items()}
        device, dtype = self.flat.device, self.flat.dtype
        found = Ensemble(self._shapes, len(kept), device, buffers, self._input_major, dtype)
        found.flat.copy_(self.flat[kept])
        found.gradient.copy_(self.gradient[kept])
        return found

    @property
    def parameters(self) -> int:
        """Number of parameters of one network, without the padding."""
        return sum(int(np.prod(shape)) for shape in self._shapes.values())

    def hold(self, free: torch.Tensor) -> None:
        """Keep gradients at zero where `free` [R, P], laid out like `flat`, is 0 instead of 1."""
        self._free = self.views(free)

    @contextmanager
    def unheld(self) -> Iterator[None]:
        """Let `backward` set the gradients of held weights too, for a while."""
        held, self._free = self._free, {}
        try:
            yield
        finally:
            self._free = held

    def backward(
        self,
        loss: torch.Tensor,
        leaves: Mapping[str, torch.Tensor] | None = None,
        others: Sequence[torch.Tensor] = (),
    ) -> Sequence[torch.Tensor]:
        """Set the gradients to those of a scalar `loss`.

        They are 0 for tensors on which it doesn't depend, as where a module leaves out a block at
        random. `leaves` are functions of the tensors of the same names; for these names the
        gradients by the leaves are set. Returns the slopes by `others`, tensors on the way to the
        loss.
        """
        leaves = self.tensors | dict(leaves or {})
        slopes = torch.autograd.grad(loss, [*leaves.values(), *others], materialize_grads=True)
        for name, slope in zip(leaves, slopes[: len(leaves)], strict=True):
            gradient = self.gradients[name]
            if name in self._free:
                torch.mul(slope, self._free[name], out=gradient)
            elif slope.data_ptr() != gradient.data_ptr():
                gradient.copy_(slope)
        return slopes[len(leaves) :]

    @property
    def values(self) -> dict[str, torch.Tensor]:
        """The parameters and the buffers."""
        return self.tensors | self.buffers

    @torch.no_grad()
    def load(self, values: Mapping[str, np.ndarray | torch.Tensor]) -> None:
        """Copy arrays [R, ...] into the parameters and buffers of the same names."""
        targets = self.values
        for name, value in values.items():
            targets[name].copy_(torch.as_tensor(value))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return a copy of every tensor as a numpy array."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.tensors.items()}


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def repeated(
    values: Mapping[str, torch.Tensor], replicates: int, device: torch.device | None = None
) -> dict[str, torch.Tensor]:
    """Return values of one network as those of R equal ones: name -> [R, ...]."""
    return {
        name: value.to(device).repeat(replicates, *[1] * value.dim())
        for name, value in values.items()
    }
