"""Edges are those of scikit-image's feature.canny, stored in scikit_image.npz."""

from pathlib import Path

import numpy as np

from prunescape.evaluation import canny

STORED = np.load(Path(__file__).with_name("scikit_image.npz"))


def test_edges_are_scikit_images():
    grey = STORED["grey"] / 255
    images = np.stack([grey, np.zeros_like(grey), grey.T])[:, None]
    found = canny.edges(images)
    assert 50 < STORED["canny"].sum() < 400
    assert np.array_equal(found[0, 0], STORED["canny"])
    assert not found[1].any()
    # Neighbouring images don't touch each other; the transposed one has the transposed edges.
    assert np.array_equal(found[2, 0], STORED["canny"].T)


def test_channels_are_apart():
    grey = STORED["grey"] / 255
    found = canny.edges(np.stack([grey, np.zeros_like(grey)])[None])
    assert np.array_equal(found[0, 0], STORED["canny"])
    assert not found[0, 1].any()
