"""A replicate of an ensemble after pruning, by hand."""

import numpy as np
import torch

from prunescape.exports import members
from tests.helpers.factories import PERCEPTRON, checkpoint

FITTED = checkpoint(PERCEPTRON)


def test_compensation_gives_a_layer_a_bias():
    made = {layer.name: np.ones((3, *layer.shape), bool) for layer in FITTED.network.weighted}
    made["2"][1, 4, 3] = False
    layers = FITTED.network.weighted
    means = {layer.name: torch.full((1, 1, *layer.shape[1:]), 0.5) for layer in layers}

    found = members.arrays(FITTED, 2, made, "compensate", means)

    assert "2.bias" not in FITTED.arrays
    expected = np.zeros(5, "f4")
    expected[4] = FITTED.arrays["2.weight"][1, 4, 3] / 2
    np.testing.assert_allclose(found["2.bias"], expected)
    assert found["2.weight"][4, 3] == 0
