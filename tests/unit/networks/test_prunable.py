"""What masks are for: weights, and biases where a layer says so."""

from prunescape.networks import architectures, prunable
from prunescape.networks.network import Network
from tests.helpers.places import ROOT


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


def test_paths_of_layers_are_the_modules_own_or_their_numbers():
    network = Network([{"kind": "linear", "units": 5}, {"kind": "linear", "units": 4}], (1, 2, 2))
    assert list(prunable.paths(network).items()) == [("1", "1"), ("2", "2")]
    resnet = architectures.network(f"{ROOT}/docs/examples/resnet.py:resnet8_narrow", (3, 12, 12))
    paths = list(prunable.paths(resnet).items())
    assert paths[0] == ("1", "conv")
    assert [number for number, _ in paths] == [str(i) for i in range(1, len(paths) + 1)]
    assert {path for _, path in paths} == {layer.path for layer in resnet.weighted}
