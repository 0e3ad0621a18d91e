"""What is found before a user's module runs for several replicates."""

import pytest

from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.own_networks import IMAGE, UNUSUAL, unusual


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("orthogonal", "2 (ParametrizedLinear)", "is parametrized (by Orthogonal)"),
        ("old_spectral_norm", "0 (Conv2d)", "has a forward pre hook, SpectralNorm, which"),
        ("pruned", "one (Linear)", "has a forward pre hook, L1Unstructured, which"),
        ("Hooked", "one (Linear)", "has a forward hook, Hooked.__init__.<locals>.<lambda>"),
        ("backward_hooked", "two (Linear)", "has a backward hook, backward_hooked"),
        ("gradient_hooked", "two (Linear)", "has a hook of weight's gradient"),
        ("standardised", "0 (Standardised)", "has a forward of its own, which would be passed"),
        ("patched", "one (Linear)", "has a forward that was put into this object"),
        ("complex_numbers", "extra (ParameterList)", "has 0 of complex64"),
        ("spread", "the module (DataParallel)", "spreads a batch over GPUs; allowed: what it wra"),
        ("scripted", "the module (RecursiveScriptModule)", "is compiled by torch.jit"),
        ("quantised", "0 (QuantStub)", "is quantised; allowed: an"),
    ],
)
def test_parts_that_can_not_be_replaced_are_named_with_their_place(name, place, message):
    with pytest.raises(ValueError, match=r"allowed|set requires_grad") as raised:
        unusual(name)
    text = str(raised.value)
    assert text.startswith(f"networks: {UNUSUAL}:{name}: {place}")
    assert message in text
    assert "\n" not in text


def test_a_network_without_anything_to_prune_says_what_is_frozen():
    with pytest.raises(ValueError, match=r"all of its layers are frozen .* of one, two\)"):
        unusual("all_frozen")


def test_frozen_parameters_are_not_among_the_prunable_nor_the_trained():
    built = unusual("Frozen")
    assert [(layer.name, layer.path) for layer in built.weighted] == [
        ("2", "learns"),
        ("3", "last"),
    ]
    assert set(built.shapes) == {"2.weight", "3.weight", "3.bias"}
    assert [built.paths[name] for name in built.frozen] == [
        "fixed.weight",
        "fixed.bias",
        "learns.bias",
        "norm.weight",
        "norm.bias",
    ]
    assert set(built.frozen) == set(built.buffers)


def test_a_constant_beside_layers_may_be_a_frozen_parameter():
    assert unusual("FrozenPositions").shapes.keys() == {"1.weight", "1.bias"}


def test_a_module_is_not_a_function_that_makes_modules():
    with pytest.raises(ValueError, match=r"MODULE is a module \(Sequential\), and all replicates"):
        ModuleNetwork(f"{UNUSUAL}:MODULE", IMAGE)
