"""Devices that nobody knows are refused: what was found, what is allowed."""

import pytest

from prunescape.running.devices import device


@pytest.mark.parametrize(
    ("given", "key", "allowed"),
    [
        (("wonder",), "device", "cpu, cuda, auto"),
        (("cpu", "wonder"), "precision", "highest, high, medium"),
    ],
)
def test_an_unknown_name_is_refused(given, key, allowed):
    with pytest.raises(ValueError, match=f"^{key}: found 'wonder'; allowed: {allowed}$"):
        device(*given)
