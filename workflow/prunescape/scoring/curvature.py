"""The Hessian of the mean loss of all training images, by its products with vectors (needs torch).

No Hessian is ever made: its product with a vector is the gradient of the gradient's product with
that vector (Pearlmutter 1994), a second pass backwards.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import torch

from prunescape.foundations import streams
from prunescape.networks.network import Parameters, Weighted
from prunescape.networks.scaling import Scaling
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import Likelihood

CHUNK = 1000  # images at a time; fixed, so that sums don't depend on the machine's memory
DRAWS = 10  # vectors of random signs for the images of a chunk

Tensors = Mapping[str, torch.Tensor]


def product(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    vector: Tensors,
) -> dict[str, torch.Tensor]:
    """Return the product of each member's Hessian with a vector.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].
        vector: parameter name -> [R, ...]; parameters that it leaves out count as 0.

    Returns:
        The names of `vector` -> [R, ...].
    """
    total = {name: torch.zeros_like(value) for name, value in vector.items()}
    for member in _members(vector):
        own, part = _part(parameters, member), _part(vector, member)
        for chunk, classes in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
            multiply = of_batch(goal, own, scaling(chunk)[None], classes, list(vector))
            _add(total, member, multiply(part), len(chunk) / len(images))
    return total


def diagonal(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    names: Sequence[str],
    members: Sequence[streams.Name],
) -> dict[str, torch.Tensor]:
    """Estimate the diagonal of each member's Hessian: the mean of z * (H z) over random signs z.

    Hutchinson (1990); for a diagonal Bekas, Kokiopoulou and Saad (2007). Every `CHUNK` of images
    has `DRAWS` vectors of its own, so the error falls with the number of images too. The estimate
    has no bias; its variance is the sum of squares of the other entries in a weight's row. It may
    be negative where the exact number is not.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].
        names: the parameters whose diagonal is wanted.
        members: of every member, the first parts of its random streams' names.

    Returns:
        Parameter name -> [R, ...].
    """
    total = {name: torch.zeros_like(parameters[name]) for name in names}
    for member, stream in zip(_members(total), members, strict=True):
        own, like = _part(parameters, member), _part(total, member)
        pairs = zip(images.split(CHUNK), labels.split(CHUNK), strict=True)
        for number, (chunk, classes) in enumerate(pairs):
            multiply = of_batch(goal, own, scaling(chunk)[None], classes, names)
            drawn = (_signs(like, (*stream, number, draw)) for draw in range(DRAWS))
            _add(total, member, mean_over(drawn, multiply), len(chunk) / len(images))
    return total


def mean_over(
    signs: Iterable[Tensors], multiply: Callable[[Tensors], Tensors]
) -> dict[str, torch.Tensor]:
    """Return the mean of z * multiply(z) over vectors z of signs: name -> [R, ...]."""
    found = [
        {name: vector[name] * value for name, value in multiply(vector).items()} for vector in signs
    ]
    return {name: torch.stack([each[name] for each in found]).mean(0) for name in found[0]}


def of_batch(
    goal: Likelihood,
    parameters: Parameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    names: Sequence[str],
) -> Callable[[Tensors], dict[str, torch.Tensor]]:
    """Return a function that multiplies vectors by each member's Hessian of a batch's mean loss.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        images: scaled images [1, B, ...].
        labels: their classes [B].
        names: the parameters that vectors have; those that the function returns.
    """
    leaves = {name: parameters[name].detach().clone().requires_grad_() for name in names}
    values = {**parameters, **leaves}
    members = len(next(iter(leaves.values())))

    def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
        # A layer's own product: the fast one for convolutions has no second derivative.
        return layer.affine(inputs, values)

    batch = Batch(images, labels.expand(members, len(labels)))
    loss = goal.loss(values, batch, affine).sum()
    slopes = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
    return partial(_multiplied, leaves, slopes)


def _multiplied(
    leaves: Tensors, slopes: Sequence[torch.Tensor], vector: Tensors
) -> dict[str, torch.Tensor]:
    """Return the gradient of the slopes' product with a vector."""
    inner = torch.stack(
        [(slope * vector[name]).sum() for name, slope in zip(leaves, slopes, strict=True)]
    ).sum()
    found = torch.autograd.grad(
        inner, list(leaves.values()), retain_graph=True, materialize_grads=True
    )
    return dict(zip(leaves, found, strict=True))


def _signs(like: Tensors, stream: streams.Name) -> dict[str, torch.Tensor]:
    """Return random signs of the shapes of `like`, from a stream for each name."""
    found = {}
    for name, value in like.items():
        drawn = streams.generator(*stream, name).integers(0, 2, tuple(value.shape), dtype="int8")
        found[name] = (torch.from_numpy(drawn) * 2 - 1).to(value)
    return found


def _members(tensors: Tensors) -> list[slice]:
    """Return the places of members one by one: second derivatives of several add up otherwise."""
    return [slice(r, r + 1) for r in range(len(next(iter(tensors.values()))))]


def _part(tensors: Tensors, member: slice) -> dict[str, torch.Tensor]:
    return {name: value[member] for name, value in tensors.items()}


def _add(total: Tensors, member: slice, found: Tensors, share: float) -> None:
    for name, value in found.items():
        total[name][member].add_(value, alpha=share)
