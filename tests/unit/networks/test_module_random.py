"""Modules that draw random numbers in training: each replicate from streams of its own."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from prunescape.fitting import training
from prunescape.foundations import streams
from prunescape.networks import architectures, module_checks
from prunescape.networks.module_checks import Use
from prunescape.networks.scaling import Scaling
from tests.helpers.own_networks import DROPPING, LIKELIHOOD, VARIATIONAL

IMAGE, ROOT = (1, 8, 8), (1, "study")
IMAGES = torch.randint(
    0, 256, (40, *IMAGE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(40) % 4
SCALING = Scaling.fit("unit", IMAGES)
SETTINGS = LIKELIHOOD | {"initial_weights": {"distribution": "own"}, "epochs": 2}


def network(named):
    return architectures.network(named, IMAGE)


def fit(named, replicates, settings=SETTINGS, **more):
    state = torch.get_rng_state()
    found = training.fit(
        network(named), SCALING, IMAGES, LABELS, settings, ROOT, replicates, shown=False, **more
    ).arrays
    assert torch.equal(torch.get_rng_state(), state)
    return found


def by_a_plain_loop(named, replicate):
    """Train the user's own module; return its state."""
    built = network(named)
    module = built.fresh(streams.seed(*ROOT, "initial weights", replicate)).train()
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    for epoch in range(SETTINGS["epochs"]):
        order = torch.from_numpy(
            streams.generator(*ROOT, "batches", replicate, epoch).permutation(40)
        )
        for step, chosen in enumerate(order.split(SETTINGS["batch_size"])):
            torch.manual_seed(streams.seed(*ROOT, "network", replicate, epoch, step))
            optimiser.zero_grad(set_to_none=False)
            cross_entropy(module(SCALING(IMAGES[chosen])), LABELS[chosen]).backward()
            for parameter in module.parameters():
                if parameter.grad is None:  # of a block that no step has run yet
                    parameter.grad = torch.zeros_like(parameter)
            optimiser.step()
    state = module.state_dict()
    return {name: state[path] for name, path in built.paths.items()}


@pytest.mark.parametrize("named", DROPPING[:2])
def test_training_is_that_of_a_plain_loop_with_the_streams_seeds(named):
    found = fit(named, [1, 2])
    for member, replicate in enumerate((1, 2)):
        for name, expected in by_a_plain_loop(named, replicate).items():
            torch.testing.assert_close(
                torch.as_tensor(found[name][member]), expected, atol=1e-4, rtol=1e-4
            )


@pytest.mark.parametrize("named", DROPPING)
def test_bits_of_a_replicate_do_not_depend_on_its_company(named):
    together, alone = fit(named, [1, 2, 3]), fit(named, [2])
    for name, values in alone.items():
        assert np.array_equal(values[0], together[name][1]), name


@pytest.mark.parametrize("named", DROPPING)
def test_replicates_drop_different_units_and_an_epoch_others_than_the_last(named):
    built = network(named)
    start = {name: torch.as_tensor(value)[None] for name, value in built.start(1).items()}
    values = {name: torch.cat([value] * 3) for name, value in start.items()}

    def logits(seeds):
        built.reseed(seeds)
        own = {name: value.clone() for name, value in values.items()}
        return built.logits(SCALING(IMAGES[:8])[None], own, training=True)

    first = logits([1, 2, 1])
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[0], first[1])
    assert torch.equal(logits([2, 1, 2])[1], first[0])
    still = built.logits(SCALING(IMAGES[:8])[None], values)
    assert torch.equal(still[0], still[1])


@pytest.mark.parametrize("named", DROPPING)
def test_the_check_passes_and_training_learns(named):
    built = network(named)
    assert built.random
    module_checks.check(built, IMAGE, Use(4, "adam", "own", 40, {"batch_size": 8}))


@pytest.mark.parametrize("use", [Use(4, "adam", "own", posterior=True), Use(4, "psgd", "own")])
def test_what_trains_replicates_as_one_batch_is_refused(use):
    line = "dropping_perceptron is random in training, by dropout for example, and under a post"
    with pytest.raises(ValueError, match=line):
        module_checks.check(network(DROPPING[1]), IMAGE, use)
    with pytest.raises(ValueError, match=line):
        fit(DROPPING[1], [1, 2], VARIATIONAL)


def test_a_network_without_dropout_draws_nothing():
    assert not network(DROPPING[1].replace("dropping_", "")).random
