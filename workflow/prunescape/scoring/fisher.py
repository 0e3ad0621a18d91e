"""The diagonal of the empirical Fisher information (needs torch)."""

from math import prod

import torch

from prunescape.networks import products
from prunescape.networks.network import Parameters, Weighted
from prunescape.networks.scaling import Scaling
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import Likelihood

CHUNK = 500  # images at a time; fixed, so that sums don't depend on the machine's memory
PIECE = 20  # images at a time for a convolution, which needs the gradient of every image


def diagonal(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """Return the mean over the images of one image's squared gradient.

    In a linear layer an image's gradient is delta_n x_n', the slopes of its loss by the outputs
    times the inputs. So the sum of squares is the product of the matrices delta^2 and x^2, and no
    image's gradient needs to be computed. In a convolution an image's gradient is a sum over
    positions, and must be computed before it is squared.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].

    Returns:
        Layer -> [R, out, in, ...] like its weights.
    """
    members = len(next(iter(parameters.values())))
    sums: dict[str, torch.Tensor] = {}
    for chunk, classes in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        batch = Batch(scaling(chunk)[None], classes.expand(members, len(classes)))
        for layer, inputs, slopes in _slopes(goal, parameters, batch):
            sums[layer.name] = sums.get(layer.name, 0) + _squares(layer, inputs, slopes)
    return {
        layer.name: (sums[layer.name] / len(images)).view(members, *layer.shape)
        for layer in goal.network.weighted
    }


def _slopes(
    goal: Likelihood, parameters: Parameters, batch: Batch
) -> list[tuple[Weighted, torch.Tensor, torch.Tensor]]:
    """Return (layer, inputs, slopes of every image's loss by the outputs) for every layer."""
    seen: list[tuple[Weighted, torch.Tensor, torch.Tensor]] = []

    def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
        outputs = layer.affine(inputs, parameters)
        if not outputs.requires_grad:
            outputs.requires_grad_()
        seen.append((layer, inputs.detach(), outputs))
        return outputs.clone()  # a user's module may change outputs in place

    # An image's loss depends on its outputs alone: the slopes of the sum are those of the images.
    total = goal.loss(parameters, batch, affine).sum() * batch.labels.shape[1]
    if len({layer.name for layer, *_ in seen}) < len(seen):
        raise ValueError("networks: a layer that is run twice has no simple Fisher information")
    slopes = torch.autograd.grad(total, [outputs for *_, outputs in seen])
    return [(layer, given, slope) for (layer, given, _), slope in zip(seen, slopes, strict=True)]


def _squares(layer: Weighted, inputs: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return the sum over images of squared gradients: [R, out, inputs of a unit]."""
    slopes = slopes.flatten(3) if slopes.dim() > 3 else slopes.unsqueeze(3)
    members, _, units, positions = slopes.shape
    if positions == 1:
        rows = layer.windows(inputs).squeeze(2).square()
        return products.batched(slopes.squeeze(3).square().mT, rows.expand(members, -1, -1))
    total = slopes.new_zeros(members, units, prod(layer.shape[1:]))
    for some, slope in zip(inputs.split(PIECE, 1), slopes.split(PIECE, 1), strict=True):
        windows = layer.windows(some)
        # Member by member: for several, torch's layout and order of adding depend on the number.
        of_members = windows.expand(members, *windows.shape[1:])
        total += torch.stack(
            [(own @ w).square().sum(0) for own, w in zip(slope, of_members, strict=True)]
        )
    return total
