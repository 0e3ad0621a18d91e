"""Pictures are resized and cut to the bytes that torchvision's transforms make."""

import numpy as np
import pytest
from PIL import Image

from prunescape.data import torchvision_import
from prunescape.data.readers.preparing import Preparation


@pytest.mark.parametrize("shape", [(40, 61), (61, 40, 3), (33, 33, 3), (20, 47)])
@pytest.mark.parametrize(("resize", "crop"), [(None, 17), (24, 19), (24, None), (50, 50)])
def test_pixels_are_those_of_torchvision(shape, resize, crop):
    transforms = torchvision_import.load().transforms
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    how = [transforms.Resize(resize)] if resize else []
    how += [transforms.CenterCrop(crop)] if crop else []
    expected = np.asarray(transforms.Compose(how)(Image.fromarray(pixels)))
    preparation = Preparation(resize=resize, crop=crop)
    found = preparation.prepared(pixels)
    np.testing.assert_array_equal(found, expected)
    assert preparation.size(*shape[:2]) == found.shape[:2]


def test_without_settings_nothing_changes():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert Preparation().prepared(pixels) is pixels
    assert not Preparation(background="black", colour=True).shapes


@pytest.mark.parametrize(
    ("resize", "message"),
    [(None, r"is 30 x 9 pixels, less"), (16, "is 53 x 16 pixels after resizing, less")],
)
def test_a_picture_that_is_too_small_is_refused(resize, message):
    with pytest.raises(ValueError, match=rf"{message} than datasets\.<name>\.crop: 20"):
        Preparation(resize=resize, crop=20).size(30, 9)
