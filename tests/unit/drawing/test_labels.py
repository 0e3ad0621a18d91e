"""Readable names of the table's words, and their order."""

import pytest

from prunescape.drawing import labels


@pytest.mark.parametrize(
    ("column", "word", "written"),
    [
        ("criterion", "snr", "signal to noise |μ|/σ"),
        ("criterion", "log_alpha", "dropout rate -log α"),
        ("criterion", "magnitude_x_std", "|w| × std of input"),
        ("criterion", "mine", "mine"),
    ],
)
def test_names_are_written_without_mathematical_type(column, word, written):
    assert labels.plain(column, word) == written


def test_no_listed_name_keeps_a_mark_of_mathematical_type():
    for word in labels.CRITERIA:
        assert not set(labels.plain("criterion", word)) & set("$\\")
