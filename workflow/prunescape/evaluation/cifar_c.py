"""The corruptions of CIFAR-10-C: Hendrycks and Dietterich (2019), arXiv 1903.12261.

Parameters are those of the authors' code for 32 x 32 images, whose data set rounds down to 8 bits,
as is done here. Frost is missing: it lays photographs over the images. Where the code calls
ImageMagick or OpenCV, `image_filters` stands for it, so single pixels differ by a rounding. On
images of another size, lengths that the code gives in pixels are not scaled.
"""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from prunescape.evaluation import common_corruptions, image_filters, noise_suites
from prunescape.foundations import scratch

CHUNK = 250
"""Images that are corrupted at once; random numbers are drawn chunk by chunk."""

Generator = np.random.Generator
_Corrupted = Callable[..., np.ndarray]


def corrupt(images: np.ndarray, name: str, level: Decimal, generator: Generator) -> np.ndarray:
    """Return corrupted images, float32 in 0, 1 / 255, ..., 1.

    Args:
        images: [N, C, H, W], float32 in [0, 1].
        name: a key of `KINDS`.
        level: severity / 5.
        generator: source of all random numbers.

    Raises:
        ValueError: if the level is no severity.
    """
    function, parameters = KINDS[name]
    given = parameters[noise_suites.severity(str(level)) - 1]
    found = scratch.array(images.shape, np.float32)
    for first in range(0, len(images), CHUNK):
        some = slice(first, first + CHUNK)
        pixels = function(images[some].astype(float), *given, generator)
        # 1e-6 keeps floor from taking 1 from a whole number that rounding left slightly too small.
        found[some] = np.floor(pixels.clip(0, 1) * 255 + 1e-6) / np.float32(255)
    return found


def _defocus_blur(
    images: np.ndarray, radius: float, alias: float, generator: Generator
) -> np.ndarray:
    kernel = image_filters.disk(radius, alias)[None, None]
    return ndimage.correlate(images, kernel, mode="mirror")


def _glass_blur(
    images: np.ndarray, sigma: float, reach: int, rounds: int, generator: Generator
) -> np.ndarray:
    pixels = np.floor(image_filters.blurred(images, sigma) * 255)
    copies = images.shape[1] > 1
    moved = common_corruptions.swapped(pixels, reach, rounds, generator, copies=copies)
    return image_filters.blurred(moved / 255, sigma)


def _zoom_blur(images: np.ndarray, largest: float, generator: Generator) -> np.ndarray:
    factors = np.arange(1, largest, 0.01)
    total = sum(image_filters.zoomed(images, float(factor)) for factor in factors)
    return (images + total) / (len(factors) + 1)


def _snow(
    images: np.ndarray,
    mean: float,
    deviation: float,
    zoom: float,
    least: float,
    radius: int,
    sigma: float,
    share: float,
    generator: Generator,
) -> np.ndarray:
    height, width = images.shape[2:]
    flakes = generator.normal(mean, deviation, (len(images), height, width))
    flakes = image_filters.zoomed(flakes, zoom)
    flakes[flakes < least] = 0
    flakes = np.floor(flakes.clip(0, 1) * 255)
    angles = generator.uniform(-135, -45, len(images))
    fallen = np.stack(
        [
            image_filters.moved(each[None], radius, sigma, angle)
            for each, angle in zip(flakes, angles, strict=True)
        ]
    )
    layer = fallen.round() / 255
    weights = np.array([0.299, 0.587, 0.114] if images.shape[1] == 3 else [1 / images.shape[1]])
    grey = (images * weights[:, None, None]).sum(1, keepdims=True)
    images = share * images + (1 - share) * np.maximum(images, grey * 1.5 + 0.5)
    return images + layer + layer[:, :, ::-1, ::-1]


def _fog(images: np.ndarray, strength: float, decay: float, generator: Generator) -> np.ndarray:
    size = 1 << (max(images.shape[2:]) - 1).bit_length()
    return common_corruptions.fog(images, strength, decay, size, generator)


def _brightness(images: np.ndarray, added: float, generator: Generator) -> np.ndarray:
    """Add to the value of hue, saturation, value; the other two stay."""
    value = images.max(1, keepdims=True)
    bright = (value + added).clip(0, 1)
    # Black has no hue: it becomes grey.
    made: np.ndarray = np.where(
        value > 0, images * (bright / np.where(value > 0, value, 1)), bright
    )
    return made


