"""Corruptions are those of the package imagecorruptions 1.1.2 (Apache 2.0), given its numbers.

imagecorruptions.npz has a picture made by a formula and what the package makes of it at the
parameters of ImageNet-C, after numpy.random.seed(7), rounded to 8 bits.
"""

from pathlib import Path

import numpy as np
import pytest

from prunescape.evaluation import cifar_c, common_corruptions

STORED = np.load(Path(__file__).with_name("imagecorruptions.npz"))


class Seeded:
    """numpy's old generator under the new one's names, so that draws are the package's."""

    def __init__(self):
        self._state = np.random.RandomState(7)

    def uniform(self, low, high, size):
        return self._state.uniform(low, high, size) if low < high else np.zeros(size)

    def integers(self, low, high, size):
        return self._state.randint(low, high, size)


CASES = {
    "defocus_blur.1": (cifar_c._defocus_blur, (3, 0.1)),
    "defocus_blur.5": (cifar_c._defocus_blur, (10, 0.5)),
    "glass_blur.1": (cifar_c._glass_blur, (0.7, 1, 2)),
    "motion_blur.1": (common_corruptions.motion_blur, (10, 3)),
    "fog.1": (cifar_c._fog, (1.5, 2)),
    "fog.4": (cifar_c._fog, (2.5, 1.5)),
    "brightness.2": (cifar_c._brightness, (0.2,)),
    "contrast.2": (cifar_c._contrast, (0.3,)),
    "elastic_transform.5": (cifar_c._elastic_transform, (0.005 * 250 * 0.12, 0.01, 0)),
    "jpeg_compression.3": (cifar_c._jpeg_compression, (15,)),
}


def image():
    return STORED["image"].transpose(2, 0, 1)[None] / 255


@pytest.mark.parametrize(("function", "parameters"), CASES.values(), ids=CASES)
def test_corruptions_are_those_of_the_package(request, function, parameters):
    name = request.node.callspec.id
    found = function(image(), *parameters, Seeded()).clip(0, 1)[0].transpose(1, 2, 0) * 255
    # Two libraries' decoders of JPEG may round a colour otherwise.
    allowed = 2 if name.startswith("jpeg") else 0.51
    assert np.abs(found - STORED[name].astype(float)).max() <= allowed


def test_gaussian_shot_and_impulse_noise_have_their_moments():
    generator = np.random.default_rng(0)
    grey = np.full((200, 3, 10, 10), 0.25)
    n = grey.size
    noisy = common_corruptions.gaussian_noise(grey, 0.1, generator) - grey
    assert noisy.std() == pytest.approx(0.1, rel=4 / np.sqrt(2 * n))
    shot = common_corruptions.shot_noise(grey, 60, generator)
    assert shot.mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 / 60 / n))
    assert shot.var() == pytest.approx(0.25 / 60, rel=0.02)
    assert np.allclose(shot * 60, np.round(shot * 60))
    impulse = common_corruptions.impulse_noise(grey, 0.17, generator)
    assert (impulse != 0.25).mean() == pytest.approx(0.17, abs=4 * np.sqrt(0.17 * 0.83 / n))
    assert (impulse == 1).sum() / (impulse != 0.25).sum() == pytest.approx(0.5, abs=0.02)
    # Each channel by itself: few pixels are hit in all three.
    assert (impulse != 0.25).all(1).mean() < 0.02


def test_grey_pixels_are_exchanged_and_colours_overwritten():
    pixels = np.arange(2 * 64.0).reshape(2, 1, 8, 8)
    found = common_corruptions.swapped(pixels.copy(), 1, 2, np.random.default_rng(0), copies=False)
    assert np.array_equal(np.sort(found.reshape(2, -1)), np.sort(pixels.reshape(2, -1)))
    assert not np.array_equal(found[0], found[1] - 64)
    copied = common_corruptions.swapped(pixels.copy(), 1, 1, np.random.default_rng(0), copies=True)
    assert len(np.unique(copied[0])) < 64
