"""Every effect offers what the library asks of one, and a new one needs an entry and no more."""

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.pruning import effects
from prunescape.pruning.interfaces import Changed
from tests.helpers.factories import PERCEPTRON, masks, parameters

NETWORK = Network(PERCEPTRON, (1, 8, 8))


def layer(shape):
    """Return the weight of a layer in two networks, a mask, and mean inputs."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(2, *shape, generator=generator)
    mask = torch.rand(weight.shape, generator=generator) > 0.5
    return weight, mask, torch.rand(1, *shape[1:], generator=generator)


@pytest.mark.parametrize("effect", effects.EFFECTS)
@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 2, 2)], ids=["linear", "conv"])
@pytest.mark.parametrize("with_bias", [True, False])
def test_an_effect_returns_a_layer_of_the_same_shape_and_changes_no_argument(
    effect, shape, with_bias
):
    weight, mask, mean = layer(shape)
    bias = torch.ones(2, 5) if with_bias else None
    given = [tensor.clone() for tensor in (weight, mask, mean)]
    changed = effects.EFFECTS[effect](weight, bias, mask, mean)
    assert isinstance(changed, Changed)
    assert changed.weight.shape == weight.shape
    assert torch.equal(changed.weight[mask], weight[mask])
    assert changed.bias is None or changed.bias.shape == (2, 5)
    assert changed.bias is not None or not with_bias
    after = (weight, mask, mean)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(after, given, strict=True))
    assert bias is None or torch.equal(bias, torch.ones(2, 5))


def test_a_new_effect_is_a_function_and_an_entry(monkeypatch):
    def halve(weight, bias, mask, input_mean):
        return Changed(torch.where(mask, weight, weight / 2), bias)

    monkeypatch.setitem(effects.EFFECTS, "halve", halve)
    values = parameters(NETWORK, 2)
    kept = {name: torch.from_numpy(mask) for name, mask in masks(NETWORK, 2).items()}
    after = effects.apply("halve", NETWORK, values, kept, {})
    for name, mask in kept.items():
        before = values[f"{name}.weight"]
        assert torch.equal(after[f"{name}.weight"][~mask], before[~mask] / 2)
        assert torch.equal(after[f"{name}.weight"][mask], before[mask])
    assert torch.equal(after["1.bias"], values["1.bias"])


def test_an_effect_that_needs_mean_inputs_refuses_to_do_without():
    weight, mask, _ = layer((5, 7))
    with pytest.raises(ValueError, match="effect: compensate: found no mean inputs"):
        effects.EFFECTS["compensate"](weight, None, mask, None)
