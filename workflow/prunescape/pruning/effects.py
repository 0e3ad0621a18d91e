"""Effects: what pruning does with the weights that a mask removes (needs torch).

`zero` sets them to 0; `compensate` does so and adds their mean contribution, weight times mean
input, to the bias; `freeze` keeps their values and only ends their training. `recalibrate` sets
them to 0 and measures anew by what layers such as BatchNorm normalise.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch

from prunescape.foundations.choices import choose
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.pruning.interfaces import Changed, Effect

RECALIBRATE = "recalibrate"
BATCH = 500
"""Most images in a batch of those that `recalibrate` reads: few enough for small memories."""


class Training(NamedTuple):
    """What a network was trained on."""

    images: torch.Tensor
    """[N, C, H, W], in the order of the file."""
    scaling: Scaling
    """The fit's."""


def apply(
    effect: str,
    network: ReplicatedNetwork,
    parameters: Parameters,
    masks: Mapping[str, torch.Tensor],
    input_means: Mapping[str, torch.Tensor],
    training: Training | None = None,
) -> dict[str, torch.Tensor]:
    """Return the parameters after the effect; `compensate` adds a bias to a layer without one.

    Args:
        effect: zero, compensate, freeze or recalibrate.
        network: the network of the parameters.
        parameters: weights, biases and buffers [M, ...] of M networks.
        masks: layer -> boolean [M, out, in, ...], True = keep; also <layer>.bias -> [M, out] for a
            bias that is pruned: it is set to 0, but for freeze.
        input_means: layer -> mean inputs [M or 1, out or 1, in, ...], read by `compensate`.
        training: read by `recalibrate`.

    Raises:
        ValueError: if the effect is unknown, needs the mean inputs of a layer that has none, or
            needs training images or running statistics that aren't there.
    """
    change = choose(EFFECTS, effect, "effect")
    changed = dict(parameters)
    for layer in network.weighted:
        weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"
        mean = input_means.get(layer.name)
        found = change(parameters[weight], parameters.get(bias), masks[layer.name], mean)
        changed[weight] = found.weight
        if found.bias is not None:
            changed[bias] = found.bias
            if layer.prune_bias and bias in masks and effect != "freeze":
                changed[bias] = found.bias * masks[bias]
    if effect == RECALIBRATE:
        changed.update(_statistics(network, changed, training))
    return changed


def _statistics(
    network: ReplicatedNetwork, pruned: Parameters, training: Training | None
) -> Mapping[str, torch.Tensor]:
    """Return the statistics by which pruned networks normalise, over their training images.

    Every batch has the same weight in them, so batches differ by one image at most.
    """
    if training is None:
        raise ValueError("effect: recalibrate: found no training images; allowed: all of the fit's")
    batches = training.images.tensor_split(-(-len(training.images) // BATCH))
    found = network.measured_statistics(pruned, batches, training.scaling)
    if not found:
        raise ValueError(
            "effect: recalibrate: found a network without running statistics; allowed: one with "
            "BatchNorm, or other normalisation with track_running_stats"
        )
    return found


def zero(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Set removed weights to 0."""
    return Changed(weight * mask, bias)


def compensate(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Set removed weights to 0, and add what they passed on at mean inputs to the bias."""
    if input_mean is None:
        raise ValueError("effect: compensate: found no mean inputs of a layer; allowed: of all")
    lost = (weight * ~mask * input_mean).flatten(2).sum(2)
    return Changed(weight * mask, lost + (0.0 if bias is None else bias))


def freeze(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Keep the values of removed weights."""
    return Changed(weight, bias)


EFFECTS: dict[str, Effect] = {
    "zero": zero,
    "compensate": compensate,
    "freeze": freeze,
    RECALIBRATE: zero,  # what it does beyond layers with weights is `_statistics`
}
