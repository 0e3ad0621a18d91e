"""Lines of arms: no arm is lost, no panel is full, no two arms look alike."""

import itertools

import pandas as pd
import pytest

from prunescape.drawing import lines

COLUMNS = ["network", "fit", *lines.LINE]


def table(*arms, fit="adam"):
    return pd.DataFrame([("mlp_250_100", fit, *arm) for arm in arms], columns=COLUMNS)


def ways(criteria, scopes=("global",), effects=("zero",), schedules=("oneshot",)):
    return itertools.product(criteria, scopes, effects, schedules)


MAGNITUDE = table(
    *ways(["magnitude", "random"], ["global", "layer", "floor"]),
    *ways(["magnitude"], ["global", "layer"], schedules=["iterative10"]),
    *ways(["random"], schedules=["iterative10"]),
    *ways(["magnitude"], ["global", "floor"], schedules=["fine"]),
    *ways(["magnitude"], ["input_unit", "neuron"]),
)


def test_one_shot_iterative_fine_and_random_stand_in_one_panel():
    first, second = lines.facets(MAGNITUDE)
    assert first.title == "all layers"
    assert second.title == "other scopes"
    assert set(first.rows[["criterion", "schedule"]].itertuples(index=False, name=None)) == {
        *(("magnitude", schedule) for schedule in ("oneshot", "iterative10", "fine")),
        *(("random", schedule) for schedule in ("oneshot", "iterative10")),
    }


@pytest.mark.parametrize("most", [1, 3, 8, 100])
def test_every_line_stands_on_exactly_one_panel(most):
    both = pd.concat([MAGNITUDE, table(("snr", "global", "zero", "oneshot"), fit="vi")])
    panels = lines.facets(both, most)
    assert sum(len(panel.rows) for panel in panels) == len(both)
    assert pd.concat([panel.rows for panel in panels]).drop_duplicates().shape == both.shape
    assert all(len(panel.rows) <= max(most, 2) for panel in panels)
    assert len({panel.title for panel in panels}) == len(panels)


def test_effects_are_divided_where_a_panel_would_be_full():
    criteria = ["snr", "magnitude", "inverse_sigma", "magnitude_x_std", "random"]
    panels = lines.facets(table(*ways(criteria, effects=["zero", "compensate"])))
    assert [panel.title for panel in panels] == ["set to zero", "mean kept in the bias"]


def test_no_two_arms_look_alike_or_have_one_name():
    looks = lines.Looks(MAGNITUDE)
    arms = lines.arms(MAGNITUDE)
    assert len({str(looks.line(arm)) for arm in arms}) == len(arms)
    assert len({looks.name(arm) for arm in arms}) == len(arms)
    one = table(*ways(["snr", "magnitude"], effects=["zero", "compensate", "freeze"]))
    effects = lines.Looks(one)
    assert effects.line(("snr", "global", "zero", "oneshot"))["markerfacecolor"] != "white"
    assert effects.line(("snr", "global", "compensate", "oneshot"))["markerfacecolor"] == "white"


def test_ones_own_schedules_are_dashed_each_in_its_way():
    own = table(*ways(["magnitude"], schedules=["oneshot", "mine", "yours"]))
    looks = lines.Looks(own)
    dashes = {str(looks.line(arm)["linestyle"]) for arm in lines.arms(own)}
    assert len(dashes) == 3
    assert looks.name(("magnitude", "global", "zero", "mine")).endswith(", mine")


def test_what_all_lines_share_changes_neither_look_nor_name():
    only = table(*ways(["magnitude"], ["layer"], ["freeze"], ["fine"]))
    arm = ("magnitude", "layer", "freeze", "fine")
    look = lines.Looks(only).line(arm)
    assert (look["color"], look["marker"], look["linestyle"]) == ("#0072B2", "s", "-")
    assert lines.Looks(only).name(arm) == "magnitude $|w|$"


def test_a_line_of_many_points_is_marked_at_some():
    look = {"linestyle": "-"}
    assert lines.joined(look, range(3))["linestyle"] == "None"
    assert lines.joined(look, range(5))["markevery"] == 1
    assert lines.joined(look, range(50))["markevery"] == 3
