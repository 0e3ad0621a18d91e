"""Units that do nothing are gone, and what they fed is kept."""

import pytest
import torch

from prunescape.exports import compacting, onnx_files
from tests.helpers.exported import IMAGES, NETWORKS, pruned
from tests.helpers.factories import CONVOLUTIONAL, PERCEPTRON


@pytest.mark.parametrize("network", ["perceptron", "conv", "pooled"])
def test_units_that_do_nothing_are_gone(network):
    masked, *_ = pruned(NETWORKS[network], share=0.1)
    small = compacting.compact(masked)
    for before, after in zip(masked.network.weighted[:-1], small.network.weighted, strict=False):
        assert after.shape[0] <= before.shape[0] - 2
    assert small.network.weighted[-1].shape[0] == masked.network.weighted[-1].shape[0]
    whole, *_ = pruned(NETWORKS[network], share=0.0, gone=False)
    assert [layer["kind"] for layer in small.layers] == [layer["kind"] for layer in whole.layers]
    assert compacting.compact(whole).arrays.keys() == whole.arrays.keys()
    assert compacting.compact(whole).network.shapes == whole.network.shapes


@pytest.mark.parametrize(
    ("layers", "cut", "left"),
    [
        (PERCEPTRON, "1", [1, 1, 4]),
        (PERCEPTRON, "2", [1, 1, 4]),
        (CONVOLUTIONAL, "1", [1, 1, 1, 4]),
        (CONVOLUTIONAL, "2", [1, 1, 1, 4]),
        (CONVOLUTIONAL, "3", [1, 1, 1, 4]),
    ],
)
def test_what_is_cut_off_is_followed_through_all_layers(layers, cut, left):
    masked, *_ = pruned(layers, share=0.0, gone=False)
    masked.arrays[f"{cut}.weight"][:] = 0  # nothing of the images reaches the output
    small = compacting.compact(masked)
    assert [weight.shape[0] for weight in small.weights.values()] == left
    torch.testing.assert_close(small.logits(IMAGES), masked.logits(IMAGES), rtol=0, atol=1e-5)


def test_units_that_compete_stay():
    layers = [PERCEPTRON[0], {"kind": "k_winners", "k": 3}, *PERCEPTRON[2:]]
    masked, *_ = pruned(layers)
    small = compacting.compact(masked)
    assert small.weights["1"].shape == masked.weights["1"].shape
    torch.testing.assert_close(small.logits(IMAGES), masked.logits(IMAGES), rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="a k_winners layer can't be exported"):
        onnx_files.graph(masked)
