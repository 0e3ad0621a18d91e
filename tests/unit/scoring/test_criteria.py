"""Criteria one by one, against numbers worked out by hand."""

import re
from math import log
from types import SimpleNamespace

import pytest
import torch

from prunescape.scoring import criteria, needs
from prunescape.scoring.ranking import Criterion

WEIGHTS = {"1": torch.tensor([[[1.0, -2.0], [0.0, 0.5]]]), "2": torch.tensor([[[-3.0, 0.25]]])}
STATISTICS = {
    "sigma": {
        "1": torch.tensor([[[0.5, 4.0], [0.1, -0.25]]]),
        "2": torch.tensor([[[1.5, 0.125]]]),
    },
    "input_mean": {"1": torch.tensor([[[5.0, 5.0]]]), "2": torch.tensor([[[5.0, 5.0]]])},
    "input_deviation": {"1": torch.tensor([[[2.0, 0.0]]]), "2": torch.tensor([[[0.5, 3.0]]])},
    "input_norm": {"1": torch.tensor([[[3.0, 1.0]]]), "2": torch.tensor([[[0.0, 4.0]]])},
    "gradient": {
        "1": torch.tensor([[[2.0, -1.0], [0.0, 4.0]]]),
        "2": torch.tensor([[[1.0, -3.0]]]),
    },
    "gradient_size": {
        "1": torch.tensor([[[3.0, 1.5], [0.5, 4.0]]]),
        "2": torch.tensor([[[2.0, 8.0]]]),
    },
    "gauss_newton": {
        "1": torch.tensor([[[4.0, 1.0], [2.0, 16.0]]]),
        "2": torch.tensor([[[2.0, 32.0]]]),
    },
    "fisher": {
        "1": torch.tensor([[[2.0, 3.0], [5.0, 8.0]]]),
        "2": torch.tensor([[[1.0, 0.0]]]),
    },
    "preconditioner": {
        "1": torch.tensor([[[3.0, 0.5], [7.0, 0.25]]]),
        "2": torch.tensor([[[2.0, 2.0]]]),
    },
    "initial_weight": {
        "1": torch.tensor([[[0.5, -1.0], [2.0, 0.0]]]),
        "2": torch.tensor([[[1.0, 1.0]]]),
    },
    "initial_gradient": {
        "1": torch.tensor([[[2.0, 2.0], [0.5, 9.0]]]),
        "2": torch.tensor([[[-3.0, 1.0]]]),
    },
    "hessian": {
        "1": torch.tensor([[[-4.0, 1.0], [2.0, 16.0]]]),
        "2": torch.tensor([[[2.0, -32.0]]]),
    },
    "inverse_moment": {"1": torch.tensor([[[0.5, 8.0]]]), "2": torch.tensor([[[3.0, 0.25]]])},
    "initial_hessian_gradient": {
        "1": torch.tensor([[[2.0, -3.0], [0.5, 9.0]]]),
        "2": torch.tensor([[[-3.0, 1.0]]]),
    },
    "precision": {
        "1": torch.tensor([[[5.0, 2.0], [3.0, 17.0]]]),
        "2": torch.tensor([[[2.5, 33.0]]]),
    },
    "movement": {
        "1": torch.tensor([[[-0.5, 2.0], [0.0, 1.0]]]),
        "2": torch.tensor([[[0.25, -4.0]]]),
    },
    "initial_flow": {
        "1": torch.tensor([[[0.5, 0.0], [0.75, 0.25]]]),
        "2": torch.tensor([[[0.1, 0.9]]]),
    },
    "uniform": {"1": torch.tensor([[[0.1, 0.2], [0.3, 0.4]]]), "2": torch.tensor([[[0.5, 0.6]]])},
}
EXPECTED = {
    "random": ([[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6]]),
    "magnitude": ([[1, 2], [0, 0.5]], [[3, 0.25]]),
    "snr": ([[2, 0.5], [0, 2]], [[2, 2]]),
    "inverse_sigma": ([[2, 0.25], [10, 4]], [[1 / 1.5, 8]]),
    "hg": ([[6, 0.5], [0, 1]], [[2, 6]]),
    "g": ([[2, 1], [0, 4]], [[1, 3]]),
    "magnitude_x_std": ([[2, 0], [0, 0]], [[1.5, 0.75]]),
    # -log(sigma^2 / mu^2): twice the logarithm of snr. A mean of 0 counts as 1e-30.
    "log_alpha": (
        [[log(4), log(1 / 4)], [2 * log(1e-30 / 0.1), log(4)]],
        [[log(4), log(4)]],
    ),
    "taylor": ([[3, 3], [0, 2]], [[6, 2]]),
    "obd": ([[2, 2], [0, 2]], [[9, 1]]),
    "wanda": ([[3, 2], [0, 0.5]], [[0, 1]]),
    "obd_hessian": ([[-2, 2], [0, 2]], [[9, -1]]),
    "opd": ([[5, 8], [0, 4.25]], [[22.5, 2.0625]]),
    "movement": ([[-0.5, 2], [0, 1]], [[0.25, -4]]),
    "obs": ([[2, 0.5], [0, 1 / 32]], [[3, 0.25]]),
    "gradient_magnitude": ([[2, 2], [0, 2]], [[3, 0.75]]),
    "gradient_norm": ([[2**0.5, 3**0.5], [5**0.5, 8**0.5]], [[1, 0]]),
    "grasp": ([[1, 3], [1, 0]], [[-3, 1]]),
    "synflow": ([[0.5, 0], [0.75, 0.25]], [[0.1, 0.9]]),
    "obd_empirical": ([[1, 6], [0, 1]], [[4.5, 0]]),
    # |w g| at the start is 1, 2, 1, 0 and 3, 1: 8 in all.
    "snip": ([[1 / 8, 2 / 8], [1 / 8, 0]], [[3 / 8, 1 / 8]]),
    # Squares 4, 1, 1/4, 0, each over itself and those before it; 9, 1/16.
    "lamp": ([[1 / 5, 1], [0, 0.25 / 5.25]], [[1, 0.0625 / 9.0625]]),
}
NAMES = list(needs.built_in())


