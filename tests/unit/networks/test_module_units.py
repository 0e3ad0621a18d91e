"""Units that can go as a whole: those of torch-pruning's graph that leave the same logits."""

import sys

import numpy as np
import pytest
import torch

from prunescape.networks import coupled_units, module_units
from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.places import ROOT

SHAPE = (3, 16, 16)
PLAIN = f"{ROOT}/tests/plain/train_resnet8.py:resnet8_colour"
MIXING = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 6, 1)
        self.grouped = nn.Conv2d(6, 6, 3, groups=2)
        self.two = nn.Conv2d(6, 8, 1)
        self.three = nn.Conv2d(8, 4, 1)
        self.last = nn.Linear(4, 5)

    def forward(self, images):
        values = self.two(self.grouped(self.one(images)).relu()).softmax(1)
        return self.last(self.three(values).mean((2, 3)))


def sized():
    class Sized(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(768, 6), nn.Linear(6, 4)

        def forward(self, images):
            return self.two(self.one(images.flatten(1)).view(-1, 6))

    return Sized()
"""


def found(named):
    """Return a network's units, and path -> axes of each in order."""
    pytest.importorskip("torch_pruning")
    network = ModuleNetwork(named, SHAPE)
    paths = {layer.name: layer.path for layer in network.weighted}
    units = module_units.found(network, SHAPE)
    named_parts = [
        (each.size, {(paths[layer], part.axis) for layer, part in each.weights()}) for each in units
    ]
    return network, units, named_parts


def test_channels_of_residual_sums_go_together():
    _, units, parts = found(PLAIN)
    one, two, three = "blocks.0.", "blocks.1.", "blocks.2."
    made, read = 0, 1
    assert parts == [
        (
            16,
            {
                *(("conv", made), (f"{one}conv2", made)),
                *((f"{one}conv1", read), (f"{two}conv1", read), (f"{two}shortcut.0", read)),
            },
        ),
        (16, {(f"{one}conv1", made), (f"{one}conv2", read)}),
        (32, {(f"{two}conv1", made), (f"{two}conv2", read)}),
        (
            32,
            {
                *((f"{two}conv2", made), (f"{two}shortcut.0", made)),
                *((f"{three}conv1", read), (f"{three}shortcut.0", read)),
            },
        ),
        (64, {(f"{three}conv1", made), (f"{three}conv2", read)}),
        (64, {(f"{three}conv2", made), (f"{three}shortcut.0", made), ("linear", read)}),
    ]
    tensors = {part.tensor for part in units[0].parts}
    assert {f"own.norm.{each}" for each in ("weight", "bias", "running_mean")} <= tensors


def test_a_residual_sum_with_a_layer_outside_is_left_whole():
    network, units, parts = found(PLAIN)
    layers = {layer.path: layer.name for layer in network.weighted}
    inside = {
        "conv": [1, 2, 3, 4, 5],  # makes the first sum
        "blocks.1.shortcut.0": [1, 2, 4, 5],  # reads the first sum, makes the second
        "blocks.0.conv1": [2, 3, 4, 5],
        "linear": [0, 1, 2, 3, 4],
    }
    for path, expected in inside.items():
        chosen = {*layers.values()} - {layers[path]}
        assert coupled_units.inside(units, chosen, "key") == [units[i] for i in expected], path
    of_block = {name for path, name in layers.items() if path.startswith("blocks.1.")}
    assert coupled_units.inside(units, of_block, "key") == [units[2]]
    assert parts[2] == (32, {("blocks.1.conv1", 0), ("blocks.1.conv2", 1)})


def test_taken_out_they_leave_what_torch_pruning_leaves():
    network, units, _ = found(PLAIN)
    import torch_pruning

    module = network.fresh(3).eval()
    images = torch.rand(4, *SHAPE)
    graph = torch_pruning.DependencyGraph().build_dependency(module, images)
    graph.get_pruning_group(module.conv, torch_pruning.prune_conv_out_channels, [1, 4]).prune()
    graph.get_pruning_group(
        module.blocks[1].conv1, torch_pruning.prune_conv_out_channels, [0, 31]
    ).prune()
    from prunescape.networks import module_shrinking

    gone = [np.zeros(each.size, bool) for each in units]
    gone[0][[1, 4]] = gone[2][[0, 31]] = True
    left = module_shrinking.smaller(network, network.start(3), units, gone)
    expected = dict(module.named_parameters()) | dict(module.named_buffers())
    assert left.groups == {}
    for name, value in left.arrays.items():
        assert torch.equal(torch.as_tensor(value), expected[network.paths[name]].detach()), name


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mobilenet", [8, 48, 8, 48, 1280]),
        ("vit", [24]),  # the hidden units of the perceptron: the others run through LayerNorm
        ("convnext", [32, 32, 48]),
        ("densenet", [8, 16, 4, 16, 4, 8, 16, 4, 16, 4]),  # outputs are put beside one another
    ],
)
def test_models_of_torchvisions_kinds(name, sizes):
    *_, parts = found(f"{ROOT}/tests/helpers/small_models.py:{name}")
    assert [size for size, _ in parts] == sizes
    if name == "mobilenet":  # a convolution of single channels has no inputs of its own
        assert ("features.1.conv.0.0", 0) in parts[0][1]


def test_what_zeros_do_not_replace_is_left_whole(tmp_path):
    (tmp_path / "own.py").write_text(MIXING)
    *_, parts = found(f"{tmp_path}/own.py:Net")
    # Not the channels of convolutions in groups, nor those that a softmax compares.
    assert parts == [(4, {("three", 0), ("last", 1)})]
    with pytest.raises(ValueError, match=r"own.py:sized has no units that can go as a whole"):
        found(f"{tmp_path}/own.py:sized")


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    with pytest.raises(ValueError, match=r"pip install -c constraints.txt torch-pruning; or"):
        module_units.found(ModuleNetwork(PLAIN, SHAPE), SHAPE)
