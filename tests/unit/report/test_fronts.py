"""Fronts of cost and accuracy: who is on them, who could be, and the rate of errors."""

import numpy as np
import pytest

from prunescape.report import fronts

NOISE = np.random.default_rng(1).normal(0, 0.1, (4, 5))


def test_an_arm_is_on_the_front_unless_one_that_costs_no_more_is_better():
    values = np.array([[95.0], [96], [94], [96.5]]) + NOISE
    found = fronts.front(values, np.array([10.0, 20, 30, 40]))
    assert found.best.tolist() == [True, True, False, True]
    assert found.ruled_out.tolist() == [False, False, True, False]


def test_costs_within_a_twentieth_count_as_equal():
    values = np.array([[95.0], [96.0]]) + NOISE[:2]
    assert fronts.front(values, np.array([10.0, 10.4])).best.tolist() == [False, True]
    assert fronts.front(values, np.array([10.0, 10.6])).best.tolist() == [True, True]


def test_one_replicate_rules_nothing_out():
    found = fronts.front(np.array([[95.0], [90.0]]), np.array([1.0, 2.0]), resolution=0.01)
    assert found.best.tolist() == [True, False]
    assert found.ruled_out.tolist() == [False, False]


def test_dearer_arms_are_no_rivals_and_cost_no_power():
    values = np.array([[90.0], [90.4]]) + NOISE[:2]
    found = fronts.front(values, np.array([1.0, 2.0]))
    assert not found.ruled_out.any()
    swapped = fronts.front(values, np.array([2.0, 1.0]))
    assert swapped.ruled_out.tolist() == [True, False]


@pytest.mark.parametrize("arms", [3, 8])
def test_of_equals_one_is_ruled_out_in_at_most_one_case_of_twenty(arms):
    draw = np.random.default_rng(2)
    costs = np.arange(1.0, arms + 1)
    wrong = [fronts.front(draw.normal(size=(arms, 5)), costs).ruled_out.any() for _ in range(2000)]
    assert np.mean(wrong) < 0.05 + 2 * 0.005  # two standard errors
