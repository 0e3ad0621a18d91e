"""What masks are for: weights, and biases where a layer says so."""

from prunescape.networks import prunable
from prunescape.networks.network import Network


def test_biases_are_prunable_only_where_the_layer_says_so():
    layers = [
        {"kind": "linear", "units": 5, "prune_bias": True},
        {"kind": "linear", "units": 4},
        {"kind": "linear", "units": 3, "bias": False, "prune_bias": True},
    ]
    network = Network(layers, (1, 2, 2))
    weights = {str(i): f"{i}.weight" for i in (1, 2, 3)}
    assert prunable.tensors(network) == weights | {"1.bias": "1.bias"}
    assert list(prunable.shapes(network).items()) == [
        *(("1", (5, 4)), ("2", (4, 5)), ("3", (3, 4))),
        ("1.bias", (5,)),
    ]
