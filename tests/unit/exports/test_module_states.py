"""Numbers go into a user's module and out of it under the user's names."""

import numpy as np
import pytest
import torch

from prunescape.exports import module_states
from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.exported import module_checkpoint

SHARING = """
import torch
from torch import nn


class Scales(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.rand(4))
        self.register_buffer("two", self.one)

    def forward(self, values):
        return values * self.one


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.scales = nn.Linear(64, 4), Scales()
        self.register_buffer("steps", torch.arange(3))

    def forward(self, images):
        return self.scales(self.layer(images.flatten(1)))


class Noted(Net):
    def get_extra_state(self):
        return {"seen": 3}

    def set_extra_state(self, state):
        pass
"""
FLOAT = torch.float32


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(SHARING)
    return tmp_path / "own.py"


def test_a_tensor_of_two_names_has_its_numbers_under_both_and_constants_are_there(own):
    network = ModuleNetwork(f"{own}:Net", (1, 8, 8))
    arrays = {"1.weight": np.full((4, 64), 0.5, "f4"), "1.bias": np.zeros(4, "f4")}
    arrays |= {name: np.arange(4, dtype="f4") for name in network.buffers}
    state = module_states.written(network, arrays, FLOAT)
    assert state.keys() == {"layer.weight", "layer.bias", "scales.one", "scales.two", "steps"}
    assert state["scales.one"].tolist() == state["scales.two"].tolist() == [0, 1, 2, 3]
    assert state["steps"].tolist() == [0, 1, 2]
    module = module_states.read(network, state, (), FLOAT)
    assert not module.training
    found = module(torch.ones(1, 1, 8, 8))
    assert found.tolist() == [[0, 32, 64, 96]]


def test_a_state_that_is_no_tensor_is_named(own):
    network = ModuleNetwork(f"{own}:Noted", (1, 8, 8))
    with pytest.raises(ValueError, match=r"own\.py:Noted: _extra_state of its state_dict is no"):
        module_states.written(network, network.start(0), FLOAT)


def test_a_bias_that_the_module_lacks_is_written_and_read():
    fitted = module_checkpoint()
    network = fitted.network
    arrays = {name: value[0] for name, value in fitted.arrays.items()}
    arrays["1.bias"] = np.arange(8, dtype="f4")
    assert module_states.added(network, arrays) == {"1.bias": "conv.bias"}
    state = module_states.written(network, arrays, torch.float64)
    assert state["conv.bias"].tolist() == list(range(8))
    assert state["conv.bias"].dtype == np.float64
    module = module_states.read(network, state, ["conv.bias"], FLOAT)
    assert module.conv.bias.tolist() == list(range(8))
    with pytest.raises(ValueError, match=r"can't load its exported state_dict.*conv\.bias"):
        module_states.read(network, state, [], FLOAT)
