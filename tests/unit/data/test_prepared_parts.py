"""Which parts a data set has, by its settings alone."""

import numpy as np
import pytest

from prunescape.data import datasets, prepared_parts, splitting

TRAINED = ("train", "validation", "test")


@pytest.mark.parametrize(
    ("settings", "parts", "learns"),
    [
        ({}, TRAINED, True),
        ({"train": 500}, TRAINED, True),
        ({"calibration": 20}, ("train", "validation", "calibration", "test"), True),
        ({"train": 20, "calibration": 20}, ("train", "validation", "calibration", "test"), True),
        ({"train": 0}, ("calibration", "test"), False),
        ({"train": 0, "calibration": 20}, ("calibration", "test"), False),
    ],
)
def test_parts_are_those_that_a_split_makes(settings, parts, learns):
    assert prepared_parts.of(settings) == parts
    assert prepared_parts.learns(settings) == learns
    assert prepared_parts.sets_apart(settings) == ("calibration" in settings)
    images = np.zeros((900, 1, 2, 2), np.uint8), np.zeros(900, np.int64)
    made = splitting.split({"train": images}, "own", 100, 1, **settings)
    assert tuple(made) == parts
    assert set(parts) <= set(datasets.SPLITS)


def test_settings_of_another_type_are_not_taken_for_0():
    assert prepared_parts.learns({"train": False})
    assert prepared_parts.learns({"train": "0"})
