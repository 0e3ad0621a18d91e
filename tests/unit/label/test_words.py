"""Names and numbers on a label."""

import pytest

from prunescape.label import words
from tests.helpers.label import label

USUAL = {"criterion": "magnitude", "scope": "global", "effect": "zero", "schedule": "oneshot"}


def test_what_is_usual_goes_without_saying():
    assert words.named(USUAL) == "magnitude |w|"
    other = USUAL | {"criterion": "shuffled_taylor", "scope": "layer", "schedule": "finetune"}
    assert words.named(other) == (
        "Taylor |w| × mean |gₙ|, shuffled in each layer, each layer alone, finetune"
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [(12, "12"), (4200, "4.2\u00a0k"), (1_236_000, "1.24\u00a0M"), (3.1e9, "3.1\u00a0G")],
)
def test_amounts(number, shown):
    assert words.amount(number) == shown


def test_percent_and_points():
    assert [words.percent(share) for share in (0.3, 0.995, 1)] == [
        "30\u00a0%",
        "99.5\u00a0%",
        "100\u00a0%",
    ]
    assert [words.points(value) for value in (0.417, -0.02)] == ["0.42", "−0.02"]


def test_an_answer_a_limit():
    lines = words.answers(label())
    assert [line.partition(":")[0] for line in lines] == [
        "to lose less than 0.5 points",
        "to lose less than 1 point",
        "to lose less than 2 points",
    ]
    shown = [line.partition(":")[2].partition(" of the weights can go, by ") for line in lines]
    assert [share for share, _, _ in shown] == [" 30\u00a0%", " 50\u00a0%", " 50\u00a0%"]
    assert all(way.startswith("signal to noise |μ|/σ (lost ") for _, _, way in shown)
    nothing = label()
    nothing["choices"] = [{"limit": 1, "method": None, "level": None}]
    assert words.answers(nothing) == [
        "to lose less than 1 point: no way of pruning is shown to, even at its smallest sparsity, "
        "on the 2,000 images that choose"
    ]


def test_a_way_that_only_the_choosing_images_pass_is_named():
    unstated = label()
    unstated["choices"] = [{"limit": 0.5, "method": 1, "level": None}]
    assert words.answers(unstated) == [
        f"to lose less than 0.5 points: {words.named(unstated['methods'][1])}, which 2,000 images "
        "chose, isn't shown to on the other 2,000, even at its smallest sparsity; more images "
        "narrow the bounds"
    ]
