"""The exact noise covariance against single gradients, and the online estimate against it."""

from itertools import chain, count, islice

import numpy as np
import pytest
import torch

from prunescape.fitting import gradient_noise, training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Batch, objective
from tests.helpers import factories

IMAGES, LABELS = factories.uint8_images(230), factories.classes(230)
SCALING = Scaling.fit("standardised", IMAGES)
LAYERS = [{"kind": "linear", "units": 6}, {"kind": "tanh"}, {"kind": "linear", "units": 4}]


def case(layers, image, settings=None):
    network = Network(layers, image)
    goal = objective(network, settings or {"kind": "likelihood"})
    return goal, factories.parameters(network, 2)


def of_each_image(goal, parameters, inputs, member):
    """Return the gradients of every image's loss, by autograd, one after the other: name -> [N]."""
    alone = {name: p.requires_grad_() for name, p in factories.member(parameters, member).items()}
    rows = []
    for image, label in zip(inputs, LABELS, strict=True):
        loss = goal.loss(alone, Batch(image[None, None], label[None, None])).sum()
        rows.append(torch.autograd.grad(loss, list(alone.values())))
    columns = zip(*rows, strict=True)
    return {name: torch.cat(values) for name, values in zip(alone, columns, strict=True)}


@pytest.mark.parametrize("softmax", ["once", "twice"])
@pytest.mark.parametrize("kind", ["standardised", "signed"])
def test_exact_covariance_equals_a_loop_over_the_images(kind, softmax):
    scaling = Scaling.fit(kind, IMAGES)
    settings = {"kind": "likelihood", "softmax": softmax}
    goal, parameters = case(LAYERS, scaling.shape((1, 8, 8)), settings)
    inputs = scaling(IMAGES)
    found = gradient_noise.exact(goal, parameters, scaling, IMAGES, LABELS)
    for member in range(2):
        gradients = of_each_image(goal, parameters, inputs, member)
        for name, values in gradients.items():
            expected = values.double().var(0, correction=0)
            torch.testing.assert_close(found[name][member], expected, rtol=1e-4, atol=1e-12)


def estimate(goal, parameters, steps, size):
    orders = (training.batch_order(230, (1, "test"), [1, 2], epoch) for epoch in count())
    batches = chain.from_iterable(order.split(size, dim=1) for order in orders)
    return gradient_noise.online(goal, parameters, SCALING, IMAGES, LABELS, islice(batches, steps))


@pytest.mark.slow
def test_online_estimate_at_fixed_weights_comes_to_rank_like_the_exact_one():
    goal, parameters = case(LAYERS, SCALING.shape((1, 8, 8)))
    # Weights as small as those of a network that has just begun to learn: few gradients vanish.
    parameters = {name: value / 5 for name, value in parameters.items()}
    exact = gradient_noise.exact(goal, parameters, SCALING, IMAGES, LABELS)
    ranks = [
        [
            gradient_noise.rank_correlation(exact, estimate(goal, parameters, steps, 10), member)
            for member in range(2)
        ]
        for steps in (10, 100, 1500)
    ]
    assert (np.diff(ranks, axis=0) > 0.01).all()
    assert min(ranks[-1]) > 0.98


@pytest.mark.slow
def test_online_estimate_is_short_by_the_share_of_one_image():
    """E (g_1 - g_S)^2 = (1 - 1 / S) C times N / (N - 1), as batches hold no image twice."""
    goal, parameters = case(LAYERS, SCALING.shape((1, 8, 8)))
    exact = gradient_noise.exact(goal, parameters, SCALING, IMAGES, LABELS)
    found = estimate(goal, parameters, 2300, 2)
    share = sum(v.double().sum() for v in found.values()) / sum(v.sum() for v in exact.values())
    assert float(share) == pytest.approx(0.5 * 230 / 229, rel=0.02)


def test_rank_correlation_is_over_all_tensors_of_one_member():
    one = {"a": torch.tensor([[1.0, 2.0], [1.0, 2.0]]), "b": torch.tensor([[3.0], [3.0]])}
    other = {"a": torch.tensor([[1.0, 20.0], [9.0, 8.0]]), "b": torch.tensor([[300.0], [7.0]])}
    assert gradient_noise.rank_correlation(one, other, 0) == pytest.approx(1)
    assert gradient_noise.rank_correlation(one, other, 1) == pytest.approx(-1)


def test_check_gives_a_row_a_replicate(monkeypatch):
    optimiser = {
        "kind": "psgd",
        "floor": 0.001,
        "scale": 0.1,
        "normalisation": "images",
        "start": "measured",
    }
    fit = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": optimiser,
        "batch_size": 10,
        "epochs": 20,
    }
    network = Network(LAYERS, SCALING.shape((1, 8, 8)))
    root, replicates = (1, "study"), [3, 4]
    arrays = training.fit(network, SCALING, IMAGES, LABELS, fit, root, replicates).arrays
    checkpoint = Checkpoint(LAYERS, (1, 8, 8), SCALING, arrays, replicates, {})
    monkeypatch.setattr(gradient_noise, "STEPS", 1000)
    noise = [value.reshape(2, -1) for name, value in arrays.items() if name[-6:] == ".noise"]
    last = np.concatenate(noise, axis=1)
    fit["optimiser"] = optimiser | {"floor": float(np.quantile(last, 0.3))}
    rows = gradient_noise.check(checkpoint, fit, IMAGES, LABELS, root)
    assert [row["replicate"] for row in rows] == replicates
    for row in rows:
        assert 0.9 < row["noise_rank_fixed"] <= 1
        assert -1 <= row["noise_rank_trained"] < row["noise_rank_fixed"]
    assert np.mean([row["floored"] for row in rows]) == pytest.approx(0.3, abs=0.01)


def test_share_below_counts_the_entries_of_one_member_alone():
    noise = {"a": torch.tensor([[0.1, 0.3], [0.0, 0.0]]), "b": torch.tensor([[0.2, 0.4], [1, 1]])}
    assert gradient_noise.share_below(0.3, noise, 0) == 0.5
    assert gradient_noise.share_below(0.3, noise, 1) == 0.5
    assert gradient_noise.share_below(0.0, noise, 0) == 0
