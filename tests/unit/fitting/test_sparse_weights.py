"""Sparse weights: exact counts, draws of a replicate's own, and zeros that stay."""

import numpy as np
import pytest
import torch

from prunescape.fitting import sparse_weights, training
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers.factories import uint8_images

ROOT = (1, "study")


def network(share=0.5, filters=30):
    return Network(
        [
            {"kind": "conv", "filters": filters, "size": 5, "nonzero": share},
            {"kind": "max_pool", "size": 2},
            {"kind": "relu"},
            {"kind": "linear", "units": 13, "nonzero": share},
            {"kind": "relu"},
            {"kind": "linear", "units": 4},
        ],
        (1, 8, 8),
    )


@pytest.mark.parametrize(
    ("share", "filter_inputs", "unit_inputs"),
    # 12.5 and 2.5 go to the even number; 0.3 is three tenths, not its float, so 7.5 goes to 8.
    [(0.5, 12, 60), (0.3, 8, 36), (0.1, 2, 12)],
)
def test_every_unit_has_exactly_its_share_of_inputs(share, filter_inputs, unit_inputs):
    masks = sparse_weights.masks(network(share), ROOT, [1, 2, 3])
    assert list(masks) == ["1", "2"]
    assert masks["1"].shape == (3, 30, 1, 5, 5)
    assert masks["2"].shape == (3, 13, 120)
    assert masks["1"].dtype == bool
    assert (masks["1"].sum((2, 3, 4)) == filter_inputs).all()
    assert (masks["2"].sum(2) == unit_inputs).all()


def test_dense_layers_have_no_mask():
    assert sparse_weights.masks(network(1), ROOT, [1]) == {}


def test_a_share_that_leaves_no_input_is_refused():
    with pytest.raises(ValueError, match=r"nonzero: 0.02 leaves .* layer 1 none of their 25"):
        sparse_weights.masks(network(0.02), ROOT, [1])


def test_every_input_is_as_likely_as_any_other():
    masks = sparse_weights.masks(network(filters=4000), ROOT, [1])["1"][0]
    share = masks.reshape(4000, 25).mean(0)
    assert abs(share - 12 / 25).max() < 4 * np.sqrt(0.25 / 4000)
    different = {mask.tobytes() for mask in masks}
    assert len(different) > 3990


def test_the_draw_is_the_replicates_own():
    masks = sparse_weights.masks(network(), ROOT, [1, 2, 3])
    alone = sparse_weights.masks(network(), ROOT, [2])
    for name in masks:
        assert np.array_equal(masks[name][1], alone[name][0])
        assert not np.array_equal(masks[name][1], masks[name][2])
    other = sparse_weights.masks(network(), (1, "other"), [2])
    assert not np.array_equal(other["1"], alone["1"])


def fit(epochs, optimiser, **changes):
    labels = torch.arange(120) % 4
    images = uint8_images(4)[labels].float() * 0.6 + uint8_images(120).float() * 0.4
    images = images.to(torch.uint8)
    settings = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "torch_default"},
        "optimiser": optimiser,
        "batch_size": 16,
        "epochs": epochs,
    } | changes
    scaling = Scaling.fit("signed", images)
    return training.fit(network(), scaling, images, labels, settings, ROOT, [1, 2]).arrays


ADAM = {"kind": "adam", "learning_rate": 0.01}
MOMENTUM = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}


@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_zeros_stay_zero_and_all_else_trains(optimiser):
    masks = sparse_weights.masks(network(), ROOT, [1, 2])
    start = training.initial_weights(network(), {"distribution": "torch_default"}, ROOT, [1, 2])
    arrays = fit(3, optimiser)
    for name, mask in masks.items():
        weight = arrays[f"{name}.weight"]
        assert not weight[~mask].any()
        assert weight[mask].all()
        moved = weight[mask] != start[f"{name}.weight"][mask]
        assert moved.mean() > 0.8  # the rest belongs to units that a ReLU silences


def test_a_posterior_cannot_be_sparse():
    objective = {"kind": "variational", "prior": "gaussian", "kl": {"weight": 1, "warm_up": [0, 0]}}
    objective |= {"sigma": {"parameter": "log", "initial": 0.1}, "sampling": "activations"}
    objective |= {"sigma_in_kl": "standard_deviation"}
    with pytest.raises(ValueError, match=r"nonzero: found with objective.kind: variational"):
        fit(1, ADAM, objective=objective)
