"""Exports name networks that the run makes."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import problems, small

EXPORT = {
    "study": "study",
    "network": "net",
    "fit": "vi",
    "criterion": "snr",
    "scope": "global",
    "effect": "zero",
    "schedule": "oneshot",
    "level": "0.90",
}


def test_an_export_is_a_network_of_the_run():
    config = small(exports={"best": EXPORT | {"replicate": 2}})
    assert validation.problems(config) == []
    validation.validate(config)
    assert config["exports"]["best"]["selection"] == "exact_k"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"level": "0.9"}, ".level: found '0.9'"),
        (
            {"criterion": "lamp"},
            ".criterion: found 'lamp'; allowed: what the study's arms have (snr",
        ),
        ({"network": "other"}, ".network: found 'other'; allowed: what the study's arms have ("),
        ({"study": "studies"}, ".study: found 'studies', perhaps study is meant; allowed: a study"),
        ({"replicate": 3}, ".replicate: found 3; allowed: up to 2, the study's replicates"),
        ({"effect": "freeze"}, ".effect: found 'freeze'; allowed: zero, compensate"),
        ({"effect": "recalibrate"}, ".effect: found 'recalibrate'; allowed: what the study's arms"),
    ],
)
def test_an_export_of_what_the_run_does_not_make(change, line):
    lines = problems(exports={"best": EXPORT | change})
    assert any(each.startswith(f"exports.best{line}") for each in lines)


def test_an_arm_of_a_wrong_type_beside_an_export_is_named():
    arms = [{**small()["catalogue"]["study"]["arms"][0], "selection": ["exact_k"]}]
    lines = problems(exports={"best": EXPORT}, catalogue__study__arms=arms)
    assert any(each.startswith("catalogue.study.arms[0].selection: found") for each in lines)


def test_an_export_is_of_one_arm():
    arms = small()["catalogue"]["study"]["arms"]
    other = arms[0] | {"scopes": ["layer"], "levels": ["0.42"]}
    changes = {"catalogue__study__arms": [*arms, other]}
    assert problems(exports={"best": EXPORT | {"level": "0.42"}}, **changes) == [
        "exports.best: found net / vi / snr / global / exact_k / zero / oneshot / '0.42'; "
        "allowed: what one arm of the study has together"
    ]


def test_networks_with_k_winners_are_not_exported():
    winners = [{"kind": "linear", "units": 9}, {"kind": "k_winners", "k": 3}]
    net = [*winners, {"kind": "linear", "units": 10}]
    assert problems(networks__net=net, exports={"best": EXPORT}) == [
        "exports.best.network: found net, whose layer [1] is k_winners; "
        "allowed: a network without such layers"
    ]


def test_networks_in_files_are_exported(tmp_path):
    (tmp_path / "own.py").write_text("class Net: pass\n")
    assert problems(networks__net=f"{tmp_path}/own.py:Net", exports={"best": EXPORT}) == []
