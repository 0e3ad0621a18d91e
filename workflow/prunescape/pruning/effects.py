"""What happens to the weights that a mask removes (needs torch).

`zero` sets them to 0; `compensate` does so and adds their mean contribution, weight times mean
input, to the bias; `freeze` keeps their values and only ends their training.
"""

from collections.abc import Mapping

import torch

from prunescape.networks.network import Network, Parameters


def apply(
    effect: str,
    network: Network,
    parameters: Parameters,
    masks: Mapping[str, torch.Tensor],
    input_means: Mapping[str, torch.Tensor],
) -> dict[str, torch.Tensor]:
    """Return the parameters after the effect; a layer without a bias gains one by `compensate`.

    Args:
        effect: zero, compensate or freeze.
        network: the network of the parameters.
        parameters: weights and biases [M, ...] of M networks.
        masks: layer -> boolean [M, out, in, ...], True = keep.
        input_means: layer -> mean inputs [M or 1, in, ...], read by `compensate`.
    """
    changed = dict(parameters)
    if effect == "freeze":
        return changed
    for layer in network.weighted:
        name, mask = f"{layer.name}.weight", masks[layer.name]
        changed[name] = parameters[name] * mask
        if effect == "compensate":
            removed = parameters[name] * ~mask * input_means[layer.name].unsqueeze(1)
            lost = removed.flatten(2).sum(2)
            changed[f"{layer.name}.bias"] = lost + parameters.get(f"{layer.name}.bias", 0.0)
    return changed
