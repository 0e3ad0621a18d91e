"""Looks that don't go together are told before anything runs, with the key."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import DEFAULT, changed


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"looks": [3]}, "verdicts.shares: found 5 for 1 looks; allowed: one a look"),
        ({"looks": [5, 4], "shares": [0.5, 0.5]}, "verdicts.looks: found [5, 4]; allowed: ascend"),
        ({"looks": [3], "shares": [0.9]}, "verdicts.shares: found [0.9]; allowed: numbers > 0"),
        ({"looks": "5"}, "verdicts.looks: found '5'; allowed: a list"),
        ({"looks": [1], "shares": [1]}, "verdicts.looks[0]: found 1; allowed: an integer >= 2"),
        ({"alpha": 0.5}, "verdicts.alpha: found 0.5; allowed: a number > 0 and < 0.5"),
    ],
)
def test_looks_that_do_not_go_together(changes, line):
    config = changed(DEFAULT, {"verdicts": DEFAULT["verdicts"] | changes})
    assert any(each.startswith(line) for each in validation.problems(config))


def test_looks_of_its_own():
    verdicts = {"alpha": 0.1, "looks": [3, 6], "shares": [0.3, 0.7]}
    assert validation.problems(changed(DEFAULT, {"verdicts": verdicts})) == []
