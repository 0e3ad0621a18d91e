"""MNIST-C: warps are scikit-image's, lines are those of the published code."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from prunescape.evaluation import mnist_c, noise_suites

STORED = np.load(Path(__file__).with_name("scikit_image.npz"))
GREY = (STORED["grey"] / 255).astype(np.float32)[None, None]


def corrupt(name, images=GREY, seed=0):
    return mnist_c.corrupt(images, name, Decimal(1), np.random.default_rng(seed))


def test_the_suite_has_the_fifteen_kinds():
    assert [f"mnist_c_{name}" for name in mnist_c.KINDS] == list(
        noise_suites.SUITES["mnist_c"].kinds
    )
    assert len(mnist_c.KINDS) == 15


@pytest.mark.parametrize("name", mnist_c.KINDS)
def test_images_stay_images_and_colours_are_corrupted_alike(name):
    colours = np.repeat(np.repeat(GREY, 3, axis=1), 2, axis=0)
    before = colours.copy()
    found = corrupt(name, colours)
    assert found.shape == colours.shape
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert not np.array_equal(found, before)
    assert np.array_equal(colours, before)
    assert np.array_equal(found, corrupt(name, colours))
    if name not in ("shot_noise", "impulse_noise"):
        assert np.allclose(found[:, 0], found[:, 2])


@pytest.mark.parametrize("name", ["shear", "rotate", "scale"])
def test_warps_are_scikit_images(name):
    found = corrupt(name, np.repeat(GREY, 20, axis=0))[:, 0] * 255
    sides = [STORED[key] for key in (f"{name}.-1", f"{name}.1") if key in STORED]
    which = [[np.abs(image - side.astype(float)).max() < 0.51 for side in sides] for image in found]
    assert np.all(np.sum(which, 1) == 1)  # each is one of the two
    assert np.all(np.any(which, 0))  # and both occur


def test_translations_go_three_pixels_along_both_axes():
    found = corrupt("translate", np.repeat(GREY, 40, axis=0))[:, 0]
    moved = [np.roll(GREY[0, 0], steps, (0, 1)) for steps in ((3, 3), (3, -3), (-3, 3), (-3, -3))]
    inner = slice(3, -3)
    kinds = {
        i
        for image in found
        for i, each in enumerate(moved)
        if np.allclose(image[inner, inner], each[inner, inner])
    }
    assert kinds == {0, 1, 2, 3}


def test_stripes_are_inverted():
    found = corrupt("stripe")
    assert np.allclose(found[..., :7], 1 - GREY[..., :7])
    assert np.allclose(found[..., 21:], 1 - GREY[..., 21:])
    assert np.array_equal(found[..., 7:21], GREY[..., 7:21])


def published_line(c0, r0, c1, r1):
    """Return the line that the published formula draws: log(1 - distance / 2.3) + 1."""
    found = np.zeros((28, 28))
    for row, column in np.ndindex(28, 28):
        if np.floor(c0) <= column < np.ceil(c1):
            distance = abs(row - ((r1 - r0) / (c1 - c0) * (column - c0) + r0))
            if distance < 2.3:
                found[row, column] = max(np.log(1 - distance / 2.3) + 1, 0)
    return found


def test_dotted_lines_and_zigzags_are_the_published_ones():
    black = np.zeros((30, 1, 28, 28), np.float32)
    np.testing.assert_allclose(
        mnist_c.line(2.5, 3, 20.2, 11, 28, 28), published_line(2.5, 3, 20.2, 11), atol=1e-9
    )
    dotted = corrupt("dotted_line", black)[:, 0]
    assert not dotted[:, :, [0, 1, 4, 5, 24, 25]].any()
    assert dotted[:, :, [2, 3, 6, 7]].any(1).all()
    corners = mnist_c.zigzag_corners(10, 0, 28)
    expected = [(2, 10), (4, 12), (8, 8), (12, 12), (16, 8), (20, 12), (24, 8), (25, 10 - 2 / 6)]
    np.testing.assert_allclose(corners, expected)
    zigzags = corrupt("zigzag", black)[:, 0]
    # From column 2 on; a few leave the image above or below.
    assert zigzags.any(1)[:, 2:5].all()
    assert not zigzags.any(1)[:, [0, 1, 27]].any()
    assert np.median(zigzags.any(1).sum(1)) in (23, 24)


def test_brightness_and_fog_reach_white():
    assert np.array_equal(corrupt("brightness"), (GREY + np.float32(0.5)).clip(0, 1))
    fog = corrupt("fog", np.repeat(GREY, 5, axis=0))
    assert fog.min() < 0.5 < fog.max() <= 1
    black = np.zeros((1, 1, 28, 28), np.float32)
    assert not corrupt("fog", black).any()  # as bright as the brightest pixel, as published


def test_another_level_is_refused():
    with pytest.raises(ValueError, match=r"mnist_c_fog: found the level 0\.8; allowed: 1"):
        mnist_c.corrupt(GREY, "fog", Decimal("0.8"), np.random.default_rng(0))
