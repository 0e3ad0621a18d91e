"""What pruning may remove from a network: its layers' weights, and biases where the config says so.

Masks and scores have a name for each such tensor: the layer's for its weights, "<layer>.bias" for
its bias (needs torch).
"""

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.module_layers import ModuleLayer
from prunescape.networks.network import Shape


def paths(network: ReplicatedNetwork) -> dict[str, str]:
    """Return number of each prunable layer -> its path in the user's module, in running order.

    In a network that the config lists, the number again.
    """
    return {
        layer.name: layer.path if isinstance(layer, ModuleLayer) else layer.name
        for layer in network.weighted
    }


def tensors(network: ReplicatedNetwork) -> dict[str, str]:
    """Return name in masks -> name of the parameter, the weights first."""
    weights = {layer.name: f"{layer.name}.weight" for layer in network.weighted}
    biases = [f"{layer.name}.bias" for layer in network.weighted if layer.prune_bias]
    return weights | {name: name for name in biases}


def shapes(network: ReplicatedNetwork) -> dict[str, Shape]:
    """Return name in masks -> shape without the replicate axis."""
    return {name: network.shapes[parameter] for name, parameter in tensors(network).items()}
