import pytest

from prunescape.verdicts.looks import Looks, stated

DECLARED = Looks((5, 10, 20), (0.2, 0.3, 0.5), 0.05)


def test_looks_spend_alpha_and_no_more():
    assert DECLARED.spent(1) == pytest.approx([0.01, 0.015, 0.025])
    assert sum(DECLARED.spent(4)) == pytest.approx(0.05 / 4)


@pytest.mark.parametrize(
    ("replicates", "reached", "after"), [(4, 0, 5), (5, 1, 10), (9, 1, 10), (20, 3, None)]
)
def test_a_number_between_looks_is_at_the_last_one_reached(replicates, reached, after):
    assert DECLARED.reached(replicates) == reached
    assert DECLARED.after(replicates) == after


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"looks": []},
            r"looks: found \[\]; allowed: ascending integers >= 2 .config key verdicts",
        ),
        ({"looks": [5, 5]}, r"looks: found \[5, 5\]"),
        ({"looks": [1, 5]}, r"looks: found \[1, 5\]"),
        ({"shares": [1.0]}, "shares: found 1 for 2 looks; allowed: one a look"),
        ({"shares": [0.5, 0.6]}, "shares: found .* whose sum is 1"),
        ({"shares": [1.5, -0.5]}, "shares: found .* numbers > 0"),
        ({"alpha": 0.5}, "alpha: found 0.5; allowed: a number > 0 and < 0.5"),
    ],
)
def test_looks_that_do_not_go_together_are_refused(changes, message):
    block = {"alpha": 0.05, "looks": [5, 10], "shares": [0.4, 0.6]}
    assert stated(block).numbers == (5, 10)
    with pytest.raises(ValueError, match=message):
        stated(block | changes)
