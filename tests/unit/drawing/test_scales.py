"""Axes that figures share: limits, and ticks that have room."""

import math

import pytest
from matplotlib.figure import Figure

from prunescape.drawing import scales


@pytest.fixture
def axes():
    return Figure().add_subplot()


def ticks(axis):
    """Return the labels of an axis's ticks by their places; they must be where they say."""
    places = axis.get_major_locator()()
    labels = axis.get_major_formatter().format_ticks(places)
    assert list(map(float, (label.replace("−", "-") for label in labels))) == list(places)
    return labels


@pytest.mark.parametrize(
    ("width", "shown"), [(5, ["100", "50", "20", "10", "5", "2", "1"]), (1, ["100", "10", "1"])]
)
def test_weights_kept_fall_from_the_left_on_a_log_scale(axes, width, shown):
    scales.kept(axes, [100, 7, 1], width)
    assert axes.get_xscale() == "log"
    assert sorted(ticks(axes.xaxis), key=shown.index) == shown
    left, right = axes.get_xlim()
    assert 100 < left < 150
    assert 0.5 < right < 1


def test_networks_without_any_weight_have_a_place(axes):
    scales.kept(axes, [100, 0.2, 0], 1)
    assert axes.get_xscale() == "symlog"
    assert set(ticks(axes.xaxis)) == {"100", "10", "1", "0"}
    assert axes.get_xlim()[1] < 0


@pytest.mark.parametrize(
    ("levels", "width", "limits", "shown"),
    [
        ([0, 0.1, 10], 5, (-0.025, 16), {"0", "10", "1"}),  # 0.1 would meet 0
        ([0.1, 10], 5, (0.1 / 1.5, 16), {"10", "1"}),
        ([0, 0.1, 10], 0.5, (-0.025, 16), {"0", "10"}),
        ([2, 3], 5, (2 / 1.5, 4.8), {"3"}),  # no power between them
    ],
)
def test_thresholds_are_on_a_log_scale_that_has_a_place_for_0(axes, levels, width, limits, shown):
    scales.threshold(axes, levels, width)
    assert axes.get_xscale() == "symlog"
    assert axes.get_xlim() == pytest.approx(limits)
    assert set(ticks(axes.xaxis)) == shown


@pytest.mark.parametrize("levels", [[-1, 0, 5], [0]])
def test_thresholds_below_0_or_of_0_alone_are_linear(axes, levels):
    scales.threshold(axes, levels, 5)
    assert axes.get_xscale() == "linear"


@pytest.mark.parametrize(
    ("width", "shown"), [(5, {"0.5", "1", "2", "5", "10", "20"}), (1, {"1", "10"})]
)
def test_costs_have_room_to_both_sides(axes, width, shown):
    scales.cost(axes, [10, 1, 3], width, log=True)
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == (0.5, 20)
    assert set(ticks(axes.xaxis)) == shown


def test_costs_that_are_alike_have_more_than_one_tick(axes):
    scales.cost(axes, [6, 9], 1, log=True)
    assert ticks(axes.xaxis) == ["5", "10"]


def test_costs_on_a_linear_scale_begin_at_0(axes):
    scales.cost(axes, [100, 200], 5, log=False)
    assert axes.get_xscale() == "linear"
    assert axes.get_xlim() == pytest.approx((0, 230))


def test_differences_have_signs_and_always_show_a_point_to_both_sides(axes):
    scales.difference(axes, [0.4, -2.5, math.nan])
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim() == (-3.125, 1.25)
    assert ticks(axes.yaxis) == ["−3", "−1", "0", "+1"]
    scales.difference(axes, [math.nan])
    assert axes.get_ylim() == (-1.25, 1.25)


@pytest.mark.parametrize(
    ("values", "limits"), [([67.2, math.nan, 99], (59.2, 100.8)), ([3, 50], (-2, 102))]
)
def test_percents_begin_at_the_ten_below_the_smallest(axes, values, limits):
    scales.percent(axes, values)
    assert axes.get_ylim() == pytest.approx(limits)


def test_only_weights_that_are_zero_count_as_sparsity():
    assert scales.kept_label(["none", "zero"]) == "weights kept (%) = 100 × (1 − sparsity)"
    assert scales.kept_label(["none", "freeze"]) == "weights not frozen (%)"
    assert scales.kept_label(["zero", "freeze"]) == "weights neither removed nor frozen (%)"


def test_accuracies_near_100_are_spread_as_logits(axes):
    scales.accuracy(axes, [10.0, 97.0, 98.1, 100.0], 10_000, 2.0)
    up = axes.transData.transform([(0, each) for each in (50, 60, 97, 98.1, 100)])[:, 1]
    assert up[3] - up[2] == pytest.approx((up[1] - up[0]) * 0.467 / 0.405, rel=0.01)
    # 100 % stands where half an image is wrong, on the axis.
    assert up[4] <= axes.bbox.y1
    assert {"10", "50", "90", "99"} <= set(ticks(axes.yaxis))


def test_a_low_axis_of_accuracy_has_fewer_ticks(axes):
    scales.accuracy(axes, [10.0, 99.0], 10_000, 3.0)
    many = ticks(axes.yaxis)
    scales.accuracy(axes, [10.0, 99.0], 10_000, 0.6)
    assert 2 <= len(ticks(axes.yaxis)) < len(many)


@pytest.mark.parametrize(
    ("values", "height", "shown"),
    [
        ([0.02, 2.3], 2.0, ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]),
        ([0.02, 2.3], 0.8, ["0.1", "1"]),
        ([0.26, 0.34], 1.0, ["0.25", "0.3", "0.35"]),
    ],
)
def test_losses_are_on_a_log_scale_whose_ticks_have_room(axes, values, height, shown):
    scales.loss(axes, values, height)
    low, high = axes.get_ylim()
    assert axes.get_yscale() == "log"
    assert 0.5 * min(values) < low < min(values) < max(values) < high < 2 * max(values)
    assert ticks(axes.yaxis) == shown


def test_a_loss_that_is_not_positive_has_a_linear_scale(axes):
    scales.loss(axes, [-1.0, 2.0], 1.0)
    assert axes.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("least", "most", "width", "shown"),
    [
        (0.03, 400, 2.0, ["0.1", "1", "10", "100"]),
        (2e-5, 4.0, 1.0, ["$10^{-3}$", "1"]),
        (0.3, 2.5, 2.0, ["0.5", "1", "2"]),
    ],
)
def test_powers_have_room(axes, least, most, width, shown):
    scales.powers(axes, least, most, width)
    assert axes.get_xlim() == (least, most)
    places = axes.xaxis.get_major_locator()()
    assert axes.xaxis.get_major_formatter().format_ticks(places) == shown
