"""All pairs of criteria: against scipy, and the rate of errors by simulation."""

import numpy as np
import pytest
from scipy import stats

from prunescape.report import pairs


def test_p_values_are_holm_s_over_both_directions_of_all_pairs():
    values = np.random.default_rng(1).normal([[0.0], [0.5], [2.0]], 1, (3, 6))
    plain = {
        (i, j): stats.ttest_rel(values[i], values[j], alternative="greater").pvalue
        for i in range(3)
        for j in range(3)
        if i != j
    }
    found, largest = pairs.better(values), 0.0
    for done, (pair, p) in enumerate(sorted(plain.items(), key=lambda each: each[1])):
        largest = max(largest, min(1, (6 - done) * p))
        assert found[pair] == pytest.approx(largest)
    assert np.diag(found).tolist() == [1, 1, 1]


@pytest.mark.parametrize("criteria", [5, 13])
def test_of_equals_none_is_best_but_in_one_case_of_twenty(criteria):
    draw = np.random.default_rng(2)
    wrong = [pairs.better(draw.normal(size=(criteria, 5))).min() < 0.05 for _ in range(2000)]
    assert np.mean(wrong) < 0.05 + 2 * 0.005  # two standard errors


def test_criteria_that_differ_by_the_same_everywhere():
    values = np.array([[90.0, 91, 92], [89.99, 90.99, 91.99]])
    assert pairs.better(values).min() == 1  # exact agreement proves nothing
    assert pairs.better(values, resolution=0.001)[0, 1] < 0.05
    assert pairs.better(values[:, :1], resolution=0.001).min() == 1
