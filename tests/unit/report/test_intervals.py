import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from prunescape.foundations import streams
from prunescape.report import intervals
from prunescape.report.intervals import Sample

LEFT = np.array([91.9, 92.4, 91.2, 92.0, 91.7])
RIGHT = np.array([90.0, 91.1, 90.2, 90.9, 89.1])


def as_tuple(interval):
    return interval.mean, interval.low, interval.high, interval.p


def test_the_t_interval_covers_95_percent_of_five_replicates():
    draws = streams.generator(2011, "test", "coverage").normal(0.7, 2.0, (20_000, 5))
    found = [intervals.mean(values, margin=0.7) for values in draws]
    covered = np.mean([each.low <= 0.7 <= each.high for each in found])
    # Four standard errors of a share of 20,000 draws; 1.96 for t would cover 87.8 %.
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 20_000))
    # The interval and the p-value are two readings of one test.
    assert np.mean([each.p >= 0.05 for each in found]) == covered


def test_paired_equals_scipy():
    expected = stats.ttest_rel(LEFT, RIGHT)
    bounds = expected.confidence_interval(0.95)
    found = intervals.paired(LEFT, RIGHT)
    assert found.n == 5
    assert as_tuple(found) == pytest.approx(
        ((LEFT - RIGHT).mean(), bounds.low, bounds.high, expected.pvalue), rel=1e-9
    )


def test_a_margin_shifts_the_test_and_not_the_interval():
    found = intervals.paired(LEFT, RIGHT, margin=1.0)
    assert found.p == pytest.approx(stats.ttest_1samp(LEFT - RIGHT, 1.0).pvalue, rel=1e-9)
    assert (found.low, found.high) == (
        intervals.paired(LEFT, RIGHT).low,
        intervals.paired(LEFT, RIGHT).high,
    )


def test_welch_equals_scipy_from_values_and_from_summaries():
    right = np.array([88.0, 93.5, 90.1])
    expected = stats.ttest_ind(LEFT, right, equal_var=False)
    bounds = expected.confidence_interval(0.95)
    values = (LEFT.mean() - right.mean(), bounds.low, bounds.high, expected.pvalue)
    from_values = intervals.welch(intervals.sample(LEFT), intervals.sample(right))
    assert as_tuple(from_values) == pytest.approx(values, rel=1e-9)
    assert from_values.n == 3
    summary = Sample(float(right.mean()), 3, float(right.std(ddof=1)))
    from_summary = intervals.welch(intervals.sample(LEFT), summary)
    assert as_tuple(from_summary) == pytest.approx(values, rel=1e-9)


def test_a_published_number_spreads_as_ours():
    # The prediction interval of one more run: mean +- t(4) s sqrt(1 + 1/5).
    found = intervals.welch(intervals.sample(LEFT), Sample(90.0))
    half = stats.t.ppf(0.975, 4) * LEFT.std(ddof=1) * math.sqrt(1.2)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-9)
    assert found.mean == pytest.approx(LEFT.mean() - 90.0)
    # A mean of five published runs without spread: sqrt(1/5 + 1/5).
    five = intervals.welch(intervals.sample(LEFT), Sample(90.0, 5))
    assert (five.high - five.low) / (found.high - found.low) == pytest.approx(math.sqrt(0.4 / 1.2))


def test_welch_with_one_constant_side_keeps_the_other_side_s_freedom():
    found = intervals.welch(intervals.sample(LEFT), intervals.sample([90.0, 90.0, 90.0]))
    alone = intervals.mean(LEFT - 90.0)
    assert as_tuple(found) == pytest.approx(as_tuple(alone), rel=1e-9)


def test_one_value_is_undecided():
    found = [
        intervals.mean([1.5]),
        intervals.welch(Sample(91.5), Sample(90.0)),
    ]
    assert [each.mean for each in found] == [1.5, 1.5]
    assert all(math.isnan(x) for each in found for x in (each.low, each.high, each.p))


def test_values_without_spread_are_decided():
    values = [0.1 + 0.2] * 5  # whose float mean is not their value
    found = intervals.mean(values)
    assert as_tuple(found) == (values[0], values[0], values[0], 0.0)
    assert intervals.mean([2.0, 2.0], margin=2.0).p == 1.0
    both = intervals.welch(intervals.sample([2.0, 2.0]), intervals.sample([1.0, 1.0, 1.0]))
    assert as_tuple(both) == (1.0, 1.0, 1.0, 0.0)


def test_the_order_of_replicates_changes_no_bit():
    values = streams.generator(2011, "test", "order").normal(size=7)
    found = {intervals.mean(streams.generator(i, "shuffle").permutation(values)) for i in range(20)}
    assert len(found) == 1


def test_holm_by_hand():
    # Sorted 0.01 x 4, 0.02 x 3, 0.03 x 2 = 0.06, 0.5: never below an earlier one, never above 1.
    assert intervals.holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert intervals.holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert intervals.holm([0.04]).tolist() == [0.04]


def test_holm_counts_a_test_without_p():
    found = intervals.holm([0.02, math.nan, 0.01])
    assert found[[0, 2]] == pytest.approx([0.04, 0.03])
    assert math.isnan(found[1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: intervals.mean([]),
        lambda: intervals.mean([1.0, math.nan]),
        lambda: intervals.paired([1.0, 2.0], [1.0]),
        lambda: Sample(1.0, 1, 0.5),
    ],
)
def test_what_is_no_sample_is_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()


# Differences of accuracies: tenths of points, some of them equal.
POINTS = st.integers(-1000, 1000).map(lambda tenths: tenths / 10)
REPLICATES = st.lists(POINTS, min_size=2, max_size=9)


@given(REPLICATES, POINTS)
@settings(max_examples=60)
def test_an_interval_holds_its_mean_and_says_what_its_p_says(values, margin):
    found = intervals.mean(values, margin)
    assert found.n == len(values)
    assert found.low <= found.mean <= found.high
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert 0 <= found.p <= 1
    if found.low < found.high and min(abs(margin - found.low), abs(margin - found.high)) > 1e-9:
        assert (found.low < margin < found.high) == (found.p > 0.05)


@given(REPLICATES, POINTS, POINTS)
@settings(max_examples=60)
def test_an_interval_moves_with_its_values_and_turns_with_their_sign(values, margin, shift):
    one = intervals.mean(values, margin)
    moved = intervals.mean(np.add(values, shift), margin + shift)
    turned = intervals.mean(np.negative(values), -margin)
    assert (moved.low, moved.high) == pytest.approx((one.low + shift, one.high + shift), abs=1e-6)
    assert (turned.low, turned.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
    if len(set(values)) > 1:
        assert [moved.p, turned.p] == pytest.approx([one.p, one.p], abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=60)
def test_holm_only_raises_and_keeps_the_order(p):
    found = intervals.holm(p)
    assert (found >= np.array(p)).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= 0).all()
    assert found.min() == pytest.approx(min(1.0, len(p) * min(p)))
