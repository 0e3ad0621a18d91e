"""Sampling, zooms, blurs and clouds are those of plain references."""

import numpy as np
import pytest
from scipy import ndimage

from prunescape.evaluation import image_filters

IMAGES = np.random.default_rng(0).random((3, 2, 13, 17))


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.06, 1.25, 1.75, 2.25])
def test_a_zoom_is_scipys_cut_to_the_middle(factor):
    square = IMAGES[:, :, :, :13]
    middle = int(np.ceil(13 / factor))
    first = (13 - middle) // 2
    cut = square[0, 0, first : first + middle, first : first + middle]
    large = ndimage.zoom(cut, factor, order=1)
    trim = (len(large) - 13) // 2
    expected = large[trim : trim + 13, trim : trim + 13]
    np.testing.assert_allclose(image_filters.zoomed(square, factor)[0, 0], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("border", "mode"),
    [
        (image_filters.mirrored, "mirror"),
        (image_filters.reflected, "reflect"),
        (None, "grid-constant"),
    ],
)
def test_pixels_are_sampled_as_by_scipy(border, mode):
    generator = np.random.default_rng(1)
    rows, columns = generator.uniform(-9, 25, (2, 3, 4, 5))
    found = image_filters.sampled(IMAGES, rows, columns, border)
    for number, channel in np.ndindex(3, 2):
        places = rows[number], columns[number]
        expected = ndimage.map_coordinates(IMAGES[number, channel], places, order=1, mode=mode)
        np.testing.assert_allclose(found[number, channel], expected, atol=1e-12)


def test_places_of_all_images_are_sampled_at_once():
    rows, columns = image_filters.grid(13, 17)
    assert np.array_equal(image_filters.sampled(IMAGES, rows, columns), IMAGES)
    below = image_filters.sampled(IMAGES, rows + 1, columns)
    assert np.array_equal(below[:, :, :-1], IMAGES[:, :, 1:])
    assert not below[:, :, -1].any()


def test_one_pixel_is_its_own_mirror_image():
    assert image_filters.mirrored(np.array([-2, 0, 5]), 1).tolist() == [0, 0, 0]


def test_a_point_is_drawn_out_along_the_line():
    point = np.zeros((1, 15, 15))
    point[0, 7, 7] = 1
    found = image_filters.moved(point, 3, 1.5, 0)
    weights = np.exp(-(np.arange(7) ** 2) / 4.5)
    # A pixel takes from the right, so the point moves to the left.
    np.testing.assert_allclose(found[0, 7, 7:0:-1], weights / weights.sum())
    assert found.sum() == pytest.approx(1)
    down = image_filters.moved(point, 3, 1.5, -90)
    np.testing.assert_allclose(down[0, 7:14, 7], weights / weights.sum())


def test_a_disk_is_round_and_sums_to_one():
    for radius, sigma in ((0.3, 0.4), (1, 0.2), (3, 0.1), (10, 0.5)):
        kernel = image_filters.disk(radius, sigma)
        # A large one reaches the array's border, which OpenCV mirrors.
        assert kernel.sum() == pytest.approx(1, abs=0.02 if radius == 10 else 1e-12)
        assert np.allclose(kernel, kernel.T)
        assert np.allclose(kernel, kernel[::-1])


def test_clouds_are_of_each_image_and_fill_the_range():
    found = image_filters.clouds(3, 16, 2.0, np.random.default_rng(0))
    assert found.shape == (3, 16, 16)
    assert found.min((1, 2)).tolist() == [0] * 3
    assert found.max((1, 2)).tolist() == [1] * 3
    assert not np.array_equal(found[0], found[1])
    # The faster the deviation falls, the smoother the cloud.
    rough, smooth = (
        np.abs(np.diff(image_filters.clouds(20, 32, decay, np.random.default_rng(1)))).mean()
        for decay in (1.2, 3.0)
    )
    assert rough > 2 * smooth


def test_a_blur_keeps_flat_images_and_channels_apart():
    flat = np.stack([np.zeros((9, 9)), np.ones((9, 9))])[None]
    np.testing.assert_allclose(image_filters.blurred(flat, 1.5), flat, atol=1e-12)
