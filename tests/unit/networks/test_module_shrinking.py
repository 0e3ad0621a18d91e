"""A module computes with fewer units what it does with zeros in their place."""

import numpy as np
import pytest
import torch

from prunescape.networks import module_shrinking
from prunescape.networks.coupled_units import Part, Units
from prunescape.networks.module_network import ModuleNetwork

FILE = """
from torch import nn


def net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * 16, 4),
    )
"""
ALL = list(range(6))
CHANNELS = Units(
    6,
    [
        *(Part(f"{layer}.{part}", 0, ALL, ALL) for layer in "12" for part in ("weight", "bias")),
        *(
            Part(f"own.2.{part}", 0, ALL, ALL)
            for part in ("weight", "bias", "running_mean", "running_var")
        ),
        Part("3.weight", 1, list(range(96)), [i // 16 for i in range(96)]),
    ],
)


@pytest.fixture
def network(tmp_path):
    (tmp_path / "net.py").write_text(FILE)
    return ModuleNetwork(f"{tmp_path / 'net.py'}:net", (1, 8, 8))


def test_logits_are_those_with_zeros(network):
    arrays, images = network.start(1), torch.rand(3, 1, 8, 8)
    gone = np.isin(ALL, [0, 2, 5])
    left = module_shrinking.smaller(network, arrays, [CHANNELS], [gone])
    assert left.arrays["2.weight"].shape == (3, 1, 3, 3)
    assert left.arrays["3.weight"].shape == (4, 48)
    assert left.groups == {"1": 3}
    module = network.fresh(2).eval()
    found = module_shrinking.logits(network, module, left, images)
    assert module[1].groups == 6
    module.load_state_dict({network.paths[k]: torch.as_tensor(v) for k, v in arrays.items()})
    module[5].weight.data.unflatten(1, (6, 16))[:, gone] = 0
    torch.testing.assert_close(found, module(images))


def test_convolutions_of_single_channels(network):
    assert [module_shrinking.is_depthwise(layer) for layer in network.layers] == [
        False,
        True,
        False,
    ]
