"""What corruptions are made of: sampling, blurs, zooms, clouds; on images [N, C, H, W].

They stand for functions of OpenCV, scikit-image and ImageMagick that the corruptions' published
codes call, in numpy and scipy.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import ndimage

Border = Callable[[np.ndarray, int], np.ndarray]
"""(positions, length) -> positions in 0 .. length - 1, for what lies outside the image."""


def mirrored(positions: np.ndarray, length: int) -> np.ndarray:
    """Continue an image by its mirror image without the border pixel (OpenCV's reflect_101)."""
    if length == 1:
        return np.zeros_like(positions)
    within = positions % (2 * length - 2)
    made: np.ndarray = np.minimum(within, 2 * length - 2 - within)
    return made


def reflected(positions: np.ndarray, length: int) -> np.ndarray:
    """Continue an image by its mirror image (scipy's reflect)."""
    within = positions % (2 * length)
    made: np.ndarray = np.minimum(within, 2 * length - 1 - within)
    return made


def sampled(
    images: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: Border | None = None
) -> np.ndarray:
    """Return images at real positions, by bilinear interpolation.

    Args:
        images: [N, C, H, W].
        rows: [N or 1, H', W'] positions, 0 the first row's middle.
        columns: likewise.
        border: what lies outside; None: zeros.

    Returns:
        [N, C, H', W'], float64.
    """
    number, _, height, width = images.shape
    pixels = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    low, right = rows - top, columns - left
    member = np.arange(number)[:, None, None]
    total = np.zeros((number, *rows.shape[1:], images.shape[1]))
    for down, along in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (low if down else 1 - low) * (right if along else 1 - right)
        row, column = top + down, left + along
        if border is None:
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = share * inside
            row, column = row.clip(0, height - 1), column.clip(0, width - 1)
        else:
            row, column = border(row, height), border(column, width)
        total += share[..., None] * pixels[member, row, column]
    return total.transpose(0, 3, 1, 2)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns [1, H, W] of an image's pixels."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return rows[None].astype(float), columns[None].astype(float)


def blurred(images: np.ndarray, sigma: float, *, truncate: float = 4.0) -> np.ndarray:
    """Blur images [..., H, W] by a Gaussian; borders are continued by their pixels."""
    sigmas = (*[0.0] * (images.ndim - 2), sigma, sigma)
    return ndimage.gaussian_filter(images, sigmas, mode="nearest", truncate=truncate)


def disk(radius: float, sigma: float) -> np.ndarray:
    """Return a disk's kernel, smoothed by a Gaussian over 3 x 3 (radius <= 8) or 5 x 5 pixels."""
    reach = 8 if radius <= 8 else math.ceil(radius)
    places = np.arange(-reach, reach + 1)
    flat = (places[:, None] ** 2 + places**2 <= radius**2).astype(float)
    half = 1 if radius <= 8 else 2
    row = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * sigma**2))
    smooth = np.outer(row, row) / row.sum() ** 2
    kernel = ndimage.correlate(flat / flat.sum(), smooth, mode="mirror")
    used = int(np.abs(places[(kernel > 1e-12).any(1)]).max())
    return kernel[reach - used : reach + used + 1, reach - used : reach + used + 1]


def moved(image: np.ndarray, radius: int, sigma: float, angle: float) -> np.ndarray:
    """Blur an image [C, H, W] along a line, as ImageMagick's MotionBlurImage does.

    Args:
        image: one image.
        radius: of the kernel, 2 radius + 1 pixels long: one side of a Gaussian.
        sigma: the Gaussian's standard deviation in pixels.
        angle: of the line, in degrees, clockwise from the right.
    """
    width = 2 * radius + 1
    kernel = np.exp(-(np.arange(width) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    down, along = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    padded = np.pad(image, ((0, 0), (width, width), (width, width)), mode="edge")
    total = np.zeros(image.shape)
    height, length = image.shape[1:]
    for i, share in enumerate(kernel):
        top = width + math.ceil(i * down - 0.5)
        left = width + math.ceil(i * along - 0.5)
        total += share * padded[:, top : top + height, left : left + length]
    return total


def zoomed(images: np.ndarray, factor: float) -> np.ndarray:
    """Return the middle of images [..., H, W], enlarged by linear interpolation to their size."""
    for axis in (-2, -1):
        images = _enlarged(images, factor, axis)
    return images


def _enlarged(images: np.ndarray, factor: float, axis: int) -> np.ndarray:
    size = images.shape[axis]
    middle = math.ceil(size / factor)
    first = (size - middle) // 2
    large = round(middle * factor)
    trim = (large - size) // 2
    # scipy.ndimage.zoom of order 1: the first and the last pixel's middles stay where they are.
    step = (middle - 1) / (large - 1) if large > 1 else 0.0
    places = np.arange(trim, trim + size) * step
    low = np.minimum(places.astype(int), middle - 1)
    high = np.minimum(low + 1, middle - 1)
    shape = [1] * images.ndim
    shape[axis] = size
    share = (places - low).reshape(shape)
    below, above = (images.take(first + each, axis) for each in (low, high))
    made: np.ndarray = below * (1 - share) + above * share
    return made


def clouds(number: int, size: int, decay: float, generator: np.random.Generator) -> np.ndarray:
    """Return plasma fractals [N, size, size] on [0, 1], by the diamond-square algorithm.

    Args:
        number: N.
        size: a power of two.
        decay: factor by which the deviation falls from one scale to the next.
        generator: source of all random numbers.
    """
    found = np.zeros((number, size, size))
    step, deviation = size, 100.0

    def disturbed(total: np.ndarray) -> np.ndarray:
        return total / 4 + deviation * generator.uniform(-deviation, deviation, total.shape)

    while step >= 2:
        half = step // 2
        corners = found[:, ::step, ::step]
        total = corners + np.roll(corners, -1, 1)
        found[:, half::step, half::step] = disturbed(total + np.roll(total, -1, 2))
        middles = found[:, half::step, half::step]
        corners = found[:, ::step, ::step]
        beside = corners + np.roll(corners, -1, 2)
        found[:, ::step, half::step] = disturbed(middles + np.roll(middles, 1, 1) + beside)
        beside = corners + np.roll(corners, -1, 1)
        found[:, half::step, ::step] = disturbed(middles + np.roll(middles, 1, 2) + beside)
        step, deviation = half, deviation / decay
    found -= found.min((1, 2), keepdims=True)
    made: np.ndarray = found / found.max((1, 2), keepdims=True)
    return made
