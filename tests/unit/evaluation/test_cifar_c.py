"""CIFAR-10-C: every kind at every severity; what is particular to single ones.

test_common_corruptions compares the formulas with a package's images.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from prunescape.evaluation import cifar_c, noise_suites

STORED = np.load(Path(__file__).with_name("imagecorruptions.npz"))
PICTURE = (STORED["image"].transpose(2, 0, 1)[None] / 255).astype(np.float32)
LEVELS = noise_suites.levels(noise_suites.SUITES["cifar_c"])


def corrupt(name, level="1", images=PICTURE, seed=0):
    return cifar_c.corrupt(images, name, Decimal(level), np.random.default_rng(seed))


def test_the_suite_has_all_kinds_but_frost():
    assert [f"cifar_c_{name}" for name in cifar_c.KINDS] == list(
        noise_suites.SUITES["cifar_c"].kinds
    )
    assert len(cifar_c.KINDS) == 14
    assert all(len(parameters) == 5 for _, parameters in cifar_c.KINDS.values())


@pytest.mark.parametrize("name", cifar_c.KINDS)
def test_images_stay_images_of_8_bits_at_all_severities(name):
    before, seen = PICTURE.copy(), []
    for level in LEVELS:
        found = corrupt(name, level)
        assert found.shape == PICTURE.shape
        assert found.dtype == np.float32
        assert 0 <= found.min() <= found.max() <= 1
        np.testing.assert_allclose(found * 255, np.round(found * 255), atol=1e-4)
        assert np.array_equal(found, corrupt(name, level))
        seen.append(found)
    assert np.array_equal(PICTURE, before)
    # Motion blur's severities 3 and 4 differ in a tail of the kernel that 8 bits don't show.
    distinct = len({each.tobytes() for each in [PICTURE, *seen]})
    assert distinct == (5 if name == "motion_blur" else 6)


@pytest.mark.parametrize("name", cifar_c.KINDS)
def test_grey_and_oblong_images_are_corrupted_too(name):
    for shape in ((2, 1, 28, 28), (2, 3, 20, 36), (1, 4, 32, 32)):
        images = np.random.default_rng(0).random(shape).astype(np.float32)
        assert corrupt(name, "0.6", images).shape == shape


@pytest.mark.parametrize("name", ["contrast", "brightness", "pixelate", "jpeg_compression"])
def test_images_do_not_depend_on_each_other(name):
    many = np.concatenate([PICTURE, PICTURE[:, ::-1], PICTURE[..., ::-1]])
    assert np.array_equal(corrupt(name, images=many)[:1], corrupt(name))


def test_chunks_have_random_numbers_of_their_own():
    many = np.repeat(PICTURE, cifar_c.CHUNK + 1, axis=0)
    found = corrupt("gaussian_noise", "1", many)
    assert not np.array_equal(found[0], found[-1])


def test_brightness_keeps_hue_and_saturation():
    colour = np.array([0.2, 0.4, 0.1]).reshape(1, 3, 1, 1) * np.ones((1, 3, 8, 8))
    found = cifar_c._brightness(colour, 0.2, None)
    np.testing.assert_allclose(found[0, :, 0, 0], [0.3, 0.6, 0.15])
    assert np.all(cifar_c._brightness(np.zeros((1, 3, 8, 8)), 0.2, None) == 0.2)


def test_snow_lightens_by_two_layers_that_are_turned_to_each_other():
    black = np.zeros((1, 3, 32, 32))
    found = cifar_c._snow(black, 0.1, 0.2, 1, 0.6, 8, 3, 1.0, np.random.default_rng(0))
    assert 0 < found.max() < 1.5
    np.testing.assert_allclose(found, found[:, :, ::-1, ::-1])
    # Without flakes, the dark is lightened by the share that is not the image's.
    plain = cifar_c._snow(black, 0.0, 1e-9, 1, 0.6, 8, 3, 0.8, np.random.default_rng(0))
    np.testing.assert_allclose(plain, 0.2 * 0.5)


def test_zoom_blur_is_the_mean_of_the_image_and_its_zooms():
    flat = np.full((1, 3, 32, 32), 0.3)
    np.testing.assert_allclose(cifar_c._zoom_blur(flat, 1.26, None), flat)


def test_an_unknown_severity_is_refused():
    with pytest.raises(ValueError, match=r"found 0\.5; allowed: 0\.20, 0\.40, 0\.60"):
        corrupt("fog", "0.5")
