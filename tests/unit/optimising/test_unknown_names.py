"""Kinds that the library doesn't know are refused: what was found, what is allowed."""

import re

import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.optimising import first_images, optimisers
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import objective
from prunescape.optimising.posteriors import prior
from tests.helpers.factories import LOGISTIC, PSGD
from tests.helpers.fits import AT_ONCE, POINT

NETWORK = Network(LOGISTIC, (1, 8, 8))
GIVEN = AT_ONCE | {"prior": "gaussian"}
SIGMA = GIVEN["sigma"] | {"parameter": "wonder"}
SGD = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0}


def made_of(**changes):
    settings = PSGD["optimiser"] | changes
    ensemble = Ensemble(NETWORK.shapes, 1, torch.device("cpu"))
    return optimisers.optimiser(ensemble, {"optimiser": settings, "batch_size": 8}, 100, None)


def rate_with(decay):
    optimisers.set_rate(made_of(**SGD), SGD | {"decay": decay}, 0.5, 2, 0.1)


@pytest.mark.parametrize(
    ("call", "key", "allowed"),
    [
        (lambda: objective(NETWORK, {"kind": "wonder"}), "kind", "likelihood, variational"),
        (lambda: objective(NETWORK, POINT | {"softmax": "wonder"}), "softmax", "once, twice"),
        (lambda: objective(NETWORK, GIVEN | {"prior": "wonder"}), "prior", "gaussian, standard_"),
        (lambda: prior("wonder"), "prior", "gaussian, standard_normal, ard, log_uniform"),
        (
            lambda: objective(NETWORK, GIVEN | {"sigma_in_kl": "wonder"}),
            "sigma_in_kl",
            "standard_deviation, variance",
        ),
        (
            lambda: objective(NETWORK, GIVEN | {"sigma": SIGMA}),
            "sigma.parameter",
            "log, softplus, identity",
        ),
        (
            lambda: objective(NETWORK, GIVEN | {"sampling": "wonder"}),
            "sampling",
            "activations, weights",
        ),
    ],
)
def test_an_unknown_name_in_an_objective_is_refused(call, key, allowed):
    text = re.escape(f"objective.{key}: found 'wonder'; allowed: {allowed}")
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "key", "allowed"),
    [
        (lambda: made_of(kind="wonder"), "kind", "adam, sgd, psgd"),
        (lambda: made_of(start="wonder"), "start", "measured, zero"),
        (lambda: made_of(normalisation="wonder"), "normalisation", "images, parameters"),
        (lambda: rate_with({"kind": "wonder"}), "decay.kind", "linear, exponential"),
    ],
)
def test_an_unknown_name_in_an_optimiser_is_refused(call, key, allowed):
    text = re.escape(f"optimiser.{key}: found 'wonder'; allowed: {allowed}")
    with pytest.raises(ValueError, match=text):
        call()


def test_preconditioned_steps_of_a_posterior_are_refused():
    goal = objective(NETWORK, GIVEN)
    ensemble = Ensemble(goal.shapes, 1, torch.device("cpu"))
    batch = Batch(torch.zeros(1, 2, 1, 8, 8), torch.zeros(1, 2, dtype=torch.long))
    text = "objective.kind: found variational with optimiser.kind psgd; allowed: likelihood"
    with pytest.raises(ValueError, match=text):
        first_images.descend(goal, ensemble, batch, {})
