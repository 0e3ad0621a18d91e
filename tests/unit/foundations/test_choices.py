"""A name that stands for nothing is refused in one line."""

import pytest

from prunescape.foundations.choices import choose

TABLE = {"snr": 1, "magnitude": 2}


def test_what_a_name_stands_for():
    assert choose(TABLE, "magnitude", "criterion") == 2


@pytest.mark.parametrize("name", ["wonder", "", None, 3, ["snr"], True])
def test_what_was_found_and_what_is_allowed(name):
    with pytest.raises(ValueError, match="criterion: found") as caught:
        choose(TABLE, name, "criterion")
    assert str(caught.value) == f"criterion: found {name!r}; allowed: snr, magnitude"
