from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescape.foundations import levels

DECIMALS = st.integers(0, 10**6).map(lambda n: f"{n / 10**6:.6f}")


@pytest.mark.parametrize(
    ("level", "units", "k"),
    [
        ("0.35", 10, 4),  # 3.5, to the even 4
        ("0.25", 10, 2),  # 2.5, to the even 2
        ("0.05", 10, 0),  # 0.5, to the even 0
        ("0.545", 100, 54),  # as floats 54.50000000000001: 55
        ("0.29", 100, 29),  # as floats 28.999999999999996
        ("0", 7840, 0),
        ("1", 7840, 7840),
        ("0.90", 0, 0),
        ("68x", 266200, 262285),
        ("1x", 10, 0),
    ],
)
def test_count_is_exact(level, units, k):
    assert levels.count(level, units) == k


@given(DECIMALS, st.integers(0, 10**8))
def test_count_rounds_half_to_even(level, units):
    product = Decimal(level) * units
    expected = int(product.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert levels.count(level, units) == levels.count(Decimal(level), units) == expected


@given(DECIMALS, st.integers(0, 10**8))
def test_count_rounds_down_where_it_is_told(level, units):
    whole = int(Decimal(level) * units)  # cut off, as Python's int does
    assert levels.count(level, units, "down") == whole


@pytest.mark.parametrize("units", [1952, 32, 320, 10])
def test_down_is_what_a_public_code_computes_with_floats(units):
    for step, share in enumerate(np.linspace(0, 1, 51)):
        assert levels.count(f"{step / 50:.2f}", units, "down") == int(units * share)


def test_an_unknown_rounding_is_named():
    with pytest.raises(ValueError, match="rounding: found 'up'; allowed: nearest, down"):
        levels.count("0.5", 3, "up")


@given(DECIMALS | st.integers(1, 10**4).map(lambda n: f"{n}x"))
def test_recover_inverts_number(level):
    assert levels.recover(levels.number(level)) == levels.fraction(level)


def test_recover_of_a_threshold_and_the_ends():
    assert [levels.recover(x) for x in (-1.5, 0.0, 1.0, 3.0)] == [Fraction(-3, 2), 0, 1, 3]


@pytest.mark.parametrize(
    "level", ["", ".9", "0.9 ", "+0.9", "1e-3", "nan", "0,9", "0x", "1.5x", 0.9]
)
def test_what_is_no_level_is_named(level):
    with pytest.raises(ValueError, match=r"level .* \(config key levels"):
        levels.fraction(level)


@pytest.mark.parametrize("level", ["-0.1", "1.01", Decimal("1.5")])
def test_a_share_is_between_0_and_1(level):
    with pytest.raises(ValueError, match=r"in \[0, 1\] \(config key levels\)"):
        levels.count(level, 10)


def test_thresholds_may_be_any_number():
    assert levels.number("-12.5") == -12.5


def test_negative_units():
    with pytest.raises(ValueError, match="-1 units"):
        levels.count("0.5", -1)


@pytest.mark.parametrize(
    ("level", "spelled"), [("0.30", "0.3"), ("0.3", "0.3"), ("10", "10"), ("1.0", "1"), ("0", "0")]
)
def test_one_number_has_one_shortest_spelling(level, spelled):
    assert levels.shortest(level) == spelled
