"""Numbers as people read them."""

import pytest

from prunescape.foundations.short_numbers import short, typeset


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.138095238, "0.1381"),
        (-12.0812, "-12.08"),
        (2e-10, "0"),
        (-2e-10, "0"),
        (1234.56, "1235"),
        (float("nan"), "nan"),
    ],
)
def test_four_digits_are_shown_and_no_rounding(value, text):
    assert short(value) == text
    assert typeset(value) == text.replace("-", "−")
