"""How often an image uses each weight of a layer, by which multiply-adds are counted."""

from collections import Counter

import torch

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters, Weighted


@torch.no_grad()
def weight_uses(
    network: ReplicatedNetwork, parameters: Parameters, image: torch.Tensor
) -> dict[str, int]:
    """Return layer -> how often an image uses each of its weights.

    A linear layer of an image uses a weight once, a convolution once for every position of its
    window; a layer that the network calls several times adds up.

    Args:
        network: the network.
        parameters: name -> [R, ...], parameters and buffers; the first replicate's are read.
        image: a scaled image [1, 1, ...].
    """
    first = {name: value[:1] for name, value in parameters.items()}
    found: Counter[str] = Counter()

    def observe(layer: Weighted, inputs: torch.Tensor) -> None:
        outputs = layer.product(inputs, first[f"{layer.name}.weight"])
        found[layer.name] += outputs[0, 0].numel() // layer.shape[0]

    network.logits(image, first, observe=observe)
    return {layer.name: found[layer.name] for layer in network.weighted}