def _contrast(images: np.ndarray, factor: float, generator: Generator) -> np.ndarray:
    means = images.mean((2, 3), keepdims=True)
    made: np.ndarray = (images - means) * factor + means
    return made


def _elastic_transform(
    images: np.ndarray, alpha: float, sigma: float, affine: float, generator: Generator
) -> np.ndarray:
    """Move three points of the image by up to `affine`, then each pixel by a smooth field.

    All lengths are shares of the height.
    """
    number, _, height, width = images.shape
    rows, columns = image_filters.grid(height, width)
    middle, square = np.array([height, width]) // 2, min(height, width) // 3
    before = np.array(
        [middle + square, [middle[0] + square, middle[1] - square], middle - square], float
    )
    reach = affine * height
    after = before + generator.uniform(-reach, reach, (number, 3, 2))
    ones = np.ones((number, 3, 1))
    # Where in the image a pixel of the result comes from: the inverse of before -> after.
    back = np.linalg.solve(np.concatenate([after, ones], 2), np.broadcast_to(before, after.shape))
    x, y = (
        columns * back[:, 0, i, None, None]
        + rows * back[:, 1, i, None, None]
        + back[:, 2, i, None, None]
        for i in (0, 1)
    )
    images = image_filters.sampled(images, y, x, image_filters.mirrored)
    fields = generator.uniform(-1, 1, (number, 2, height, width))
    spread = (0, 0, sigma * height, sigma * height)
    fields = ndimage.gaussian_filter(fields, spread, mode="reflect", truncate=3) * alpha * height
    return image_filters.sampled(
        images, rows + fields[:, 1], columns + fields[:, 0], image_filters.reflected
    )


def _pixelate(images: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    height, width = images.shape[2:]
    small = int(width * share), int(height * share)

    def resized(picture: Image.Image) -> Image.Image:
        box = Image.Resampling.BOX
        return picture.resize(small, box).resize((width, height), box)

    return _by_picture(images, resized)


def _jpeg_compression(images: np.ndarray, quality: int, generator: Generator) -> np.ndarray:
    def compressed(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return _by_picture(images, compressed)


def _by_picture(images: np.ndarray, function: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Apply a function to images as 8-bit pictures; of other than 3 channels, each by itself."""
    pixels = np.round(images * 255).astype(np.uint8)
    if images.shape[1] == 3:
        pictures = [Image.fromarray(each) for each in pixels.transpose(0, 2, 3, 1)]
        found = np.stack([np.asarray(function(each)) for each in pictures]).transpose(0, 3, 1, 2)
    else:
        flat = pixels.reshape(-1, *pixels.shape[2:])
        found = np.stack([np.asarray(function(Image.fromarray(each))) for each in flat])
    return found.reshape(images.shape) / 255


KINDS: dict[str, tuple[_Corrupted, list[tuple[Any, ...]]]] = {
    "gaussian_noise": (
        common_corruptions.gaussian_noise,
        [(0.04,), (0.06,), (0.08,), (0.09,), (0.10,)],
    ),
    "shot_noise": (common_corruptions.shot_noise, [(500,), (250,), (100,), (75,), (50,)]),
    "impulse_noise": (
        common_corruptions.impulse_noise,
        [(0.01,), (0.02,), (0.03,), (0.05,), (0.07,)],
    ),
    "defocus_blur": (
        _defocus_blur,
        [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    ),
    "glass_blur": (
        _glass_blur,
        [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
    ),
    "motion_blur": (
        common_corruptions.motion_blur,
        [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
    ),
    "zoom_blur": (_zoom_blur, [(1.06,), (1.11,), (1.16,), (1.21,), (1.26,)]),
    "snow": (
        _snow,
        [
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ],
    ),
    "fog": (_fog, [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)]),
    "brightness": (_brightness, [(0.05,), (0.1,), (0.15,), (0.2,), (0.3,)]),
    "contrast": (_contrast, [(0.75,), (0.5,), (0.4,), (0.3,), (0.15,)]),
    "elastic_transform": (
        _elastic_transform,
        [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)],
    ),
    "pixelate": (_pixelate, [(0.95,), (0.9,), (0.85,), (0.75,), (0.65,)]),
    "jpeg_compression": (_jpeg_compression, [(80,), (65,), (58,), (50,), (40,)]),
}
"""Name -> its function of (images, *parameters, generator), and the parameters of severities."""
