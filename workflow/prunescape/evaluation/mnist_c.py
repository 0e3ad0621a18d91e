"""The fifteen corruptions of MNIST-C: Mu and Gilmer (2019), arXiv 1906.02337.

Parameters are those of the authors' code, at the one severity that each has in the data set, for
28 x 28 images; on others, what the code says in pixels stays in pixels, and stripes take a quarter
on either side. Each channel of a colour image is corrupted alike.
"""

import itertools
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from scipy import ndimage

from prunescape.evaluation import canny, common_corruptions, image_filters, noise_suites
from prunescape.foundations import scratch

CHUNK = 250
"""Images that are corrupted at once; random numbers are drawn chunk by chunk."""

Generator = np.random.Generator
_Corruption = Callable[[np.ndarray, Generator], np.ndarray]


def corrupt(images: np.ndarray, name: str, level: Decimal, generator: Generator) -> np.ndarray:
    """Return corrupted images, float32 in [0, 1].

    Args:
        images: [N, C, H, W], float32 in [0, 1].
        name: a key of `KINDS`.
        level: 1, the one severity that the data set has.
        generator: source of all random numbers.

    Raises:
        ValueError: if the level is another.
    """
    if noise_suites.severity(str(level)) != 5:
        raise ValueError(f"noise mnist_c_{name}: found the level {level}; allowed: 1")
    found = scratch.array(images.shape, np.float32)
    for first in range(0, len(images), CHUNK):
        some = slice(first, first + CHUNK)
        found[some] = KINDS[name](images[some].astype(float), generator).clip(0, 1)
    return found


def _glass_blur(images: np.ndarray, generator: Generator) -> np.ndarray:
    """Blur, exchange pixels, blur; the code blurs grey images along their columns alone."""
    sigmas = (0, 0, 0.7, 0)
    pixels = np.floor(ndimage.gaussian_filter(images, sigmas, mode="nearest") * 255)
    moved = common_corruptions.swapped(pixels, 1, 2, generator, copies=False)
    return ndimage.gaussian_filter(moved / 255, sigmas, mode="nearest")


def _warped(
    images: np.ndarray, generator: Generator, matrix: Callable[[int], list[list[float]]]
) -> np.ndarray:
    """Look up pixels at matrix(+1 or -1) times their place, around the middle; outside is black."""
    signs = generator.integers(0, 2, len(images)) * 2 - 1
    height, width = images.shape[2:]
    rows, columns = image_filters.grid(height, width)
    y, x = rows - (height - 1) / 2, columns - (width - 1) / 2
    found = np.empty_like(images)
    for sign in (-1, 1):
        (a, b), (c, d) = matrix(sign)
        at_rows = c * x + d * y + (height - 1) / 2
        at_columns = a * x + b * y + (width - 1) / 2
        found[signs == sign] = image_filters.sampled(images[signs == sign], at_rows, at_columns)
    return found


def _shear(images: np.ndarray, generator: Generator) -> np.ndarray:
    # scikit-image's AffineTransform(shear=0.4), as it was in 2019.
    def matrix(sign: int) -> list[list[float]]:
        return [[1, -math.sin(0.4 * sign)], [0, math.cos(0.4)]]

    return _warped(images, generator, matrix)


def _rotate(images: np.ndarray, generator: Generator) -> np.ndarray:
    def matrix(sign: int) -> list[list[float]]:
        sine, cosine = math.sin(0.4 * sign), math.cos(0.4)
        return [[cosine, -sine], [sine, cosine]]

    return _warped(images, generator, matrix)


def _scale(images: np.ndarray, generator: Generator) -> np.ndarray:
    return _warped(images, generator, lambda sign: [[1 / 0.7, 0], [0, 1 / 0.7]])


def _translate(images: np.ndarray, generator: Generator) -> np.ndarray:
    steps = 3 * (generator.integers(0, 2, (2, len(images), 1, 1)) * 2 - 1)
    rows, columns = image_filters.grid(*images.shape[2:])
    return image_filters.sampled(images, rows + steps[1], columns + steps[0])