def scores(name, weights=WEIGHTS, statistics=STATISTICS):
    return Criterion.of(name).scores(weights, SimpleNamespace(**statistics))


@pytest.mark.parametrize("criterion", NAMES)
def test_scores_by_hand(criterion):
    found = scores(criterion)
    for (layer, score), expected in zip(found.items(), EXPECTED[criterion], strict=True):
        assert score.shape == WEIGHTS[layer].shape
        torch.testing.assert_close(score[0], torch.tensor(expected, dtype=torch.float32))


@pytest.mark.parametrize("criterion", NAMES)
def test_a_criterion_reads_what_it_declares_and_nothing_else(criterion):
    read = needs.built_in()[criterion].statistics
    only = {need: STATISTICS[need] for need in read}
    assert scores(criterion, statistics=only).keys() == WEIGHTS.keys()
    for need in read:
        with pytest.raises(AttributeError, match=need):
            scores(criterion, statistics={k: v for k, v in only.items() if k != need})


@pytest.mark.parametrize("criterion", NAMES)
def test_scores_are_finite_where_everything_is_zero(criterion):
    weights = {"1": torch.tensor([[[100.0, 0.0, -1e-30]]]), "2": torch.zeros(1, 2, 1)}
    nothing = {layer: torch.zeros_like(weight) for layer, weight in weights.items()}
    # Of second moments with a ridge the inverse has no zero on its diagonal.
    given = dict.fromkeys(STATISTICS, nothing)
    given["inverse_moment"] = {layer: torch.ones_like(value) for layer, value in nothing.items()}
    found = scores(criterion, weights, given)
    assert all(score.isfinite().all() for score in found.values())


@pytest.mark.parametrize(
    ("criterion", "of_inputs"), [("magnitude_x_std", "input_deviation"), ("wanda", "input_norm")]
)
def test_a_statistic_of_inputs_belongs_to_an_input_of_a_convolution(criterion, of_inputs):
    weight = torch.ones(2, 3, 4, 5, 5)
    size = torch.rand(2, 1, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    found = scores(criterion, {"1": weight}, {of_inputs: {"1": size}})["1"]
    assert torch.equal(found, size.expand(2, 3, 4, 5, 5))


@pytest.mark.parametrize("shape", [(2, 6, 9), (2, 3, 2, 3, 3)])
def test_lamp_equals_the_papers_loop(shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    weight[0, 0] = 0  # pruned before
    found = scores("lamp", {"1": weight})["1"]
    for member, score in zip(weight.flatten(1).double(), found.flatten(1), strict=True):
        squares, order = member.square().sort()
        for u, position in enumerate(order):
            expected = squares[u] / squares[u:].sum()
            assert score[position] == pytest.approx(float(expected), rel=1e-5)


def test_lamp_keeps_the_order_of_magnitudes_and_every_layers_largest_weight():
    weight = torch.randn(3, 20, 30, generator=torch.Generator().manual_seed(2))
    found = scores("lamp", {"1": weight})["1"].flatten(1)
    assert torch.equal(found.argsort(1), weight.flatten(1).abs().argsort(1))
    assert torch.equal(found.amax(1), torch.ones(3))


def test_snips_scores_sum_to_one_in_every_network():
    weights = {"1": torch.zeros(3, 4, 5), "2": torch.zeros(3, 2, 4, 3, 3)}
    drawn = {
        name: {layer: torch.randn(weight.shape) for layer, weight in weights.items()}
        for name in ("initial_weight", "initial_gradient")
    }
    found = scores("snip", weights, drawn)
    totals = sum(score.flatten(1).sum(1) for score in found.values())
    torch.testing.assert_close(totals, torch.ones(3))


@pytest.mark.parametrize("criterion", NAMES)
def test_every_criterion_says_what_it_is_and_names_its_statistics(criterion):
    assert getattr(criteria, criterion).__doc__
    assert set(needs.built_in()[criterion].statistics) <= needs.STATISTICS.keys()


@pytest.mark.parametrize(
    "criterion", ["snr", "log_alpha", "wanda", "taylor", "obd", "obd_empirical", "snip", "lamp"]
)
def test_a_criterion_of_a_paper_names_it(criterion):
    assert re.search(r"\(?(19|20)\d\d\)?", getattr(criteria, criterion).__doc__)
