"""Kinds that the library doesn't know are refused: what was found, what is allowed."""

import re

import pytest

from prunescape.fitting import training
from prunescape.fitting.initial_weights import initial_weights
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers.factories import LOGISTIC, PSGD, classes, uint8_images
from tests.helpers.fits import POINT, POSTERIOR

NETWORK = Network(LOGISTIC, (1, 8, 8))
IMAGES = uint8_images(8)


def fitted(**changes):
    settings = {
        "objective": POINT,
        "initial_weights": {"distribution": "zeros"},
        "optimiser": {"kind": "adam", "learning_rate": 0.001},
        "batch_size": 4,
        "epochs": 1,
    } | changes
    scaling = Scaling.fit("unit", IMAGES)
    training.fit(NETWORK, scaling, IMAGES, classes(8), settings, (1, "study"), [1])


@pytest.mark.parametrize(
    ("call", "key", "allowed"),
    [
        (
            lambda: initial_weights(NETWORK, {"distribution": "wonder"}, (1, "study"), [1]),
            "initial_weights.distribution",
            "zeros, normal, he_uniform, glorot_uniform, torch_default, own",
        ),
        (
            lambda: fitted(initial_weights={"distribution": "he_uniform", "biases": "wonder"}),
            "initial_weights.biases",
            "zero, drawn",
        ),
        (
            lambda: fitted(optimiser=PSGD["optimiser"] | {"noise_image": "wonder"}),
            "optimiser.noise_image",
            "batch, separate",
        ),
        (
            lambda: fitted(optimiser=PSGD["optimiser"] | {"first_step": "wonder"}),
            "optimiser.first_step",
            "moves, measures",
        ),
    ],
    ids=["initial weights", "biases", "noise image", "first step"],
)
def test_an_unknown_name_is_refused(call, key, allowed):
    with pytest.raises(ValueError, match=re.escape(f"{key}: found 'wonder'; allowed: {allowed}")):
        call()


def test_preconditioned_steps_of_a_posterior_are_refused():
    psgd = {"kind": "psgd", "floor": 0.3, "scale": 0.5, "normalisation": "images"}
    with pytest.raises(ValueError, match=r"objective\.kind: found variational with optimiser"):
        fitted(objective=POSTERIOR, optimiser=psgd | {"start": "zero"})
