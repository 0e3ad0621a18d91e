"""Objectives and priors offer what training asks of them."""

import math

import pytest
import torch

from prunescape.configuration.schema import schema
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.optimising.interfaces import Batch, Objective, Prior
from prunescape.optimising.objectives import objective, point_estimate
from prunescape.optimising.posteriors import prior
from tests.helpers.factories import classes, uint8_images
from tests.helpers.fits import AT_ONCE, PERCEPTRON, POINT

OBJECTIVES = {
    "likelihood": POINT,
    "activations": AT_ONCE,
    "weights": AT_ONCE | {"sampling": "weights"},
}
SCHEMA = schema()["$defs"]
PRIORS = SCHEMA["objective_variational"]["properties"]["prior"]["enum"]
NETWORK = Network(PERCEPTRON, (1, 8, 8))


def members(protocol):
    return [name for name in vars(protocol) if not name.startswith("_")]


def batch(replicates):
    images = (uint8_images(6) / 255).expand(replicates, 6, 1, 8, 8)
    return Batch(images, classes(6).expand(replicates, 6))


def prepared(goal, seeds):
    """Return an ensemble of one member a seed, and the generators of its members."""
    buffers = goal.network.initial_buffers(len(seeds))
    ensemble = Ensemble(goal.shapes, len(seeds), torch.device("cpu"), buffers)
    for name, shape in goal.network.shapes.items():
        drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]
        ensemble.load({name: torch.stack(drawn) / 4})
    goal.initialise(ensemble, [(1, "study", seed) for seed in seeds])
    return ensemble, [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.fixture(params=OBJECTIVES)
def goal(request):
    return objective(NETWORK, OBJECTIVES[request.param])


def test_every_objective_of_the_config_is_here():
    kinds = {
        part["properties"]["kind"]["const"]
        for name, part in SCHEMA.items()
        if name.startswith("objective_")
    }
    assert {settings["kind"] for settings in OBJECTIVES.values()} == kinds


def test_an_objective_has_every_member_of_the_interface(goal):
    assert len(members(Objective)) > 5
    assert [name for name in members(Objective) if not hasattr(goal, name)] == []
    assert NETWORK.shapes.items() <= goal.shapes.items()
    assert set(goal.input_major) <= goal.shapes.keys()
    assert goal.penalty(0, 10) >= 0


def test_a_step_sets_every_gradient_and_no_value(goal):
    ensemble, generators = prepared(goal, [1, 2])
    before = ensemble.flat.clone()
    losses = goal.descend(ensemble, batch(2), generators, goal.penalty(0, 1) / 100)
    assert losses.shape == (2,)
    assert losses.isfinite().all()
    assert torch.equal(ensemble.flat, before)
    assert all(slope.any() for slope in ensemble.gradients.values())


def test_a_members_step_is_its_own_to_the_bit(goal):
    together, generators = prepared(goal, [1, 2, 3])
    losses = goal.descend(together, batch(3), generators, 0.01)
    alone, generators = prepared(goal, [2])
    loss = goal.descend(alone, batch(1), generators, 0.01)
    assert torch.equal(losses[1:2], loss)
    assert torch.equal(together.gradient[1:2], alone.gradient)


def test_a_checkpoint_gets_all_of_the_network(goal):
    ensemble, _ = prepared(goal, [1, 2])
    estimates = goal.estimates(ensemble)
    assert NETWORK.shapes.keys() <= estimates.keys()
    assert all(len(value) == 2 for value in estimates.values())
    assert not any(name.endswith(".rho") for name in estimates)


def test_the_first_image_of_a_batch_is_a_batch():
    first = batch(2).first
    assert torch.equal(first.images, batch(2).images[:, :1])
    assert torch.equal(first.labels, batch(2).labels[:, :1])


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_gives_a_number_a_member_and_slopes_that_may_be_changed(name):
    made = prior(name)
    assert [each for each in members(Prior) if not hasattr(made, each)] == []
    generator = torch.Generator().manual_seed(1)
    mus = [torch.randn(3, 4, 5, generator=generator), torch.randn(3, 2, 4, generator=generator)]
    variances = [torch.rand(mu.shape, generator=generator) + 0.1 for mu in mus]
    given = [tensor.clone() for tensor in (*mus, *variances)]
    assert made.value(mus, variances).shape == (3,)
    slopes = made.gradients(mus, variances)
    for mu, pair in zip(mus, slopes, strict=True):
        for slope in pair:
            assert slope.shape == mu.shape
            slope.fill_(math.nan)
    assert all(torch.equal(a, b) for a, b in zip((*mus, *variances), given, strict=True))


def test_an_objective_without_a_loss_at_given_parameters_is_refused_where_one_is_needed():
    assert point_estimate(objective(NETWORK, POINT), "optimiser.kind: psgd")
    with pytest.raises(ValueError, match=r"found variational with optimiser\.kind: psgd;"):
        point_estimate(objective(NETWORK, AT_ONCE), "optimiser.kind: psgd")
