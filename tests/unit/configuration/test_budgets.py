"""Budgets: arms whose networks are trained for longer or shorter are named, in one line."""

import pytest

from tests.helpers.configurations import DELETE, SCHEDULES, lines_of

PLACE = "catalogue.study.arms[1].budget"
STEPS = [["0", 1], ["0.50", 1], ["0.90", 2]]
OTHERS = {
    "again": {"kind": "retrain", "epochs": 1, "start": "rewound"},
    "static": {"kind": "retrain", "epochs": 6, "start": "initial"},
    "moving": {"kind": "rigl", "epochs": 6, "start": "initial", "updates": {"every": 5}},
    "slow": {"kind": "gradual", "level": "0.90", "prunings": 3, "every": 1, "last": 2},
    "tickets": {"kind": "chain", "steps": STEPS, "start": "initial"},
}


def lines(budget, schedule, fits=("point",), criteria=("magnitude",), **arm):
    """What is wrong with an arm; the fit point has 2 epochs, vi 2 more after it."""
    levels = DELETE if schedule in ("slow", "tickets", "fine") else ["0.50"]
    also = {"catalogue.study.schedules": SCHEDULES | OTHERS}
    arm = {"fits": list(fits), "criteria": list(criteria), "levels": levels, **arm}
    return lines_of(also, schedules=[schedule], budget=budget, **arm)


@pytest.mark.parametrize(
    ("schedule", "budget"),
    [
        ("oneshot", 2),
        ("tuned", 2 + 2),
        ("again", 2 + 1),
        ("slow", 2 + 1 + 1 + 2),
        ("fine", 2 + 1 + 1 + 2 + 2),
        ("tickets", 2 + 1 + 1 + 2),
        ("static", 2 + 6),
        ("moving", 2 + 6),
    ],
)
def test_the_fit_and_the_schedule_count(schedule, budget):
    assert lines(budget, schedule) == []
    [line] = lines(budget + 1, schedule)
    assert line.startswith(f"{PLACE}: found {budget + 1}, but point / magnitude / {schedule} has ")
    assert f"{budget} epochs of training, 1 too few; allowed: {budget}, or " in line


def test_a_fit_of_which_nothing_is_used_does_not_count():
    for schedule in ("static", "moving"):
        for criterion in ("random", "snip", "grasp", "synflow"):
            assert lines(6, schedule, criteria=[criterion]) == []
    assert lines(2 + 2, "tuned", criteria=["random"]) == []  # its weights go on from the fit's


def test_a_fit_that_starts_from_another_counts_both():
    assert lines(2 + 2, "oneshot", fits=["vi"], criteria=["magnitude"]) == []


def test_the_line_says_what_would_do():
    assert lines(5, "tuned") == [
        f"{PLACE}: found 5, but point / magnitude / tuned has 2 + 2 = 4 epochs of training, "
        "1 too few; allowed: 4, or 3 epochs in schedule tuned"
    ]
    assert lines(5, "oneshot") == [
        f"{PLACE}: found 5, but point / magnitude / oneshot has 2 epochs of training, "
        "3 too few; allowed: 2, or a fit with 5 epochs"
    ]
    assert lines(4, "static", criteria=["random"]) == [
        f"{PLACE}: found 4, but point / random / static has 6 epochs of training, "
        "2 too many; allowed: 6, or 4 epochs in schedule static"
    ]
    assert lines(2, "tuned") == [
        f"{PLACE}: found 2, but point / magnitude / tuned has 2 + 2 = 4 epochs of training, "
        "2 too many; allowed: 4"
    ]


def test_each_fit_and_schedule_is_named_once():
    assert len(lines(9, "tuned", criteria=["magnitude", "random", "lamp"])) == 1
    assert len(lines(9, "static", criteria=["magnitude", "random", "lamp"])) == 2


def test_a_budget_is_a_number_of_epochs():
    [line] = lines(0, "oneshot")
    assert line == f"{PLACE}: found 0; allowed: an integer >= 1"
