"""Statistics of the gradients that single images have (needs torch).

An image's gradient is that of its own loss. In a linear layer it is delta_n x_n', the slopes of the
loss by the outputs times the inputs. So the sum over images of its squares is the product of the
matrices delta^2 and x^2, the sum of its sizes that of |delta| and |x|, and no image's gradient
needs to be computed. In a convolution it is a sum over positions, and must be computed before it is
squared: a few images at a time.
"""

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import NamedTuple

import torch

from prunescape.networks import products
from prunescape.networks.network import Parameters, Weighted
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood, cross_entropy

CHUNK = 500  # images at a time; fixed, so that sums don't depend on the machine's memory
PIECE = 20  # images at a time for a convolution, which needs the gradient of every image

Layers = dict[str, torch.Tensor]
_Function = Callable[[torch.Tensor], torch.Tensor]
"""A function of single numbers for which f(a b) = f(a) f(b)."""


class _Call(NamedTuple):
    """What a layer did in a forward pass; a user's module may call it several times."""

    layer: Weighted
    inputs: torch.Tensor  # [R or 1, B, ...]
    outputs: torch.Tensor  # [R, B, out, ...]; of the same shape, the slopes by them


def mean_squares(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> Layers:
    """Return the mean of images' squared gradients: the empirical Fisher information's diagonal.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].

    Returns:
        Layer -> [R, out, in, ...] like its weights.
    """
    return _mean(torch.square, goal, parameters, scaling, images, labels)


def mean_sizes(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> Layers:
    """Return the mean of images' absolute gradients; arguments and result as of `mean_squares`."""
    return _mean(torch.abs, goal, parameters, scaling, images, labels)


def expected_squares(
    goal: Likelihood, parameters: Parameters, scaling: Scaling, images: torch.Tensor
) -> Layers:
    """Return the mean of squared gradients that labels drawn from the network would give.

    That is the Fisher information's diagonal, for cross-entropy also that of the Gauss-Newton
    matrix. It is exact: a backward pass for every class, weighted by the probability that the
    network gives it. Arguments and result as of `mean_squares`.
    """
    members = _members(parameters)
    sums: Layers = {}
    for chunk in images.split(CHUNK):
        logits, calls = _forward(goal, parameters, scaling(chunk)[None])
        log_probabilities = logits.log_softmax(2)
        # The root of its probability scales a class's slopes, so that their squares are weighted.
        roots = (log_probabilities.detach() / 2).exp()
        vectors: Layers = {}  # squared slopes of all classes, for one product with the inputs
        for loss in -(log_probabilities * roots).sum((0, 1)):
            for found in _slopes(loss, calls, keep=True):
                if _is_vector(found):
                    _add(vectors, found[0].layer, found[0].outputs.square())
                else:
                    _add(sums, found[0].layer, _by_image(torch.square, found))
        for layer, inputs, _ in calls:
            if layer.name in vectors:
                _add(sums, layer, _product(vectors[layer.name], _rows(layer, inputs).square()))
    return _means(sums, goal, members, len(images))


def _mean(
    function: _Function,
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> Layers:
    """Return the mean of a function of images' gradients."""
    members = _members(parameters)
    sums: Layers = {}
    for chunk, classes in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        logits, calls = _forward(goal, parameters, scaling(chunk)[None])
        # An image's loss depends on its outputs alone: the slopes of the sum are the images' own.
        total = cross_entropy(logits, classes.expand(members, -1)).sum() * len(chunk)
        for found in _slopes(total, calls):
            layer, inputs, slopes = found[0]
            if _is_vector(found):
                _add(sums, layer, _product(function(slopes), function(_rows(layer, inputs))))
            else:
                _add(sums, layer, _by_image(function, found))
    return _means(sums, goal, members, len(images))


def _members(parameters: Parameters) -> int:
    return len(next(iter(parameters.values())))


def _add(sums: Layers, layer: Weighted, values: torch.Tensor) -> None:
    sums[layer.name] = sums[layer.name] + values if layer.name in sums else values


def _means(sums: Layers, goal: Likelihood, members: int, images: int) -> Layers:
    return {
        layer.name: (sums[layer.name] / images).view(members, *layer.shape)
        for layer in goal.network.weighted
    }


def _forward(
    goal: Likelihood, parameters: Parameters, images: torch.Tensor
) -> tuple[torch.Tensor, list[_Call]]:
    """Return the logits [R, B, classes] of scaled images, and the calls of all layers."""
    calls: list[_Call] = []

    def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
        outputs = layer.affine(inputs, parameters)
        if not outputs.requires_grad:
            outputs.requires_grad_()
        calls.append(_Call(layer, inputs.detach(), outputs))
        return outputs.clone()  # a user's module may change outputs in place

    return goal.logits(parameters, images, affine), calls


def _slopes(loss: torch.Tensor, calls: list[_Call], *, keep: bool = False) -> list[list[_Call]]:
    """Return the slopes of a loss by the outputs, in their place, layer by layer.

    `keep`: whether another loss of the same forward pass follows.
    """
    outputs = [call.outputs for call in calls]
    found = torch.autograd.grad(loss, outputs, retain_graph=keep)
    by_layer: dict[str, list[_Call]] = {}
    for call, slopes in zip(calls, found, strict=True):
        by_layer.setdefault(call.layer.name, []).append(call._replace(outputs=slopes))
    return list(by_layer.values())


def _is_vector(calls: list[_Call]) -> bool:
    """Return whether all units of a layer see one vector an image, and not several."""
    layer, _, outputs = calls[0]
    return len(calls) == 1 and layer.groups == 1 and outputs[0, 0, 0].numel() == 1


def _rows(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
    """Return the vectors that a layer sees, one an image: [R or 1, B, in]."""
    return layer.windows(inputs).squeeze(2)


def _product(slopes: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Return the sum over images of slopes [R, B, out] times rows [R or 1, B, in]: [R, out, in]."""
    slopes = slopes.flatten(2)
    return products.batched(slopes.mT, rows.expand(len(slopes), -1, -1))


def _by_image(function: _Function, calls: list[_Call]) -> torch.Tensor:
    """Return the sum over images of a function of their gradients: [R, out, inputs of a unit].

    An image's gradient is a sum over positions and calls.
    """
    layer, _, slopes = calls[0]
    members, images, units = slopes.shape[:3]
    total = slopes.new_zeros(members, units, prod(layer.shape[1:]))
    for first in range(0, images, PIECE):
        piece = slice(first, first + PIECE)
        by_positions = [_positions(call.outputs[:, piece]) for call in calls]
        windows = [layer.windows(call.inputs[:, piece]) for call in calls]
        # Member by member: for several, torch's layout and order of adding depend on the number.
        total += torch.stack(
            [
                function(
                    reduce(
                        torch.add,
                        (
                            _gradients(
                                layer,
                                slope[member],
                                window.expand(members, *window.shape[1:])[member],
                            )
                            for slope, window in zip(by_positions, windows, strict=True)
                        ),
                    )
                ).sum(0)
                for member in range(members)
            ]
        )
    return total


def _gradients(layer: Weighted, slopes: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
    """Return the sum over positions of slopes [B, out, positions] times windows: [B, out, in].

    `windows`: [B, positions, groups * in].
    """
    if layer.groups == 1:
        return slopes @ windows
    own = slopes.unflatten(1, (layer.groups, -1))  # [B, groups, out of a group, positions]
    seen = windows.unflatten(2, (layer.groups, -1)).transpose(1, 2)
    found: torch.Tensor = (own @ seen).flatten(1, 2)
    return found


def _positions(slopes: torch.Tensor) -> torch.Tensor:
    """Return slopes [R, B, out, ...] with their positions in one axis: [R, B, out, positions]."""
    return slopes.flatten(3) if slopes.dim() > 3 else slopes.unsqueeze(3)
