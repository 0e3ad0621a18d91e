"""Schedules whose training changes the masks: with what they go together."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import SCHEDULES, changed, lines_of, scheduled

UPDATES = {"every": 5}
PLACE = "catalogue.study.schedules.moving"
ARM = "catalogue.study.arms[1].schedules[0]"
FOUND = f"{ARM}: found 'moving', whose masks change, with"


def lines(changes=(), kind="rigl", schedule=(), **arm):
    moving = {"kind": kind, "epochs": 2, "updates": UPDATES, **dict(schedule)}
    also = {"catalogue.study.schedules": SCHEDULES | {"moving": moving}} | dict(changes)
    return lines_of(also, **{"schedules": ["moving"], "levels": ["0.50"], **arm})


@pytest.mark.parametrize("kind", ["rigl", "set"])
@pytest.mark.parametrize("scope", ["global", "layer", "erdos_renyi", "erk"])
def test_what_goes_together(kind, scope):
    assert lines(kind=kind, scopes=[scope]) == []
    assert lines(kind=kind, scopes=[scope], schedule={"start": "initial"}) == []


def test_updates_have_the_values_of_the_paper_unless_the_config_says_others():
    moving = {"kind": "rigl", "epochs": 2, "updates": {"every": 5, "fraction": 0.5}}
    config = changed(
        scheduled(schedules=["moving"], levels=["0.50"]),
        {"catalogue.study.schedules": SCHEDULES | {"moving": moving}},
    )
    validation.validate(config)
    assert config["catalogue"]["study"]["schedules"]["moving"]["updates"] == {
        "every": 5,
        "until": 0.75,
        "fraction": 0.5,
    }


@pytest.mark.parametrize(
    ("updates", "line"),
    [
        (
            {},
            "every: found nothing, but the key is required; "
            "allowed: an integer >= 1 and <= 1000000",
        ),
        ({"every": 0}, "every: found 0; allowed: an integer >= 1 and <= 1000000"),
        ({"every": 1, "until": 0}, "until: found 0; allowed: a number > 0 and <= 1"),
        ({"every": 1, "fraction": 1.5}, "fraction: found 1.5; allowed: a number > 0 and <= 1"),
    ],
)
def test_updates_that_are_none(updates, line):
    assert lines(schedule={"updates": updates}) == [f"{PLACE}.updates.{line}"]


def test_an_arm_has_levels_of_its_own():
    [line] = lines(levels=None)
    assert line.startswith("catalogue.study.arms[1].levels: found ")


@pytest.mark.parametrize("start", ["rewound", "rewound_rate"])
def test_it_does_not_go_back_in_the_fit(start):
    assert lines(schedule={"start": start}) == [
        f"{PLACE}.start: found {start} with kind: rigl; allowed: initial, redrawn, or left out"
    ]


def test_removed_weights_are_zero():
    assert lines(kind="set", effects=["zero", "freeze"]) == [
        f"{FOUND} effect freeze; allowed: zero"
    ]


@pytest.mark.parametrize("scope", ["output_unit", "input_unit", "neuron"])
def test_scopes_of_units_are_refused(scope):
    assert lines(scopes=["global", scope]) == [
        f"{FOUND} scope {scope}; allowed: scopes of kinds global, layer, floor, erdos_renyi, erk, "
        "allocation"
    ]


def test_scopes_of_groups_are_refused():
    own = {"pairs": {"kind": "n_m", "pattern": "1:2"}, "some": {"kind": "erk", "except": [-1]}}
    network = [{"kind": "linear", "units": 9}, {"kind": "linear", "units": 10}]
    changes = {"catalogue.study.scopes": own, "networks.net": network}
    assert lines(changes, scopes=["some"]) == []
    [line] = lines(changes, scopes=["some", "pairs"])
    assert line.startswith(f"{FOUND} scope pairs; allowed: scopes of kinds global, ")


def test_preconditioned_sgd_is_refused():
    psgd = {"kind": "psgd", "floor": 0.01}
    line = (
        f"{FOUND} optimiser.kind: psgd, for point; "
        "allowed: schedules.moving.fit.optimiser with adam, sgd"
    )
    fit = {"catalogue.study.fits.point.optimiser": psgd}
    assert lines(fit) == [line]
    adam = {"optimiser": {"kind": "adam", "learning_rate": 0.01}}
    assert lines(fit, schedule={"fit": adam}) == []
    assert lines(schedule={"fit": {"optimiser": psgd}}) == [line]


def test_sparse_weights_are_refused():
    network = [{"kind": "linear", "units": 10, "nonzero": 0.5}]
    assert lines({"networks.net": network}) == [
        f"{FOUND} the network net, which has sparse weights (nonzero); allowed: networks without"
    ]
    assert lines({"networks.net": [network[0] | {"nonzero": 1}]}) == []
