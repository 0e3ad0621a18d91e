"""The gradient of the mean loss of all training images (needs torch)."""

import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import Likelihood

CHUNK = 1000  # images at a time; fixed, so that sums don't depend on the machine's memory


def full_gradient(
    goal: Likelihood,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """Return the gradient of each member's mean loss.

    Args:
        goal: the training's objective.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].
        labels: their classes [N].

    Returns:
        Parameter name -> [R, ...].
    """
    members = len(next(iter(parameters.values())))
    buffers = {name: value for name, value in parameters.items() if name not in goal.shapes}
    dtype = scaling.scale.dtype
    ensemble = Ensemble(goal.shapes, members, images.device, buffers, dtype=dtype)
    ensemble.load({name: parameters[name] for name in goal.shapes})
    total = torch.zeros_like(ensemble.flat)
    for chunk, classes in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        batch = Batch(scaling(chunk)[None], classes.expand(members, len(classes)))
        ensemble.backward(goal.loss(ensemble.values, batch).sum())
        total.add_(ensemble.gradient, alpha=len(chunk) / len(images))
    return ensemble.views(total)
