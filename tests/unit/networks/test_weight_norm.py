"""weight_norm's lengths and directions become the weights that torch makes of them."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from prunescape.networks import given_weights, weight_norm
from prunescape.networks.module_checks import Use, check, line
from tests.helpers.given import saved
from tests.helpers.own_networks import IMAGE, UNUSUAL, unusual

FORMS = {"new": parametrizations.weight_norm, "old": nn.utils.weight_norm}
FORM = pytest.mark.parametrize("form", FORMS)
NAMES = {"weight_norm": "new", "old_weight_norm": "old"}


def normed(form, layer, dim=0):
    """Return a layer under weight_norm whose weights are not those that it began with."""
    found = FORMS[form](layer, dim=dim)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.mul_(torch.linspace(0.5, 2, parameter.numel()).view(parameter.shape))
    return found


@FORM
@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("make", [lambda: nn.Linear(4, 3), lambda: nn.Conv2d(2, 3, 2, bias=False)])
def test_weights_of_files_and_layers_are_those_that_torch_computes(form, dim, make):
    layer = normed(form, make(), dim)
    layer(torch.ones(1, 4) if isinstance(layer, nn.Linear) else torch.ones(1, 2, 3, 3))
    weight, state = layer.weight.detach().clone(), layer.state_dict()
    notes = []
    given = {f"a.{name}": value for name, value in state.items()}
    plain = weight_norm.folded(given, ["a.weight"], notes)
    assert plain.keys() == {f"a.{name}" for name, _ in make().named_parameters()}
    torch.testing.assert_close(plain["a.weight"], weight, rtol=1e-6, atol=0)
    assert notes == ["weight_norm's lengths and directions are multiplied: a.weight"]
    assert weight_norm.remove(nn.ModuleDict({"a": layer})) == ["a"]
    assert not parametrize.is_parametrized(layer)
    assert not layer._forward_pre_hooks
    torch.testing.assert_close(layer.get_parameter("weight"), weight, rtol=0, atol=0)


@FORM
def test_a_frozen_weight_stays_frozen(form):
    layer = normed(form, nn.Linear(4, 3)).requires_grad_(requires_grad=False)
    weight_norm.remove(layer)
    assert [p.requires_grad for p in layer.parameters()] == [False, False]


def test_other_names_and_shapes_stay_as_they_are():
    pair = {"a.weight_g": torch.ones(3, 1), "a.weight_v": torch.ones(3, 2)}
    for found, wanted in (
        (pair, ["weight_g"]),
        (pair | {"a.weight": torch.ones(3, 2)}, []),
        (pair | {"a.weight_g": torch.ones(2, 1)}, []),
        (pair | {"a.weight_g": torch.ones(3, 2)}, []),
        ({"a.weight_g": torch.ones(3, 1)}, []),
    ):
        notes = []
        assert weight_norm.folded(found, wanted, notes).keys() == found.keys()
        assert notes == []


@pytest.mark.parametrize("name", NAMES)
def test_a_network_under_weight_norm_is_given_with_plain_weights(name, tmp_path):
    network = unusual(name)
    theirs = nn.Sequential(nn.Flatten(), normed(NAMES[name], nn.Linear(64, 4)))
    images = torch.randn(5, *IMAGE, generator=torch.Generator().manual_seed(1))
    path = saved(tmp_path / "a.safetensors", theirs.state_dict())
    found = given_weights.read(path, network)
    assert found.notes == ["weight_norm's lengths and directions are multiplied: 1.weight"]
    arrays = {key: torch.from_numpy(value)[None] for key, value in found.arrays.items()}
    torch.testing.assert_close(network.logits(images[None], arrays)[0], theirs(images))


@pytest.mark.parametrize("name", NAMES)
def test_only_given_weights_do_without_weight_norm(name):
    network = unusual(name)
    check(network, IMAGE, Use(4, "adam", "given"))
    assert line(network).endswith("; plain weights in place of weight_norm: 1")
    with pytest.raises(ValueError, match="its training would be another; allowed") as raised:
        check(network, IMAGE, Use(4, "adam", "own"))
    assert str(raised.value).startswith(f"networks: {UNUSUAL}:{name}: weight_norm is taken from 1,")
