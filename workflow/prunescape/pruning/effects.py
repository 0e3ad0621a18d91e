"""Effects: what pruning does with the weights that a mask removes (needs torch).

`zero` sets them to 0; `compensate` does so and adds their mean contribution, weight times mean
input, to the bias; `freeze` keeps their values and only ends their training.
"""

from collections.abc import Mapping

import torch

from prunescape.foundations.choices import choose
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters
from prunescape.pruning.interfaces import Changed, Effect


def apply(
    effect: str,
    network: ReplicatedNetwork,
    parameters: Parameters,
    masks: Mapping[str, torch.Tensor],
    input_means: Mapping[str, torch.Tensor],
) -> dict[str, torch.Tensor]:
    """Return the parameters after the effect; `compensate` adds a bias to a layer without one.

    Args:
        effect: zero, compensate or freeze.
        network: the network of the parameters.
        parameters: weights and biases [M, ...] of M networks.
        masks: layer -> boolean [M, out, in, ...], True = keep; also <layer>.bias -> [M, out] for a
            bias that is pruned: it is set to 0, but for freeze.
        input_means: layer -> mean inputs [M or 1, in, ...], read by `compensate`.

    Raises:
        ValueError: if the effect is unknown, or needs the mean inputs of a layer that has none.
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
    return changed


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
    lost = (weight * ~mask * input_mean.unsqueeze(1)).flatten(2).sum(2)
    return Changed(weight * mask, lost + (0.0 if bias is None else bias))


def freeze(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Keep the values of removed weights."""
    return Changed(weight, bias)


EFFECTS: dict[str, Effect] = {"zero": zero, "compensate": compensate, "freeze": freeze}
