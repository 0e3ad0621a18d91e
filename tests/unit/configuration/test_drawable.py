"""Figures for which a study evaluates nothing, told before it runs."""

import pytest

from prunescape.configuration import drawable, validation
from prunescape.figures import kinds
from tests.helpers.configurations import ARM, DELETE, SCHEDULES, SMALL, changed

STUDY = "catalogue.study"
DEEP = [{"kind": "linear", "units": 10}, {"kind": "relu"}, {"kind": "linear", "units": 10}]
CONV = [{"kind": "conv", "filters": 2, "size": 3}, {"kind": "relu"}, *DEEP]
# Everything that a figure may draw.
FULL = changed(
    SMALL,
    {
        "networks.net": DEEP,
        f"{STUDY}.arms": [
            SMALL["catalogue"]["study"]["arms"][0] | {"criteria": ["magnitude", "snr", "random"]},
            SMALL["catalogue"]["study"]["arms"][0]
            | {"criteria": ["log_alpha"], "selection": "threshold", "levels": ["-3"]},
        ],
    },
)
THRESHOLD = FULL["catalogue"]["study"]["arms"][1]


def told(config, figure):
    lines = validation.problems(changed(config, {f"{STUDY}.figures": [figure]}))
    return [line for line in lines if line.startswith(f"{STUDY}.figures[0]: ")]


@pytest.mark.parametrize("figure", kinds.KINDS)
def test_a_study_that_has_everything_is_drawn(figure):
    assert told(FULL, figure) == []


@pytest.mark.parametrize("figure", sorted(kinds.KINDS.keys() - {"training_curves"}))
def test_a_study_without_arms_and_noise_has_nothing_to_draw(figure):
    bare = changed(FULL, {f"{STUDY}.arms": [], f"{STUDY}.noise": []})
    [line] = told(bare, figure)
    assert line.startswith(f"{STUDY}.figures[0]: found {figure}, which draws ")
    assert line.endswith(", and the study has none; allowed: figures with something to draw")


def test_every_kind_of_figure_has_its_need():
    assert drawable._NEEDS.keys() == kinds.KINDS.keys()


@pytest.mark.parametrize(
    ("changes", "undrawn"),
    [
        (
            {f"{STUDY}.arms": [THRESHOLD]},
            kinds.KINDS.keys() - {"threshold_axis", "network_noise", "training_curves"},
        ),
        ({f"{STUDY}.arms[1]": DELETE}, {"threshold_axis"}),
        ({f"{STUDY}.noise": []}, {"network_noise", "noise_curves"}),
        ({f"{ARM}.criteria": ["snr", "random"]}, {"accuracy_difference"}),
        (
            {f"{ARM}.criteria": ["snr"]},
            {"accuracy_difference", "mask_overlap", "winner_map"},
        ),
        (
            {f"{ARM}.criteria": ["random", "shuffled_magnitude"]},
            {*("accuracy_difference", "mask_pictures", "score_histograms")},
        ),
        ({f"{ARM}.scopes": ["layer"]}, {"score_histograms"}),
        ({"networks.net": CONV}, {"mask_pictures"}),
        ({"networks.net": DEEP[-1:]}, {"layer_allocation"}),
        ({"networks.net": "docs/examples/resnet.py:resnet8_narrow"}, set()),
    ],
)
def test_what_a_study_lacks_decides_which_figures_it_may_have(changes, undrawn):
    config = changed(FULL, changes)
    assert {figure for figure in kinds.KINDS if told(config, figure)} == set(undrawn)


def test_criteria_are_compared_on_the_same_networks_in_the_same_way():
    arm = FULL["catalogue"]["study"]["arms"][0] | {"criteria": ["magnitude"]}
    apart = changed(
        FULL, {f"{STUDY}.arms": [arm, arm | {"criteria": ["snr"], "scopes": ["layer"]}]}
    )
    assert told(apart, "winner_map")
    beside = changed(FULL, {f"{STUDY}.arms": [arm, arm | {"criteria": ["snr"]}]})
    assert told(beside, "winner_map") == []


def test_given_networks_have_curves_only_where_they_are_trained_on():
    given = {"kind": "given", "networks": ["net"], "scaling": "unit", "weights": ["a.safetensors"]}
    arm = FULL["catalogue"]["study"]["arms"][0]
    arm = arm | {"fits": ["point"], "criteria": ["magnitude", "random"]}
    config = changed(FULL, {f"{STUDY}.fits": {"point": given}, f"{STUDY}.arms": [arm]})
    [line] = drawable.check_figures(("study",), study(config, "training_curves"), {})
    assert line[1].startswith(
        "found training_curves, which draws trainings, and the study has none"
    )
    on = changed(config, {f"{ARM}.schedules": ["tuned"], f"{STUDY}.schedules": SCHEDULES})
    assert not list(drawable.check_figures(("study",), study(on, "training_curves"), {}))


def study(config, figure):
    return config["catalogue"]["study"] | {"figures": [figure]}
