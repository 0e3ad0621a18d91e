"""Corruptions that MNIST-C and CIFAR-10-C share, with their parameters as arguments.

Images are [N, C, H, W], float64 in [0, 1]; results may lie outside, the caller clips them. The
formulas are those of the codes of Hendrycks and Dietterich (2019), arXiv 1903.12261, and Mu and
Gilmer (2019), arXiv 1906.02337. Random numbers are drawn image by image where the codes do.
"""

import numpy as np

from prunescape.evaluation import image_filters

FEW = 8
"""Clouds that are made at once, so that they stay in the processor's cache."""

Generator = np.random.Generator


def gaussian_noise(images: np.ndarray, deviation: float, generator: Generator) -> np.ndarray:
    """Add normal numbers of a standard deviation to every channel."""
    return images + generator.normal(0.0, deviation, images.shape)


def shot_noise(images: np.ndarray, photons: float, generator: Generator) -> np.ndarray:
    """Replace intensities by Poisson counts, of `photons` at white."""
    return generator.poisson(images * photons) / photons


def impulse_noise(images: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    """Set a share of the numbers, channel by channel, to 0 or 1 by a coin."""
    hit = generator.random(images.shape) < share
    salt = generator.random(images.shape) < 0.5
    return np.where(hit, salt, images)


def motion_blur(images: np.ndarray, radius: int, sigma: float, generator: Generator) -> np.ndarray:
    """Blur along a line, at an angle of each image's own from -45 to 45 degrees."""
    angles = generator.uniform(-45, 45, len(images))
    parts = [
        image_filters.moved(image, radius, sigma, angle)
        for image, angle in zip(images, angles, strict=True)
    ]
    return np.stack(parts)


def fog(
    images: np.ndarray, strength: float, decay: float, size: int, generator: Generator
) -> np.ndarray:
    """Lay a cloud [size, size] over each image, as bright as the image's brightest pixel."""
    height, width = images.shape[2:]
    clouds = [
        image_filters.clouds(len(some), size, decay, generator)[:, None, :height, :width]
        for some in np.split(images, range(FEW, len(images), FEW))
    ]
    brightest = images.max((1, 2, 3), keepdims=True)
    made: np.ndarray = (
        (images + strength * np.concatenate(clouds)) * brightest / (brightest + strength)
    )
    return made


def swapped(
    pixels: np.ndarray, reach: int, rounds: int, generator: Generator, *, copies: bool
) -> np.ndarray:
    """Exchange pixels [N, C, H, W] with neighbours up to `reach` away, from below to above.

    Args:
        pixels: overwritten.
        reach: in pixels.
        rounds: over all pixels.
        generator: draws (right, down) in [-reach, reach) for each pixel.
        copies: whether the neighbour keeps its own value, as the code's exchange of colour pixels
            does (its two sides are views of one array); of grey ones, half are exchanged, by a
            coin.
    """
    number, _, height, width = pixels.shape
    member = np.arange(number)
    for _ in range(rounds):
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                chosen = member
                if not copies:
                    chosen = member[generator.integers(0, 2, number).astype(bool)]
                along, down = generator.integers(-reach, reach, (len(chosen), 2)).T
                there = pixels[chosen, :, row + down, column + along]
                if not copies:
                    pixels[chosen, :, row + down, column + along] = pixels[chosen, :, row, column]
                pixels[chosen, :, row, column] = there
    return pixels
