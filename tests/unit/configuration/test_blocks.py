"""Blocks of a configuration that may hold anything: what has a wrong type is left out."""

from fractions import Fraction

import pytest

from prunescape.configuration import blocks

ANYTHING = [None, 1, 0.9, True, "text", [], ["0.5", 1], {}, {"a": 1}]


@pytest.mark.parametrize("value", ANYTHING)
def test_whatever_a_block_holds_is_no_error(value):
    assert blocks.mapping(value) == (value if isinstance(value, dict) else {})
    assert blocks.blocks_in(value) == []
    assert blocks.objective_kind(value) is blocks.optimiser_kind(value) is None
    assert blocks.step_levels(value) == []
    assert list(blocks.unknown_name((), value, value, "a fit")) == []


def test_blocks_have_their_key_or_position():
    first, second = {"kind": "a"}, {"kind": "b"}
    assert blocks.blocks_in([first, "no block", second]) == [(0, first), (2, second)]
    assert blocks.blocks_in({"x": first, "y": 1, 3: second}) == [("x", first), (3, second)]


def test_texts_and_levels_keep_their_positions():
    entries = ["0.50", 0.9, "half", None, "4x"]
    assert blocks.texts_in(entries) == [(0, "0.50"), (2, "half"), (4, "4x")]
    assert blocks.texts_of(entries) == ["0.50", "half", "4x"]
    assert blocks.texts_in("0.50") == []  # one text is no list of its letters
    assert blocks.levels_in(entries) == [(0, "0.50", Fraction(1, 2)), (4, "4x", Fraction(3, 4))]
    assert blocks.level_values([*entries, "0.750"]) == {Fraction(1, 2), Fraction(3, 4)}


def test_kinds_of_a_fit():
    fit = {"objective": {"kind": "likelihood"}, "optimiser": {"kind": "adam"}}
    assert (blocks.objective_kind(fit), blocks.optimiser_kind(fit)) == ("likelihood", "adam")
    assert blocks.objective_kind({"objective": "likelihood"}) is None


def test_levels_of_a_chain_are_those_of_its_steps():
    steps = [["0", 1], "no step", [], ["0.90", 2], [0.95, 2], ["2x", 1]]
    assert blocks.step_levels({"steps": steps}) == [
        (0, "0", Fraction(0)),
        (3, "0.90", Fraction(9, 10)),
        (5, "2x", Fraction(1, 2)),
    ]


def test_a_name_that_a_block_lacks_is_told_with_the_nearest():
    known = {"magnitude": 1, "random": 2}
    [(place, text)] = blocks.unknown_name(("arms", 0), "magnitud", known, "a criterion")
    assert place == ("arms", 0)
    assert text == (
        "found 'magnitud', perhaps magnitude is meant; allowed: a criterion (magnitude, random)"
    )
    [(_, text)] = blocks.unknown_name((), "x", {}, "a fit")
    assert text == "found 'x'; allowed: a fit (none is defined)"
    assert not list(blocks.unknown_name((), "random", known, "a criterion"))


def test_a_level_that_comes_again_names_its_first_place():
    found = list(blocks.repeated_levels(("levels",), ["0.9", "0.5", "0.90", "2x"]))
    assert found == [
        (("levels", 2), "found '0.90', the same as '0.9' in [0]; allowed: each level once"),
        (("levels", 3), "found '2x', the same as '0.5' in [1]; allowed: each level once"),
    ]
