"""For how many epochs networks are trained, step by step."""

import copy

import pytest

from prunescape.configuration import validation
from prunescape.pipeline import plan
from prunescape.pipeline.schedules import Chain, Retrain
from prunescape.pipeline.training_lengths import Length, epochs_before, length
from tests.helpers.configurations import DELETE, SCHEDULES, scheduled

FRESH = {"kind": "retrain", "epochs": 7, "start": "initial"}


def lengths(schedule, known=False, fit="point", **arm):
    """Name of the criterion -> length, for the arms of a schedule and its dense control."""
    levels = DELETE if schedule == "fine" else ["0.50", "0.90"]
    also = {"catalogue.study.schedules": SCHEDULES | {"fresh": FRESH}}
    config = copy.deepcopy(scheduled(also, schedules=[schedule], levels=levels, fits=[fit], **arm))
    validation.validate(config)
    return {
        each.criterion: length(config, "study", fit, each, known)
        for each in plan.arms(config, "study", fit, "net")
        if each.schedule == schedule
    }


def test_a_chain_counts_step_by_step_and_its_control_with_it():
    found = lengths("fine")
    assert set(found) == {"none", "magnitude", "random"}
    for each in found.values():
        assert each == Length(2, {0: 1, 1: 1, 2: 2, 3: 2})
        assert each.total == 8


def test_levels_are_trained_beside_each_other():
    for each in lengths("tuned").values():
        assert each == Length(2, {0: 2})


@pytest.mark.parametrize(("known", "before"), [(True, 0), (False, 2)])
def test_the_fit_counts_unless_nothing_of_it_is_used(known, before):
    for each in lengths("fresh", known).values():
        assert each == Length(before, {0: 7})
    for each in lengths("tuned", known).values():
        assert each.fit == 2


def test_without_training_it_is_the_fit_and_the_one_that_it_starts_from():
    for each in lengths("oneshot", fit="vi", criteria=["magnitude"]).values():
        assert each == Length(4, {0: 0})


def test_epochs_count_on_from_the_fit_and_back_where_it_is_rewound():
    chain = Chain({"steps": [["0.5", 2], ["0.7", 3], ["0.9", 1]]})
    assert [epochs_before(chain, 10, f"s{step}") for step in range(3)] == [10, 12, 15]
    for start, before in {"redrawn": 10, "rewound": 6, "rewound_rate": 6}.items():
        assert epochs_before(Retrain({"epochs": 4, "start": start}), 10, "b1") == before
