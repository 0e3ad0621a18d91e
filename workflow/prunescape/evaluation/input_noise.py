"""Input noise: images in, corrupted images out, on raw intensities in [0, 1].

The noise depends on the data set, the kind and the level alone, so all models of a run get the same
corrupted images. `level` is a decimal string in [0, 1]; its meaning depends on the kind:

    grey_raw, grey_normalised   share of an image's pixels set to one grey, exactly int(H W level)
    gaussian                    standard deviation of added noise; the sum is clipped to [0, 1]
    salt_pepper                 share of pixels set to 0 or 1 by a coin, exactly int(H W level)
    occlusion                   share of the area hidden (set to 0) by one square inside the image
    mnist_c_..., cifar_c_...    severity / 5 of a standard corruption (`mnist_c`, `cifar_c`)
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from functools import partial
from math import isqrt

import numpy as np

from prunescape.data import image_rows
from prunescape.evaluation import noise_suites
from prunescape.foundations import scratch, streams, user_files
from prunescape.foundations.choices import choose

# Ahmad & Scheinkman (2019) set pixels to mean + 2 standard deviations of MNIST, which is 0.7469 on
# raw intensities (`grey_raw`). The successor of their public code set pixels to 0.7469 after
# normalisation, an intensity of 0.1307 + 0.3081 * 0.7469 = 0.3608 (`grey_normalised`).
MEAN, DEVIATION = 0.1307, 0.3081
GREY_RAW = MEAN + 2 * DEVIATION
GREY_NORMALISED = MEAN + DEVIATION * GREY_RAW

Corruption = Callable[[np.ndarray, Decimal, np.random.Generator], np.ndarray]
"""(images, level, generator) -> corrupted images. Images are [N, C, H, W], float32 in [0, 1], and
may be overwritten; the level is in [0, 1]."""


def corrupt(
    images: np.ndarray,
    kind: str,
    level: str,
    *stream: int | str,
    own: Mapping[str, str] | None = None,
) -> np.ndarray:
    """Return corrupted copies of `images`, float32 [N, C, H, W] in [0, 1].

    Large ones lie in a file (`scratch.array`). A user's function is given all images in memory.

    Args:
        images: the clean images, uint8 or float32 in [0, 1].
        kind: a kind in `input_noise_kinds.BUILT_IN` or in `own`.
        level: strength of the noise.
        stream: first parts of the random stream's name (see `streams`); kind and level follow.
        own: the user's kinds, name -> path/to/file.py:function; the function is given a copy of
            the images, the level as a float, and a numpy generator, and returns images.

    Raises:
        ValueError: if the kind is unknown, or a user's function fails, returns anything but images
            of this shape and range, or returns different ones when it is called again.
    """
    generator = streams.generator(*stream, "noise", kind, str(Decimal(level).normalize()))
    users: dict[str, Corruption] = {k: partial(_of_user, named) for k, named in (own or {}).items()}
    known = _KINDS | users
    function = choose(known, kind, "noise")
    return function(_copied(images), Decimal(level), generator)


def _copied(images: np.ndarray) -> np.ndarray:
    """Return copies as float32 in [0, 1]."""
    found = scratch.array(images.shape, np.float32)
    for some in image_rows.slices(found):
        chunk = images[some]
        found[some] = chunk / np.float32(255) if chunk.dtype == np.uint8 else chunk
    return found


def _of_user(
    named: str, images: np.ndarray, level: Decimal, generator: np.random.Generator
) -> np.ndarray:
    shape, function = images.shape, user_files.load(named)
    try:
        with user_files.calling(named, "the parameter generator"):
            found, again = (
                np.asarray(function(images.copy(), float(level), deepcopy(generator)))
                for _ in range(2)
            )
    except ValueError as error:
        raise ValueError(f"noise {error}") from error
    if found.shape != shape or found.dtype.kind != "f":
        what = f"{list(found.shape)} {found.dtype}"
        raise ValueError(f"noise {named} returns {what}, expected {list(shape)} float32")
    if not (found.min() >= 0 and found.max() <= 1):
        low, high = found.min(), found.max()
        raise ValueError(f"noise {named} returns {low:g} to {high:g}, expected numbers in [0, 1]")
    if not np.array_equal(found, again):
        raise ValueError(
            f"noise {named} returns other images when it is called again; allowed: what its "
            "parameters decide, random numbers from the parameter generator"
        )
    return found.astype(np.float32)


def _grey(grey: float) -> Corruption:
    def corrupt_grey(
        images: np.ndarray, level: Decimal, generator: np.random.Generator
    ) -> np.ndarray:
        for some in image_rows.slices(images):
            _pixels(images[some])[_chosen(images[some], level, generator)] = grey
        return images

    return corrupt_grey


def _salt_pepper(images: np.ndarray, level: Decimal, generator: np.random.Generator) -> np.ndarray:
    # All pixels are chosen before the first coin is tossed; in bits they take little memory.
    packed = [
        np.packbits(_chosen(images[some], level, generator)) for some in image_rows.slices(images)
    ]
    for some, bits in zip(image_rows.slices(images), packed, strict=True):
        pixels = _pixels(images[some])
        chosen = np.unpackbits(bits, count=pixels[..., 0].size).view(bool).reshape(pixels.shape[:2])
        # One coin a pixel, handed out image by image in the order of positions.
        coins = generator.integers(0, 2, np.count_nonzero(chosen)).astype(np.float32)
        pixels[chosen] = coins[:, None]
    return images


def _gaussian(images: np.ndarray, level: Decimal, generator: np.random.Generator) -> np.ndarray:
    for some in image_rows.slices(images):
        chunk = images[some]
        chunk += np.float32(level) * generator.standard_normal(chunk.shape, np.float32)
        chunk.clip(0, 1, out=chunk)
    return images


def _occlusion(images: np.ndarray, level: Decimal, generator: np.random.Generator) -> np.ndarray:
    height, width = images.shape[2:]
    # The nearest whole side: isqrt(4 a) + 1 over 2 rounds the square root of a to an integer.
    side = min((isqrt(int(4 * level * height * width)) + 1) // 2, height, width)
    tops = generator.integers(0, height - side + 1, len(images))
    lefts = generator.integers(0, width - side + 1, len(images))
    row, column = np.arange(height), np.arange(width)
    for some in image_rows.slices(images):
        top, left = tops[some, None], lefts[some, None]
        hidden_rows = (row >= top) & (row < top + side)
        hidden_columns = (column >= left) & (column < left + side)
        hidden = hidden_rows[:, :, None] & hidden_columns[:, None, :]
        images[some] *= ~hidden[:, None]
    return images


def _chosen(images: np.ndarray, level: Decimal, generator: np.random.Generator) -> np.ndarray:
    """Choose k = int(H W level) pixels of every image; return booleans [N, H W]."""
    area = images.shape[2] * images.shape[3]
    return _lowest(generator.random((len(images), area), np.float32), int(level * area))


def _lowest(keys: np.ndarray, k: int) -> np.ndarray:
    """Return where the k lowest of each row of `keys` [N, M] stand; of equal keys, the first.

    Keys on [0, 1) in single precision have 2^24 values, so that some rows have equal ones at the
    cut. Which of them numpy's partition puts first differs between processors.
    """
    if k == 0:
        return np.zeros(keys.shape, bool)
    lowest: np.ndarray = keys <= np.partition(keys, k - 1, axis=1)[:, k - 1 : k]
    tied = np.flatnonzero(np.count_nonzero(lowest, axis=1) > k)
    lowest[tied] = False
    first = keys[tied].argsort(axis=1, kind="stable")[:, :k]
    lowest[tied[:, None], first] = True
    return lowest


def _pixels(images: np.ndarray) -> np.ndarray:
    """Return a view of images [N, C, H, W] by pixels: [N, H W, C]."""
    return images.reshape(*images.shape[:2], -1).swapaxes(1, 2)


def _of_suite(kind: str) -> Corruption:
    def corrupt_as_published(
        images: np.ndarray, level: Decimal, generator: np.random.Generator
    ) -> np.ndarray:
        from prunescape.evaluation import cifar_c, mnist_c  # they need scipy and Pillow

        suites = {"cifar_c_": cifar_c.corrupt, "mnist_c_": mnist_c.corrupt}
        prefix = next(each for each in suites if kind.startswith(each))
        return suites[prefix](images, kind.removeprefix(prefix), level, generator)

    return corrupt_as_published


_KINDS: dict[str, Corruption] = {
    "grey_raw": _grey(GREY_RAW),
    "grey_normalised": _grey(GREY_NORMALISED),
    "gaussian": _gaussian,
    "salt_pepper": _salt_pepper,
    "occlusion": _occlusion,
    **{kind: _of_suite(kind) for kind in noise_suites.KINDS},
}
