from math import log

import pytest
import torch

from prunescape import criteria, needs

WEIGHTS = {"1": torch.tensor([[[1.0, -2.0], [0.0, 0.5]]]), "2": torch.tensor([[[-3.0, 0.25]]])}
STATISTICS = {
    "sigma": {
        "1": torch.tensor([[[0.5, 4.0], [0.1, -0.25]]]),
        "2": torch.tensor([[[1.5, 0.125]]]),
    },
    "input_deviation": {"1": torch.tensor([[[2.0, 0.0]]]), "2": torch.tensor([[[0.5, 3.0]]])},
    "gradient": {
        "1": torch.tensor([[[2.0, -1.0], [0.0, 4.0]]]),
        "2": torch.tensor([[[1.0, -3.0]]]),
    },
    "preconditioner": {
        "1": torch.tensor([[[3.0, 0.5], [7.0, 0.25]]]),
        "2": torch.tensor([[[2.0, 2.0]]]),
    },
    "noise": {"1": torch.tensor([[[0.1, 0.2], [0.3, 0.4]]]), "2": torch.tensor([[[0.5, 0.6]]])},
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
}


@pytest.mark.parametrize("criterion", criteria.CRITERIA)
def test_scores_by_hand(criterion):
    scores = criteria.score(criterion, WEIGHTS, STATISTICS)
    for (layer, score), expected in zip(scores.items(), EXPECTED[criterion], strict=True):
        assert score.shape == WEIGHTS[layer].shape
        torch.testing.assert_close(score[0], torch.tensor(expected, dtype=torch.float32))


@pytest.mark.parametrize("criterion", criteria.CRITERIA)
def test_a_criterion_reads_what_it_declares_and_nothing_else(criterion):
    needs = criteria.CRITERIA[criterion].needs
    only = {need: STATISTICS[need] for need in needs}
    scores = criteria.score(criterion, WEIGHTS, only)
    assert scores.keys() == WEIGHTS.keys()
    for need in needs:
        with pytest.raises(KeyError, match=need):
            criteria.score(criterion, WEIGHTS, {k: v for k, v in only.items() if k != need})


@pytest.mark.parametrize("criterion", criteria.CRITERIA)
def test_scores_are_finite_where_sigma_is_zero(criterion):
    weights = {"1": torch.tensor([[[100.0, 0.0, -1e-30]]])}
    nothing = {"1": torch.zeros(1, 1, 3)}
    statistics = dict.fromkeys(STATISTICS, nothing)
    assert criteria.score(criterion, weights, statistics)["1"].isfinite().all()


def test_a_deviation_belongs_to_an_input_of_a_convolution():
    weight = torch.ones(2, 3, 4, 5, 5)
    deviation = torch.rand(2, 1, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    statistics = {"input_deviation": {"1": deviation}}
    scores = criteria.score("magnitude_x_std", {"1": weight}, statistics)["1"]
    assert torch.equal(scores, deviation.expand(2, 3, 4, 5, 5))


def test_needed():
    assert criteria.needed([]) == set()
    assert criteria.needed(["magnitude"]) == set()
    assert criteria.needed(["snr", "inverse_sigma", "random"]) == {"sigma", "noise"}
    assert criteria.needed(criteria.CRITERIA) == STATISTICS.keys()


@pytest.mark.parametrize(
    ("known", "need"),
    [
        (needs.POSTERIOR, "sigma"),
        (needs.GRADIENT, "gradient"),
        (needs.PRECONDITIONER, "preconditioner"),
        (needs.INPUT_MOMENTS, "input_deviation"),
    ],
)
def test_the_workflow_knows_what_criteria_need(known, need):
    assert set(known) == {name for name, rule in criteria.CRITERIA.items() if need in rule.needs}
