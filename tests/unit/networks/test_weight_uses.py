"""How often an image uses each weight, against counts by hand."""

import pytest
import torch

from prunescape.networks.weight_uses import weight_uses
from tests.helpers.exported import CPU, POOLED
from tests.helpers.factories import LOGISTIC, PERCEPTRON, checkpoint


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (LOGISTIC, {"1": 1}),
        (PERCEPTRON, {"1": 1, "2": 1, "3": 1}),
        # 6 x 6 positions of 3 x 3 weights on 8 x 8 pixels, 2 x 2 after pooling.
        (POOLED, {"1": 36, "2": 4, "3": 1}),
    ],
)
def test_positions_of_windows(layers, expected):
    fitted = checkpoint(layers)
    images = fitted.scaling(torch.rand(2, 1, 8, 8))[None]
    assert weight_uses(fitted.network, fitted.parameters(CPU), images) == expected
