import tracemalloc

import numpy as np
import pytest

from prunescape.data import image_rows, own_pixels
from prunescape.data.readers.found import Found
from tests.helpers.images import COLOUR, GREY, LABELS, SQUARE, N

LAST = np.moveaxis(COLOUR, 1, 3)
TALL = LAST.repeat(2, 1)


def read(images, test=None):
    parts = {"train": Found(images, LABELS, "x: images", "x: labels")}
    if test is not None:
        parts["test"] = Found(test, LABELS, "x: test_images", "x: test_labels")
    result, notes = own_pixels.normalised(parts)
    assert all(array.flags.c_contiguous for array in result.values())
    return result, notes


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (SQUARE.reshape(N, 25), SQUARE[:, None]),
        (np.asfortranarray(LAST), COLOUR),
        (np.concatenate([TALL, np.full((N, 8, 6, 1), 255, np.uint8)], 3), COLOUR.repeat(2, 2)),
        (np.stack([GREY, np.full_like(GREY, 255)], 1), GREY[:, None]),
        (GREY > 99, (GREY[:, None] > 99) * np.uint8(255)),
        ((GREY > 99).astype(np.int32), (GREY[:, None] > 99) * np.uint8(255)),
        (GREY.astype(np.float64), GREY[:, None]),
        (GREY.astype(">i4"), GREY[:, None]),
        (GREY.astype(np.float16) / 2, GREY[:, None].astype(np.float32) / 510),
        (GREY.astype(np.uint16) * 257, (GREY[:, None] / 255).astype(np.float32)),
        (GREY / 255 * (1 + 1e-6), np.clip(GREY[:, None] / 255 * (1 + 1e-6), 0, 1)),
    ],
    ids=[
        *("rows", "fortran", "opaque alpha", "grey and alpha", "bool", "0 and 1", "whole floats"),
        *("big-endian", "floats to 255", "16 bits", "rounding"),
    ],
)
def test_pixels_as_people_store_them(images, expected):
    found, _ = read(images)
    assert found["train"].dtype == (np.uint8 if expected.dtype == np.uint8 else np.float32)
    assert np.allclose(found["train"], expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.concatenate([TALL, TALL[..., :1]], 3), r"images\[..., :3\] leaves it out"),
        (GREY.reshape(N, 24), r"images.reshape\(-1, 3, H, W\) or \(-1, H, W, 3\)"),
        (GREY.reshape(N, 24)[:, :23], r"images.reshape\(-1, H, W\)"),
        (GREY.astype(np.int32) * 257, r"0 to 65535.*images = images / 65535; then numpy.savez"),
        ((GREY // 16).astype(np.uint16) * 273, "brightest pixel is 4095 .*images / 4095"),
        (GREY / 127.5 - 1, r"images = \(images \+ 1\) / 2"),
        (GREY / 20 - 3, r"images = \(images - images.min\(\)\) /"),
        (GREY.view(np.int8), r"images = images.view\(numpy.uint8\); then"),
        (GREY.astype(str), "expected at least one image of numbers"),
        (np.where(np.arange(N)[:, None, None] < 28, 255, GREY), "28 of 30 images have one colour"),
    ],
)
def test_other_pixels_are_refused_with_a_way(images, message):
    with pytest.raises(ValueError, match=f"x: images.*{message}"):
        read(images)


def test_a_plain_image_in_colour_is_one_colour():
    plain = np.broadcast_to(COLOUR[:, :, :1, :1], COLOUR.shape)
    with pytest.raises(ValueError, match="30 of 30 images have one colour"):
        read(plain)


def test_parts_are_scaled_together():
    found, _ = read(GREY.astype(float), test=(GREY > 99).astype(float) * 255)
    assert found["test"].max() == 255
    # Bytes that happen to be 0 and 1 in one part are not taken for black and white.
    with pytest.raises(
        ValueError, match="test_images: the brightest pixel is 1 where white is 255"
    ):
        read(GREY, test=(GREY > 99).astype(np.uint8))
    with pytest.raises(ValueError, match=r"test_images: the brightest pixel is 1\.0 where white"):
        read(GREY.astype(float), test=GREY / 255)


def test_little_memory_is_taken_beside_the_result():
    images = np.random.default_rng(1).integers(0, 256, (4000, 64, 64, 3), dtype=np.uint8)
    labels = np.zeros(4000, int)
    tracemalloc.start()
    own_pixels.normalised({"train": Found(images, labels, "x", "y")})
    assert tracemalloc.get_traced_memory()[1] < images.nbytes + 4 * image_rows.STEP
    tracemalloc.stop()
