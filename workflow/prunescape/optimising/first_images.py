"""Gradients of a batch and of a single image, from one pass where possible (needs torch).

A weight's gradient is a sum over images of the layer's inputs times the slopes by its outputs.
After the backward pass of a batch both factors are known for its first image, whose gradient so
takes a product of one row instead of a second pass.
"""

import torch

from prunescape.networks import products
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Parameters, Weighted
from prunescape.optimising.interfaces import Batch, Objective
from prunescape.optimising.objectives import point_estimate


def descend(
    goal: Objective,
    ensemble: Ensemble,
    batch: Batch,
    first: Parameters,
    separate: Batch | None = None,
) -> torch.Tensor:
    """Set the ensemble's gradients to those of a batch, and write those of single images.

    Args:
        goal: what training minimises.
        ensemble: R networks; gets the gradients of their mean losses.
        batch: B images and labels for every network.
        first: parameter name -> [R, ...]; gets the gradients of the losses on single images.
        separate: the single images; without them, those that come first in the batch.

    Returns:
        The mean losses [R].

    Raises:
        ValueError: if the objective fits posteriors: its gradient is random.
    """
    goal = point_estimate(goal, "optimiser.kind psgd")
    if separate or not goal.network.chained:
        # A user's module may call a layer twice, and may have parameters beside its layers.
        single = separate or batch.first
        ensemble.backward(goal.loss(ensemble.values, single, training=True).sum())
        for name, gradient in ensemble.gradients.items():
            first[name].copy_(gradient)
        return goal.descend(ensemble, batch, [], 0.0)
    passed: list[tuple[Weighted, torch.Tensor, torch.Tensor]] = []

    def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
        outputs = layer.affine(inputs, ensemble.tensors)
        passed.append((layer, inputs[:, :1].detach(), outputs))
        return outputs

    losses = goal.loss(ensemble.values, batch, affine, training=True)
    slopes = ensemble.backward(losses.sum(), others=[outputs for *_, outputs in passed])
    size = batch.labels.shape[1]  # the mean divides the loss of an image by it
    for (layer, inputs, _), slope in zip(passed, slopes, strict=True):
        own = size * slope[:, 0, :, None].flatten(2)  # [R, out, positions]
        windows = layer.windows(inputs)[:, 0]  # [R, positions, in]
        product = products.batched if windows.shape[1] > 1 else torch.mul
        product(own, windows, out=first[f"{layer.name}.weight"].flatten(2))
        if layer.bias:
            torch.sum(own, 2, out=first[f"{layer.name}.bias"])
    return losses.detach()
