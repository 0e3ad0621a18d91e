"""Units as data: which are gone under a mask, and what is left of tensors without them."""

import json

import numpy as np
import pytest

from prunescape.networks import coupled_units
from prunescape.networks.coupled_units import Part, Units

# Two channels that layer 1 makes; layer 2 reads them as 2 x 2 pixels, behind one of its own.
CHANNELS = Units(
    2,
    [
        Part("1.weight", 0, [0, 1], [0, 1]),
        Part("1.bias", 0, [0, 1], [0, 1]),
        Part("own.norm.weight", 0, [1, 2], [0, 1]),
        Part("2.weight", 1, [1, 2, 3, 4], [0, 0, 1, 1]),
    ],
)
ARRAYS = {
    "1.weight": np.arange(6).reshape(2, 3, 1, 1),
    "own.norm.weight": np.arange(3),
    "2.weight": np.arange(10).reshape(2, 5),
    "3.weight": np.arange(4),
}


def test_a_unit_is_gone_if_it_keeps_no_weight_anywhere():
    kept = {"1": np.ones((2, 3, 1, 1), bool), "2": np.ones((2, 5), bool)}
    assert not coupled_units.gone(CHANNELS, kept).any()
    kept["1"][1] = False
    kept["2"][:, 3] = False
    kept["2"][0, 4] = False
    assert not coupled_units.gone(CHANNELS, kept).any()
    kept["2"][1, 4] = False
    assert coupled_units.gone(CHANNELS, kept).tolist() == [False, True]


def test_what_is_left_has_no_place_for_units_that_are_gone():
    more = Units(1, [Part("2.weight", 1, [0], [0]), Part("3.weight", 0, [3], [0])])
    gone = [np.array([True, False]), np.array([True])]
    left = coupled_units.without(ARRAYS, [CHANNELS, more], gone)
    assert {name: value.tolist() for name, value in left.items()} == {
        "1.weight": [[[[3]], [[4]], [[5]]]],
        "own.norm.weight": [0, 2],
        "2.weight": [[3, 4], [8, 9]],
        "3.weight": [0, 1, 2],
    }


def test_layers_in_a_row_have_the_units_of_all_but_the_last():
    shapes = {"1": (3, 1, 5, 5), "2": (2, 12), "3": (4, 2)}
    filters, neurons = coupled_units.chained(shapes)
    assert (filters.size, neurons.size) == (3, 2)
    assert [(layer, part.axis) for layer, part in filters.weights()] == [("1", 0), ("2", 1)]
    _, (_, read) = filters.weights()
    assert list(read.positions) == list(range(12))
    assert list(read.units) == [0] * 4 + [1] * 4 + [2] * 4
    assert neurons.made_by() == ["2"]
    with pytest.raises(ValueError, match="13 inputs can't come from 3 units"):
        coupled_units.chained({"1": (3, 4), "2": (2, 13)})


def test_units_are_inside_of_layers_that_have_all_of_their_weights():
    first, second = coupled_units.chained({"1": (3, 4), "2": (2, 3), "3": (4, 2)})
    for layers, expected in (("123", [first, second]), ("12", [first]), ("23", [second])):
        assert coupled_units.inside([first, second], layers, "key") == expected
    with pytest.raises(ValueError, match=r"^key: found layers that have no unit for themselves"):
        coupled_units.inside([first, second], ["1", "3"], "key")


def test_units_travel_as_json():
    found = coupled_units.read(json.loads(json.dumps([CHANNELS])))
    assert found == [CHANNELS]
    assert [layer for layer, _ in found[0].weights()] == ["1", "2"]
