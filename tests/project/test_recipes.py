"""The tool that chooses a recipe on the validation set."""

import json

import pandas as pd
import pytest

from tests.helpers.figure_rows import replicates, scores
from tools import recipes


def costs(**seconds):
    rows = [(fit, "train", 1, 3, 3 * each) for fit, each in seconds.items()]
    rows += [(fit, "evaluate", 1, 3, 1000.0) for fit in seconds]
    return pd.DataFrame(rows, columns=["fit", "stage", "first", "last", "cpu_seconds"])


def test_the_smallest_error_wins_and_a_cheaper_one_that_is_as_good():
    table = scores(
        replicates([0.90, 0.91, 0.92], fit="worse")
        + replicates([0.95, 0.96, 0.97], fit="best")
        + replicates([0.94, 0.97, 0.96], fit="as_good")
    )

    found = recipes.choose(table, costs(worse=1, best=9, as_good=5), 0.0)

    assert found["fit"].tolist() == ["best", "as_good", "worse"]
    assert found["error"].tolist() == pytest.approx([4, 13 / 3, 9])
    assert found["above"].tolist() == pytest.approx([0, 1 / 3, 5])
    # Differences 1, -1, 1 points: standard deviation 1.1547, over the root of 3.
    assert found["standard_error"].tolist() == pytest.approx([0, 2 / 3, 0], abs=1e-12)
    assert found["cpu_seconds"].tolist() == [9, 5, 1]
    assert found["chosen"].tolist() == [False, True, False]
    assert "| **as_good** | 4.33 | 0.33 | 0.67 | 3 | 5 |" in recipes.table(found)


def test_costs_within_a_tenth_are_the_same():
    table = scores(
        replicates([0.95, 0.96, 0.97], fit="best") + replicates([0.94, 0.97, 0.96], fit="as_good")
    )
    chosen = {
        seconds: recipes.choose(table, costs(best=seconds, as_good=5), 0.0).set_index("fit")[
            "chosen"
        ]
        for seconds in (5.4, 5.6)
    }
    assert chosen[5.4].to_dict() == {"best": True, "as_good": False}
    assert chosen[5.6].to_dict() == {"best": False, "as_good": True}


def test_each_network_has_a_choice_of_its_own():
    rows = replicates([0.90, 0.91], network="small", fit="a")
    rows += replicates([0.80, 0.81], network="small", fit="b")
    rows += replicates([0.95, 0.96], network="large", fit="c")
    spent = costs(a=1, b=1).assign(network="small")
    spent = pd.concat([spent, costs(c=7).assign(network="large")])

    found = recipes.of_networks(scores(rows), spent, 0.0)

    assert {name: each["fit"].tolist() for name, each in found.items()} == {
        "small": ["a", "b"],
        "large": ["c"],
    }
    assert found["large"]["cpu_seconds"].tolist() == [7]


def test_the_level_that_counts():
    rows = replicates([0.90, 0.91, 0.92], fit="a") + replicates([0.95, 0.96, 0.97], fit="b")
    rows += replicates([0.8, 0.8, 0.8], fit="a", criterion="snr", level=0.9, kept=100)
    rows += replicates([0.7, 0.7, 0.7], fit="b", criterion="snr", level=0.9, kept=100)
    assert recipes.choose(scores(rows), costs(a=1, b=1), 0.9)["fit"].tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="no networks at level"):
        recipes.choose(scores(rows), costs(a=1, b=1), 0.5)


def test_a_fit_that_diverged_is_named():
    rows = replicates([0.90, 0.91, 0.92], fit="a") + replicates([0.95, 0.96], fit="b")
    with pytest.raises(ValueError, match="replicates of b have diverged"):
        recipes.choose(scores(rows), costs(a=1, b=1), 0.0)


def test_nothing_is_chosen_on_the_test_set(tmp_path):
    (tmp_path / "environment.json").write_text(json.dumps({"config": {"split": "final"}}))
    with pytest.raises(ValueError, match="split is final; recipes are chosen with tune"):
        recipes.check_split(tmp_path)


def test_fits_that_are_plain_sgd_are_out_of_the_choice():
    noise = pd.DataFrame({"fit": ["a", "a", "b", "b"], "floored": [0.4, 0.8, 0.5, 0.5]})
    assert recipes.plain_sgd(noise, 0.5) == {"a"}
    rows = replicates([0.95, 0.96, 0.97], fit="a") + replicates([0.90, 0.91, 0.92], fit="b")
    found = recipes.choose(scores(rows), costs(a=1, b=9), 0.0, {"a"})
    assert found["fit"].tolist() == ["b", "a"]
    assert found["chosen"].tolist() == [True, False]
    assert found["above"].tolist() == pytest.approx([0, -5])
    assert "| (a) | 4.00 | -5.00 |" in recipes.table(found)
    with pytest.raises(ValueError, match="all fits are out"):
        recipes.choose(scores(rows), costs(a=1, b=9), 0.0, {"a", "b"})


def test_schedules_of_one_arm_are_compared_by_what_they_train():
    arm = {"fit": "ard", "criterion": "log_alpha", "level": 0.9, "kept": 100}
    rows = replicates([0.97, 0.97, 0.97], fit="ard")
    rows += replicates([0.90, 0.91, 0.92], schedule="short", **arm)
    rows += replicates([0.95, 0.96, 0.97], schedule="long", **arm)
    rows += replicates([0.96, 0.96, 0.96], fit="ard", schedule="long", criterion="none")
    spent = costs(ard=100).assign(part="checkpoint")
    trained = {"fit": "ard", "stage": "retrain", "first": 1, "last": 3}
    more = [
        trained | {"part": "short/b1/checkpoint", "cpu_seconds": 6.0},
        trained | {"part": "long/b1/checkpoint", "cpu_seconds": 60.0},
    ]
    spent = pd.concat([spent, pd.DataFrame(more)])
    found = recipes.choose(scores(rows), spent, 0.9, among="schedule")
    assert found["schedule"].tolist() == ["long", "short"]
    assert found["cpu_seconds"].tolist() == [20, 2]
    assert "| **long** | 4.00 |" in recipes.table(found, "schedule")
    rows += replicates([0.5, 0.5, 0.5], schedule="long", **arm | {"criterion": "snr"})
    with pytest.raises(ValueError, match="several fits or arms"):
        recipes.choose(scores(rows), spent, 0.9, among="schedule")
