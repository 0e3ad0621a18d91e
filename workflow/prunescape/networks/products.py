"""Products of inputs and weights, built from torch's fastest ones (needs torch)."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch.autograd.function import once_differentiable

# From so many weights of a member on, filling memory costs more than extra calls: slopes by such
# weights are written straight to their place, and the weights may lie input by input.
LARGE = 10_000
FEW = 32  # units
THIN = 256  # images of a member
COPY = 25  # images whose products with one input cost as much as copying that input's weights
WHOLE = 64  # the number of inputs that are multiplied is a multiple of this
SMALL = 16**3  # up to so many multiplications torch uses MKL instead of oneDNN
HUGE = 100_000  # from so many numbers of a member on, a copy costs more than a call
_SLOPE = "slope"  # attribute of a leaf: the tensor to which its slope is written


def batched(
    left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Multiply [R, m, k] by [R, k, n] -> [R, m, n], into `out` if given.

    A member's bits don't depend on the other members. On a processor torch multiplies with oneDNN
    unless the precision is the highest; but if all members together need at most `SMALL`
    multiplications, it uses MKL. So a single member is padded with zeros to more than `SMALL`.
    Torch also copies tensors that don't lie member after member, such as an ensemble's weights;
    large ones are therefore multiplied one by one.
    """
    if left.device.type == "cpu" and torch.get_float32_matmul_precision() != "highest":
        small = left.shape[1] * left.shape[2] * right.shape[2]
        if 0 < small <= SMALL:
            more = left.shape[2] * (SMALL // small)
            left, right = F.pad(left, (0, more)), F.pad(right, (0, 0, 0, more))
        elif out is None and max(left[0].numel(), right[0].numel()) >= HUGE:
            return torch.stack([a @ b for a, b in zip(left, right, strict=True)])
    return torch.bmm(left, right, out=out)


def multiply(
    inputs: torch.Tensor, weight: torch.Tensor, *, input_major: bool = False
) -> torch.Tensor:
    """Multiply inputs [R, B, in] by weights [R, out, in] -> [R, B, out].

    `input_major`: the weights lie input by input, on a processor. If many inputs are zero in a
    member's whole batch, these are then skipped, and their slopes are zero.
    """
    outputs: torch.Tensor = (_InputMajor if input_major else _Product).apply(inputs, weight)
    return outputs


def put_slope_in(weight: torch.Tensor, place: torch.Tensor) -> None:
    """Make products write the slope by `weight`, if that is large, to a tensor of its shape."""
    setattr(weight, _SLOPE, place)


class _Product(torch.autograd.Function):
    """Inputs [R, B, in] times weights [R, out, in] -> [R, B, out].

    With the untransposed weights as the left factor, thin batches are multiplied up to five times
    as fast, and long ones a tenth to a half faster unless the units are few. Outputs then lie unit
    by unit, [R, out, B]; slopes by inputs have the inputs' layout.

    The slope by the weights has the weights' layout. That of torch's bmm is transposed: the product
    and copying it both take twice as long. The slope by large weights is written to its place, if
    `put_slope_in` gave one, because a new tensor of that size costs as much as the product. The
    slope by small weights is a new tensor, because torch writes into a view member by member, which
    costs more.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if inputs.shape[1] <= THIN or weight.shape[1] > FEW:
            return batched(weight, inputs.mT).mT
        return batched(inputs, weight.mT)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)
        is_large = inputs[1][0].numel() >= LARGE
        ctx.slope = getattr(inputs[1], _SLOPE, None) if is_large else None

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        inputs, weight = ctx.saved_tensors
        by_inputs = _by_inputs(inputs, weight, slope) if ctx.needs_input_grad[0] else None
        by_weight = batched(slope.mT, inputs, ctx.slope) if ctx.needs_input_grad[1] else None
        return by_inputs, by_weight


def _by_inputs(inputs: torch.Tensor, weight: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """Return slopes by inputs [R, B, in], laid out like them."""
    if inputs.mT.is_contiguous():
        return batched(weight.mT, slope.mT).mT
    return batched(slope, weight)


class _InputMajor(torch.autograd.Function):
    """Inputs [R, B, in] times weights [R, out, in] that lie input by input -> [R, B, out].

    After k-winners most inputs are zero in a whole batch, since a unit that wins for one image
    often wins for others. Zero inputs add nothing to the product, and the slope by their weights is
    zero. So only a member's active inputs are multiplied: their weights are contiguous memory,
    which is cheap to copy, and the slopes are copied back. Where too few inputs are zero, all are
    multiplied. A member's bits don't depend on the other members. Skipped inputs have slope zero:
    units that lost need no slope, and a winner that is exactly zero for all images counts as one.
    """

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        outputs = weight.new_empty(*weight.shape[:2], inputs.shape[1])
        ctx.chosen = []
        for rows, own, into in zip(inputs, weight, outputs, strict=True):
            active = _active(rows)
            if active is not None:
                places = torch.from_numpy(active)
                rows, own = rows.index_select(1, places), own.mT.index_select(0, places).mT
            ctx.chosen.append((active, rows, own))
            torch.mm(own, rows.mT, out=into)
        ctx.shape, ctx.slope = inputs.shape, getattr(weight, _SLOPE, None)
        return outputs.mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        by_inputs, by_weight = slope.new_zeros(ctx.shape), ctx.slope
        if by_weight is None:
            by_weight = slope.new_empty(len(slope), ctx.shape[2], slope.shape[2]).mT
        # numpy copies slopes back in a third of the time that torch takes.
        for (active, rows, weight), own, of_rows, of_weight in zip(
            ctx.chosen, slope, by_inputs, by_weight, strict=True
        ):
            if active is None:
                torch.mm(own, weight, out=of_rows)
                torch.mm(rows.mT, own, out=of_weight.mT)
            else:
                of_rows.numpy()[:, active] = torch.mm(own, weight).numpy()
                of_weight.mT.zero_().numpy()[active] = torch.mm(rows.mT, own).numpy()
        return by_inputs, by_weight


def _active(rows: torch.Tensor) -> np.ndarray | None:
    """Return which columns of [B, in] to multiply, or None if choosing columns doesn't pay.

    These are the columns that differ from zero, filled up with others to a multiple of `WHOLE`:
    oneDNN prepares itself anew for every number of columns.
    """
    differs = (rows.numpy() != 0).any(0)
    active = np.flatnonzero(differs)
    others = np.flatnonzero(~differs)[: -len(active) % WHOLE]
    chosen = np.concatenate([active, others])
    passed_over = rows.shape[1] - len(chosen)
    return chosen if len(rows) * passed_over >= COPY * len(chosen) else None


class _OneChannel(torch.autograd.Function):
    """Images [B, 1, H, W] convolved with weights [filters, 1, h, w], in the layout of oneDNN.

    The slope by the weights is a convolution too, of the images, taken as channels, with the slopes
    by the outputs. oneDNN's own function for this slope takes several times as long.
    """

    @staticmethod
    def forward(
        ctx: Any, images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(images)
        return F.conv2d(images.to_mkldnn(), weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (images,) = ctx.saved_tensors
        slope = slope.to_dense()
        by_weight = F.conv2d(images.transpose(0, 1), slope.transpose(0, 1)).transpose(0, 1)
        by_bias = slope.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None
        return None, by_weight, by_bias


def convolve(
    images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: int
) -> torch.Tensor:
    """Convolve one member's images [B, C, H, W] and pool by `size`."""
    by_onednn = images.device.type == "cpu" and torch.backends.mkldnn.is_available()
    if not by_onednn or images.dtype == torch.float64:  # which oneDNN doesn't know
        return pool(F.conv2d(images, weight, bias), size)
    # In oneDNN's layout, convolution and pooling take a third of the time of torch's layout.
    if weight.shape[1] == 1 and not images.requires_grad:
        outputs = _OneChannel.apply(images, weight, bias)
    else:
        outputs = F.conv2d(images.to_mkldnn(), weight, bias)
    return pool(outputs, size).to_dense()


def pool(outputs: torch.Tensor, size: int) -> torch.Tensor:
    """Take the largest of each square of `size` outputs [B, C, H, W]."""
    return outputs if size == 1 else F.max_pool2d(outputs, size, size)
