"""A label is of one network that the run prunes."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import problems, small

LABEL = {"study": "study"}
ONE = {"fits": ["vi"]}


def test_a_label_of_one_network():
    config = small(label=LABEL, **ONE)
    assert validation.problems(config) == []
    validation.validate(config)
    assert config["label"] == LABEL | {
        "losses": [0.5, 1, 2],
        "noise": [],
        "command": "",
        "origins": {},
    }


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"study": "studie"}, ".study: found 'studie', perhaps study is meant; allowed: a study"),
        ({"losses": [1, 0.5]}, ".losses: found [1, 0.5]; allowed: rising numbers"),
        ({"losses": []}, ".losses: found an empty list; allowed: a list of at least 1"),
        ({"losses": [0]}, ".losses[0]: found 0; allowed: a number > 0"),
        (
            {"noise": [{"kind": "grey", "levels": ["0.1"]}]},
            ".noise[0].kind: found 'grey', perhaps grey_raw is meant",
        ),
        (
            {"noise": [{"kind": "gaussian", "levels": ["0.1", "0.10"]}]},
            ".noise[0].levels[1]: found '0.10'",
        ),
    ],
)
def test_what_a_label_can_not_be_of(change, line):
    lines = problems(label=LABEL | change, **ONE)
    assert any(each.startswith(f"label{line}") for each in lines), lines


def test_a_study_with_several_networks():
    assert problems(label=LABEL) == [
        "label.study: found one with 'point/net', 'vi/net'; allowed: a study with one fit of one "
        "network"
    ]


@pytest.mark.parametrize(
    "change",
    [{"criteria": ["random", "shuffled_snr"]}, {"effects": ["freeze"]}],
)
def test_a_study_that_prunes_by_no_criterion(change):
    arms = [{**each, **change} for each in small()["catalogue"]["study"]["arms"]]
    lines = problems(label=LABEL, catalogue__study__arms=arms, **ONE)
    assert any("allowed: one that prunes" in line for line in lines), lines