def _stripe(images: np.ndarray, generator: Generator) -> np.ndarray:
    width = images.shape[3] // 4
    for side in (slice(0, width), slice(images.shape[3] - width, None)):
        images[..., side] = 1 - images[..., side]
    return images


def _spatter(images: np.ndarray, generator: Generator) -> np.ndarray:
    number, _, height, width = images.shape
    liquid = image_filters.blurred(generator.normal(0.65, 0.3, (number, height, width)), 1)
    mud = image_filters.blurred((liquid > 0.65).astype(float), 1.5)
    mud[mud < 0.8] = 0
    made: np.ndarray = images * (1 - mud[:, None]) + 63 / 255 * mud[:, None]
    return made


def _dotted_line(images: np.ndarray, generator: Generator) -> np.ndarray:
    height, width = images.shape[2:]
    ends = generator.integers(0, height - 1, (len(images), 2))
    lines = np.stack([line(0, a, width - 1, b, height, width) for a, b in ends.tolist()])
    lines[..., np.arange(width) // 2 % 2 == 0] = 0
    made: np.ndarray = images + lines[:, None]
    return made


def _zigzag(images: np.ndarray, generator: Generator) -> np.ndarray:
    height, width = images.shape[2:]
    starts = generator.integers(0, height - 1, len(images))
    rises = generator.integers(-5, 5, len(images))
    for image, start, rise in zip(images, starts.tolist(), rises.tolist(), strict=True):
        corners = zigzag_corners(start, rise, width)
        for (c0, r0), (c1, r1) in itertools.pairwise(corners):
            image += line(c0, r0, c1, r1, height, width)
            image.clip(0, 1, out=image)
    return images


def zigzag_corners(start: int, rise: int, width: int) -> np.ndarray:
    """Return the corners (column, row) of a zigzag from column 2 to column width - 3."""
    angle = math.atan(rise / (width - 5))
    length = (width - 5) / math.cos(angle)
    corners = [(0.0, 0.0)]
    corners += [(2.0 * (2 * i + 1), 2.0 * (-1) ** i) for i in range(int((length - 2) // 4) + 1)]
    last = 4 * (length // 4)
    if length != last:
        corners.append((length, corners[-1][1] / (2 * (length - last))))
    sine, cosine = math.sin(angle), math.cos(angle)
    turned = np.array(corners) @ np.array([[cosine, sine], [-sine, cosine]])
    made: np.ndarray = turned + np.array([2, start])
    return made


def line(c0: float, r0: float, c1: float, r1: float, height: int, width: int) -> np.ndarray:
    """Return a line [H, W] between two points (column, row), brightest in its middle."""
    if c0 == c1:
        return np.zeros((height, width))
    rows, columns = np.arange(height)[:, None], np.arange(width)
    middle = (r1 - r0) / (c1 - c0) * (columns - c0) + r0
    distance = np.abs(rows - middle).clip(0, 2.3 - 1e-10)
    found = (np.log(1 - distance / 2.3) + 1).clip(0, 1)
    found[:, : math.floor(c0)] = 0
    found[:, math.ceil(c1) :] = 0
    return found


KINDS: dict[str, _Corruption] = {
    "shot_noise": lambda images, generator: common_corruptions.shot_noise(images, 3, generator),
    "impulse_noise": lambda images, generator: common_corruptions.impulse_noise(
        images, 0.17, generator
    ),
    "glass_blur": _glass_blur,
    "motion_blur": lambda images, generator: common_corruptions.motion_blur(
        images, 10, 3, generator
    ),
    "shear": _shear,
    "scale": _scale,
    "rotate": _rotate,
    "brightness": lambda images, generator: images + 0.5,
    "translate": _translate,
    "stripe": _stripe,
    "fog": lambda images, generator: common_corruptions.fog(images, 3.0, 1.4, 256, generator),
    "spatter": _spatter,
    "dotted_line": _dotted_line,
    "zigzag": _zigzag,
    "canny_edges": lambda images, generator: canny.edges(images),
}
"""Name -> a function of images, float64 in [0, 1], which may be overwritten, and a generator."""
