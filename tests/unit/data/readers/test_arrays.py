from pathlib import Path

import numpy as np
import pytest

from prunescape.data.readers import arrays


def pair(**dimensions):
    """Pair made-up arrays; what is loaded has the length of its name."""
    return arrays.pair(Path("own"), dimensions, lambda name: np.zeros(len(name)))


def test_images_and_labels_of_each_part_are_loaded_and_nothing_else():
    loaded = []
    dimensions = {"x_train": 3, "y_train": 1, "val_images": 3, "val_labels": 1, "names": 1}
    reading = arrays.pair(Path("own"), dimensions, lambda name: loaded.append(name) or name)
    assert loaded == ["x_train", "y_train", "val_images", "val_labels"]
    found = reading.parts["validation"]
    assert list(reading.parts) == ["train", "validation"]
    assert (found.images, found.labels) == ("val_images", "val_labels")
    assert (found.images_named, found.labels_named) == ("own: val_images", "own: val_labels")
    assert reading.notes == ["own: left alone names"]


def test_images_to_evaluate_may_be_all():
    reading = pair(test_images=3, test_labels=1)
    assert list(reading.parts) == ["test"]


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({"images": 3, "x_train": 3, "labels": 1}, "arrays images and x_train are both images"),
        ({"images": 3, "labels": 1, "depth": 3}, "arrays depth, images, labels; .*leave depth out"),
        ({"images": 3}, "arrays images; expected images and labels"),
        ({"x_test": 3, "y_test": 1, "images": 3}, "arrays images, x_test, y_test; expected"),
        ({}, r"arrays \(none\); expected images and labels"),
        (
            {"images": 3, "labels": 1, "y_test": 1},
            "y_test is there, but no images of the part test",
        ),
    ],
)
def test_what_would_need_a_guess_is_refused(dimensions, message):
    with pytest.raises(ValueError, match=f"^own: {message}"):
        pair(**dimensions)
