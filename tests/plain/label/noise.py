"""Corrupt images by the run's random numbers. It imports nothing of this project."""

from decimal import Decimal

import numpy as np
from inputs import images, seed, stream


def noisy(kind, level):
    """Return the evaluated images under noise."""
    level, found = Decimal(level), images.copy()
    drawn = stream(seed, "own", "noise", kind, str(level.normalize()))
    count, channels, height, width = found.shape
    match kind:
        case "gaussian":
            found += np.float32(level) * drawn.standard_normal(found.shape, np.float32)
            return found.clip(0, 1)
        case "salt_pepper":
            keys = drawn.random((count, height * width), np.float32)
            hit = keys.argsort(1, "stable").argsort(1) < int(level * height * width)
            coins = drawn.integers(0, 2, hit.sum())
            found.reshape(count, channels, -1).swapaxes(1, 2)[hit] = coins[:, None]
        case "occlusion":
            side = round(float(level * height * width) ** 0.5)
            tops, lefts = (drawn.integers(0, full - side + 1, count) for full in (height, width))
            for image, top, left in zip(found, tops, lefts, strict=True):
                image[:, top : top + side, left : left + side] = 0
    return found
