"""The best way of pruning is chosen on one half of the images, and stated on the other."""

import numpy as np
import pytest

from prunescape.label import choosing, losses, methods
from tests.helpers.label import N, outcomes

_, UNPRUNED, WAYS = methods.read(outcomes())


def test_halves_are_apart_and_a_function_of_the_seed():
    first, second = choosing.halves(101, 3)
    assert sorted([*first, *second]) == list(range(101))
    assert (len(first), len(second)) == (50, 51)
    assert (choosing.halves(101, 3)[0] == first).all()
    assert (choosing.halves(101, 4)[0] != first).any()
    with pytest.raises(ValueError, match="found 3 images"):
        choosing.halves(3, 1)


def test_the_way_that_removes_most_is_chosen_and_stated_on_other_images():
    parts = choosing.halves(N, 7)
    for choice in choosing.choose(UNPRUNED, WAYS, [1, 2], parts):
        way = WAYS[choice.method]
        assert (way.names["criterion"], way.points[choice.point]) == ("snr", (0, 0.5))
        stated = losses.loss(UNPRUNED[:, parts[1]], way.correct[choice.point][:, parts[1]])
        assert choice.loss == stated
        assert stated.at_most < choice.limit


def test_nothing_is_stated_where_nothing_is_shown():
    parts = choosing.halves(N, 7)
    [choice] = choosing.choose(UNPRUNED, WAYS, [0.01], parts)
    assert (choice.method, choice.point, choice.loss) == (None, None, None)


def test_images_that_choose_have_no_part_in_what_is_stated():
    """What holds by chance on the choosing images alone is chosen, but not stated."""
    parts = choosing.halves(N, 7)
    lucky = [np.zeros_like(each) for each in WAYS[0].correct]
    for each in lucky:
        each[:, parts[0]] = UNPRUNED[:, parts[0]]
    names = WAYS[0].names | {"criterion": "lucky"}
    ways = [*WAYS, methods.Method(names, WAYS[0].points, lucky)]
    [choice] = choosing.choose(UNPRUNED, ways, [1], parts)
    assert choice.method == len(WAYS)
    assert (choice.point, choice.loss) == (None, None)


def test_a_control_is_never_chosen():
    parts = choosing.halves(N, 7)
    perfect = [UNPRUNED] * len(WAYS[0].points)
    for criterion in ("random", "shuffled_snr"):
        control = methods.Method(WAYS[0].names | {"criterion": criterion}, WAYS[0].points, perfect)
        [choice] = choosing.choose(UNPRUNED, [*WAYS, control], [1], parts)
        assert choice.method < len(WAYS)
