"""Layers of a module, run for several replicates, are torch's own run one by one."""

import pytest
import torch
from torch import nn

from prunescape.networks import module_layers

CONVOLUTIONS = {
    "plain": {"kernel_size": 3},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1},
    "dilated": {"kernel_size": 3, "dilation": 2, "padding": (2, 1)},
    "same": {"kernel_size": 4, "padding": "same"},  # one more on one side
    "reflected": {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    "in groups": {"kernel_size": 3, "groups": 2},
    "without bias": {"kernel_size": 1, "bias": False},
}


def ensemble(make, replicates=3):
    """Return modules, their description, and their parameters as an ensemble has them."""
    torch.manual_seed(0)
    modules = [make() for _ in range(replicates)]
    layer = module_layers.layer_of(modules[0], "1", "block.conv", "block.conv.", 1)
    names = ["weight", "bias"] if modules[0].bias is not None else ["weight"]
    values = {
        f"1.{name}": torch.stack([getattr(each, name) for each in modules]).detach()
        for name in names
    }
    return modules, layer, values


@pytest.mark.parametrize("settings", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_convolution_is_torchs(settings):
    modules, layer, values = ensemble(lambda: nn.Conv2d(4, 6, **settings))
    assert (layer.path, layer.bias) == ("block.conv", "1.bias" in values)
    inputs = torch.randn(3, 5, 4, 9, 8)
    found = layer.affine(inputs, values)
    expected = torch.stack([each(x) for each, x in zip(modules, inputs, strict=True)])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(layer.folded(found), expected.flatten(0, 1))


@pytest.mark.parametrize("settings", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_windows_are_what_a_unit_multiplies_with_its_weights(settings):
    _modules, layer, values = ensemble(lambda: nn.Conv2d(4, 6, **settings))
    inputs = torch.randn(3, 5, 4, 9, 8)
    windows = layer.windows(inputs).unflatten(3, (layer.groups, -1))
    weight = values["1.weight"].flatten(2).unflatten(1, (layer.groups, -1))
    products = torch.einsum("rbpgi,rgoi->rbpgo", windows, weight).flatten(3)
    expected = layer.product(inputs, values["1.weight"]).flatten(3).transpose(2, 3)
    torch.testing.assert_close(products, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("several", [(), (7,), (2, 3)])
def test_a_linear_layer_takes_vectors_of_several_places(several):
    modules, layer, values = ensemble(lambda: nn.Linear(4, 6))
    inputs = torch.randn(3, 5, *several, 4)
    found = layer.affine(inputs, values)
    assert found.shape == (3, 5, 6, *several)
    expected = torch.stack([each(x) for each, x in zip(modules, inputs, strict=True)])
    torch.testing.assert_close(layer.folded(found), expected.flatten(0, 1), rtol=1e-4, atol=1e-5)
    assert layer.windows(inputs).shape == (3, 5, max(1, torch.Size(several).numel()), 4)
