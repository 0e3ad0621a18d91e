"""Frozen parameters (requires_grad=False) of a user's module, through every stage."""

import pytest
import torch

from prunescape.fitting import training
from prunescape.networks import architectures
from prunescape.pruning import arm_masks, retraining
from prunescape.scoring import input_moments, ranking
from tests.helpers import factories, own_networks
from tests.helpers.own_networks import IMAGE, UNUSUAL

NAMED = f"{UNUSUAL}:Frozen"
IMAGES, LABELS = factories.uint8_images(24, IMAGE), factories.classes(24, 4)
ROOT = (1, "study")
SETTINGS = own_networks.LIKELIHOOD | {"epochs": 2}
POSTERIOR = own_networks.VARIATIONAL | {"epochs": 2}


def fitted(settings):
    return own_networks.fitted(NAMED, IMAGES, LABELS, settings)


@pytest.fixture(scope="module")
def point():
    return fitted(SETTINGS)


def begun():
    network = architectures.network(NAMED, IMAGE)
    return training.initial_weights(network, SETTINGS["initial_weights"], ROOT, [1, 2])


def same_frozen_bits(arrays, start):
    frozen = architectures.network(NAMED, IMAGE).frozen
    assert len(frozen) == 5
    return all(arrays[name].tobytes() == start[name].tobytes() for name in frozen)


@pytest.mark.parametrize("settings", [SETTINGS, POSTERIOR], ids=["point", "posterior"])
def test_frozen_parameters_keep_their_bits_and_all_others_train(settings):
    arrays, start = fitted(settings).arrays, begun()
    assert same_frozen_bits(arrays, start)
    assert (start["1.weight"][0] != start["1.weight"][1]).all()  # each as its own module starts
    for name in architectures.network(NAMED, IMAGE).shapes:
        assert (arrays[name] != start[name]).any()
    assert "1.weight.sigma" not in arrays


def test_a_frozen_bias_is_added_under_a_posterior():
    network = architectures.network(NAMED, IMAGE)
    checkpoint = fitted(POSTERIOR)
    assert checkpoint.arrays["2.bias"].any()
    logits = network.logits(
        checkpoint.scaling(IMAGES)[None], checkpoint.parameters(torch.device("cpu"))
    )
    with torch.no_grad():
        expected = own_networks.alone(checkpoint, 1)(checkpoint.scaling(IMAGES))
    torch.testing.assert_close(logits[1], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("start", [None, "initial", "redrawn"])
def test_they_are_neither_pruned_nor_retrained(point, start):
    parameters = point.parameters(torch.device("cpu"))
    moments = input_moments.input_moments(point.network, parameters, point.scaling, IMAGES)
    scores = ranking.scores(
        point, ["magnitude", "obd_empirical"], SETTINGS, IMAGES, LABELS, moments, ROOT
    )
    arms = [("magnitude", "global", 0), ("obd_empirical", "global", 0)]
    packed = arm_masks.masks(scores, arms, "exact_k", "0.50", ROOT, [1, 2])
    assert {layer.name for layer in point.network.weighted} == {"2", "3"}
    trained = [retraining.Trained("magnitude", "global", "zero", "0.50")]
    settings = SETTINGS | ({"start": start} if start else {})
    after = retraining.retrain(point, trained, {"0.50": packed}, IMAGES, LABELS, settings, ROOT, 2)
    assert same_frozen_bits(after.arrays, point.arrays)
    weights = [after.arrays[f"{name}.weight"] for name in ("2", "3")]
    zeros = sum(int((weight[0] == 0).sum()) for weight in weights)
    assert zeros == sum(weight[0].size for weight in weights) // 2
