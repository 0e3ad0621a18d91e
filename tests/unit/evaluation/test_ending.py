"""Evaluation of an arm ends, effect by effect, where too much is lost."""

import pytest

from prunescape.evaluation import ending
from tests.helpers.evaluations import dense, record, row

UNPRUNED = [dense(n_correct=9_000), dense(n_correct=9_200, replicate=2)]
NOISY = dense(noise="grey_raw", noise_level=0.1, n_correct=0)


def of(effect, level, *correct):
    """Return the rows of a level, a network each, and one of noise that nothing may count."""
    named = {"effect": effect, "level": level}
    rows = [row(**named, n_correct=n, replicate=r) for r, n in enumerate(correct, 1)]
    return [*rows, rows[0] | {"noise": "grey_raw", "accuracy": 0.0}]


def case(effect, level):
    return {"effect": effect, "step": 0, "level": level}


def test_each_effect_ends_after_the_first_level_that_loses_more_on_average():
    end = ending.End(5, [*UNPRUNED, NOISY])
    end.note(case("zero", "0.50"), of("zero", 0.5, 8_200, 9_002))  # 8 and 1.98
    assert not end.leaves_out(case("zero", "0.90"))
    end.note(case("zero", "0.90"), of("zero", 0.9, 9_000, 8_199))  # 0 and 10.01
    assert end.leaves_out(case("zero", "0.95"))
    assert not end.leaves_out(case("compensate", "0.95"))
    assert not end.leaves_out(case("zero", "0.90"))  # under noise it is still evaluated
    assert not end.leaves_out(case("zero", "0.10"))


@pytest.mark.parametrize(
    ("level", "effect", "unfounded"),
    [(0.95, "zero", 0), (0.90, "zero", 1), (0.30, "zero", 1), (0.95, "freeze", 1)],
)
def test_what_is_left_out_needs_a_level_before_that_lost_more(level, effect, unfounded):
    rows = of("zero", 0.5, 8_900, 9_000) + of("zero", 0.9, 8_000, 8_000)
    rows += of("freeze", 0.9, 9_000, 9_200)
    entry = row(level=level, effect=effect)
    told = record(*rows) | {"left_out": [entry], "until_lost": 5}
    unpruned = ending.accuracies([*UNPRUNED, NOISY])
    assert unpruned == {1: 0.9, 2: 0.92}
    assert len(ending.unfounded(told, unpruned)) == unfounded
