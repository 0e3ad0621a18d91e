"""The rule against scipy's tests, and its error rates and power by simulation."""

import numpy as np
import pytest
from scipy import stats

from prunescape.verdicts import rule
from prunescape.verdicts.looks import Looks
from prunescape.verdicts.rule import VERDICTS, Question

LOOKS = Looks((5, 10, 20, 40, 80), (0.10, 0.15, 0.25, 0.25, 0.25), 0.05)
HOLDS, FAILS, EQUAL, UNDECIDED = range(4)


def judged(values, question, claims=1, looks=LOOKS):
    """Return verdicts and looks of values [..., k, R], judged look by look."""
    levels = looks.spent(claims)[: looks.reached(values.shape[-1])]
    at_looks = [
        rule.decided(rule.tests(rule.sample(values[..., :n]), question), level)
        for n, level in zip(looks.numbers, levels, strict=False)
    ]
    return rule.first(np.array(at_looks))


def normal(seed, *shape, correlation=0.0):
    """Return standard normal values [studies, claims, parts, R], claims and parts correlated."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal(shape, dtype=np.float32)
    shared = rng.standard_normal((shape[0], 1, 1, shape[-1]), dtype=np.float32)
    return np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared


@pytest.mark.parametrize(("at_most", "side"), [(True, "less"), (False, "greater")])
def test_p_values_are_those_of_one_sided_t_tests(at_most, side):
    values = np.random.default_rng(1).normal(0.3, 1, (3, 7))
    other = {"less": "greater", "greater": "less"}[side]
    question = Question(0.1, at_most, tolerance=0.8)
    found = rule.tests(rule.sample(values), question)

    def p(bound, alternative):
        return stats.ttest_1samp(values, bound, axis=1, alternative=alternative).pvalue

    assert found.holds == pytest.approx(p(0.1, side).max())
    assert found.fails == pytest.approx(min(1, 3 * p(0.1, other).min()))
    near = np.maximum(p(0.9, "less"), p(-0.7, "greater"))
    assert found.equal == pytest.approx(np.minimum(near, p(0.1, side)).max())


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_interval_tells_the_verdict_on_one_part(verdict):
    question, level = Question(1.0, True, tolerance=0.5), 0.01
    shift = {"holds": 0, "fails": 2, "equal": 1.01, "undecided": 0.7}[verdict]
    spread = 1.0 if verdict == "undecided" else 0.1
    values = shift + spread * np.array([[-1.0, 1.0, 0.5, -0.5, 0.2]])
    found = rule.sample(values)
    assert VERDICTS[int(rule.decided(rule.tests(found, question), level))] == verdict
    half = rule.reach(found.freedom, level) * found.error
    low, high = (found.mean - half).item(), (found.mean + half).item()
    assert (high < 1) == (verdict == "holds")
    assert (low > 1) == (verdict == "fails")
    assert (low > 0.5 and high < 1.5) == (verdict == "equal")


def test_a_part_that_holds_and_one_on_the_margin_are_equal_together():
    rng = np.random.default_rng(2)
    values = rng.normal([[3.0], [0.0]], 0.05, (2, 5))
    question = Question(0.0, False, tolerance=0.3)
    assert judged(values, question)[0] == EQUAL
    assert judged(values, Question(0.0, False))[0] == UNDECIDED
    assert judged(values[:1], question)[0] == HOLDS
    assert judged(values - 3, question)[0] == FAILS


def test_replicates_that_agree_exactly_prove_nothing_without_a_resolution():
    values = np.full((1, 5), 0.3)
    assert np.isnan(rule.sample(values).error).all()
    assert rule.tests(rule.sample(values), Question(0, False)) == (1, 1, 1)
    # One image of 10,000 more or less: half a step of 0.01 points.
    found = rule.sample(values, resolution=0.01)
    assert found.error == pytest.approx(0.005 / np.sqrt(5))
    spread = np.array([[0.1, 0.5, 0.3, 0.2, 0.4]])
    assert rule.sample(spread, resolution=0.01).error == pytest.approx(stats.sem(spread[0]))


@pytest.mark.parametrize(("n", "p"), [(0, 1), (1, 1)])
def test_without_two_replicates_nothing_is_shown(n, p):
    found = rule.tests(rule.sample(np.ones((2, n))), Question(0, False, 0.1))
    assert found == (p, p, p)


def test_a_verdict_that_was_reached_stays():
    at_looks = np.array([[3, 3, 3], [0, 3, 2], [1, 3, 0]])
    verdicts, look = rule.first(at_looks)
    assert verdicts.tolist() == [HOLDS, UNDECIDED, EQUAL]
    assert look.tolist() == [1, 2, 1]


def test_the_critical_values_under_the_declared_looks():
    freedom = np.array(LOOKS.numbers) - 1
    found = [float(rule.reach(f, a)) for f, a in zip(freedom, LOOKS.spent(4), strict=True)]
    assert found == pytest.approx([6.76, 3.88, 3.07, 2.89, 2.81], abs=0.01)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_study_on_its_margins_errs_with_at_most_five_per_cent(correlation, parts):
    # Worst case: every claim is false ("above 0") and as near to being true as can be.
    values = normal(3, 2000, 4, parts, 80, correlation=correlation)
    wrong = judged(values, Question(0.0, False), claims=4)[0] == HOLDS
    if parts == 1:
        assert 0.01 < wrong.any(1).mean() < 0.05
    # Every claim is true ("at most 0"), and all parts are on the margin.
    wrong = judged(values, Question(0.0, True), claims=4)[0] == FAILS
    assert 0.01 < wrong.any(1).mean() < 0.05


def test_equal_errs_with_at_most_five_per_cent_at_the_end_of_the_tolerance():
    values = normal(4, 4000, 1, 1, 80)
    for shift in (1.0, -1.0):  # the claim "above 0" is true, or false, by the tolerance
        verdicts = judged(values + shift, Question(0.0, False, tolerance=1.0))[0]
        wrong = (verdicts == EQUAL) | (verdicts == (FAILS if shift > 0 else HOLDS))
        assert wrong.mean() < 0.05
    # On the margin it is shown soon.
    assert (judged(values, Question(0.0, False, tolerance=1.0))[0] == EQUAL).mean() > 0.9


def test_looking_again_at_the_same_level_would_err_more_often():
    values = normal(5, 6000, 1, 1, 20)[:, 0]
    twice = np.array(
        [
            rule.decided(rule.tests(rule.sample(values[..., :n]), Question(0.0, False)), 0.025)
            for n in (5, 10, 15, 20)
        ]
    )
    assert (rule.first(twice)[0] != UNDECIDED).mean() > 0.1  # 13 % instead of 5 %


@pytest.mark.parametrize(
    ("effect", "by_20", "by_40"), [(0.86, 0.78, 0.99), (1.17, 0.98, 1.0), (0.0, 0.02, 0.03)]
)
def test_power_under_the_declared_looks(effect, by_20, by_40):
    values = normal(6, 6000, 1, 1, 80)[:, 0] + effect
    verdicts, look = judged(values, Question(0.0, False), claims=4)
    for at, expected in ((2, by_20), (3, by_40)):
        decided = ((verdicts != UNDECIDED) & (look <= at)).mean()
        assert decided == pytest.approx(expected, abs=0.02)
