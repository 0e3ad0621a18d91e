"""Weights before training have the spread that their papers say, and streams of their own."""

import numpy as np
import pytest
import torch

from prunescape.fitting.initial_weights import initial_weights
from prunescape.networks.network import Network
from tests.helpers.factories import PERCEPTRON


def test_he_uniform_has_the_variance_of_two_over_inputs():
    network = Network([{"kind": "linear", "units": 2000}], (1, 8, 8))
    weights = initial_weights(network, {"distribution": "he_uniform"}, (1, "s"), [1])
    assert weights["1.weight"].var() == pytest.approx(2 / 64, rel=0.02)
    assert abs(weights["1.weight"]).max() <= np.sqrt(6 / 64)
    assert not weights["1.bias"].any()


def test_torch_default_is_how_torchs_layers_start():
    network = Network([{"kind": "linear", "units": 4000}], (1, 8, 8))
    start = initial_weights(network, {"distribution": "torch_default"}, (1, "s"), [1])
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 4000)
    for ours, theirs in [(start["1.weight"], layer.weight), (start["1.bias"], layer.bias)]:
        theirs = theirs.detach().numpy()
        assert ours.std() == pytest.approx(theirs.std(), rel=0.03)
        assert abs(ours).max() == pytest.approx(abs(theirs).max(), rel=0.01)


def test_glorot_uniform_has_the_variance_of_two_over_inputs_and_outputs():
    glorot = {"distribution": "glorot_uniform"}
    network = Network([{"kind": "linear", "units": 2000}], (1, 8, 8))
    weights = initial_weights(network, glorot, (1, "s"), [1])
    assert weights["1.weight"].var() == pytest.approx(2 / 2064, rel=0.02)
    assert abs(weights["1.weight"]).max() <= np.sqrt(6 / 2064)
    assert not weights["1.bias"].any()
    # A convolution's fans count every position of its window: 25 * 3 inputs, 25 * 400 outputs.
    network = Network([{"kind": "conv", "filters": 400, "size": 5}], (3, 8, 8))
    weights = initial_weights(network, glorot, (1, "s"), [1])["1.weight"]
    assert weights.var() == pytest.approx(2 / (25 * 403), rel=0.03)


def test_a_replicate_starts_alike_in_any_company_and_unlike_the_others():
    network = Network(PERCEPTRON, (1, 8, 8))
    normal = {"distribution": "normal", "scale": 0.1}
    together = initial_weights(network, normal, (1, "s"), [3, 1])
    alone = initial_weights(network, normal, (1, "s"), [1])
    for name, value in together.items():
        assert np.array_equal(value[1], alone[name][0]), name
        assert name.endswith("bias") or not np.array_equal(value[0], value[1])
    assert not np.array_equal(
        alone["1.weight"], initial_weights(network, normal, (2, "s"), [1])["1.weight"]
    )


def test_normal_has_its_scale_and_zeros_are_zero():
    network = Network([{"kind": "linear", "units": 2000}], (1, 8, 8))
    normal = {"distribution": "normal", "scale": 0.25}
    assert initial_weights(network, normal, (1, "s"), [1])["1.weight"].std() == pytest.approx(
        0.25, rel=0.02
    )
    zeros = initial_weights(network, {"distribution": "zeros"}, (1, "s"), [1, 2])
    assert zeros["1.weight"].shape == (2, 2000, 64)
    assert not any(value.any() for value in zeros.values())


@pytest.mark.parametrize("distribution", ["he_uniform", "torch_default"])
def test_the_spread_may_count_the_inputs_that_have_a_weight_alone(distribution):
    # As the authors' normalizeSparseWeights: torch's own start with 0.3 of the inputs for all.
    sparse = [{"kind": "conv", "filters": 3, "size": 3, "nonzero": 0.5}]
    sparse += [{"kind": "linear", "units": 900, "nonzero": 0.3}, {"kind": "linear", "units": 4}]
    network = Network(sparse, (1, 10, 10))
    found = {
        fan_in: initial_weights(
            network, {"distribution": distribution, "fan_in": fan_in}, (1, "s"), [1]
        )
        for fan_in in ("all", "nonzero")
    }
    plain = initial_weights(network, {"distribution": distribution}, (1, "s"), [1])
    square = 6 if distribution == "he_uniform" else 1
    counted = {"1": (9, 4), "2": (192, 58), "3": (900, 900)}  # 4.5 rounds to the even 4, 57.6 to 58
    for name, value in found["nonzero"].items():
        inputs, having = counted[name[0]]
        assert np.array_equal(found["all"][name], plain[name])
        np.testing.assert_allclose(value, plain[name] * np.sqrt(inputs / having), rtol=1e-6)
        assert abs(value).max() <= np.sqrt(square / having)
