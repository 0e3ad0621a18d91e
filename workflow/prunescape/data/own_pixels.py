"""Convert a user's images to the layout [N, C, H, W] and one range of pixel values.

Images are processed in chunks, so that little memory is needed beside the result; of memory maps
the result stays in the file too.
"""

import math
import zlib
from collections import Counter
from dataclasses import dataclass

import numpy as np

from prunescape.data import array_names, image_rows
from prunescape.data.image_rows import Images, Rows
from prunescape.data.readers.found import Found

CHANNELS = (1, 3)
WITH_ALPHA = (2, 4)
ROUNDING = 1e-4  # how far a float may lie outside [0, 1] and still be clipped
DARKEST = 1 / 8  # least value of a part's brightest pixel, as a share of white
ALIKE = 0.9  # largest share of images that may have one colour, or be equal
FEW = 10  # a part with fewer images isn't checked for that
# Bytes above 127, read with the wrong type.
OVERFLOWN = "if these were bytes, images = images.view(numpy.uint8)"
SAVE = '; then numpy.savez("own.npz", images=images, labels=labels)'


@dataclass
class _Range:
    """The smallest and the largest pixel of a part, and whether all pixels are whole numbers."""

    low: float
    high: float
    whole: bool


def normalised(parts: dict[str, Found]) -> tuple[dict[str, Images], list[str]]:
    """Return images as [N, C, H, W], uint8 or float32 in [0, 1], and notes of what was done.

    Layouts are [N, H, W], [N, H, W, C], [N, C, H, W], and [N, pixels] for square grey images. C is
    1 or 3; with an alpha channel that is opaque everywhere, 2 or 4. Pixels are bool, integers 0 ..
    255, uint16 0 .. 65535, or floats in [0, 1] or 0 .. 255. All parts are scaled alike. Memory maps
    become rows that are read and scaled when they are asked for.

    Raises:
        ValueError: if images have another layout or range, or are nearly black or nearly all
            alike; the message has the array, what was found, what is expected and, if there is a
            way, how to convert.
    """
    notes: list[str] = []
    arranged = {part: _arranged(found, notes) for part, found in parts.items()}
    ranges = {part: _range(arranged[part], found.images_named) for part, found in parts.items()}
    result: dict[str, Images] = {}
    for part, found in parts.items():
        alike = [p for p in parts if arranged[p].dtype == arranged[part].dtype]
        whole = _Range(
            min(ranges[p].low for p in alike),
            max(ranges[p].high for p in alike),
            all(ranges[p].whole for p in alike),
        )
        white, kind, note = _scale(arranged[part].dtype, whole, found.images_named)
        if note and note not in notes:
            notes.append(note)
        _check_bright(ranges[part].high, white, found)
        result[part] = _converted(arranged[part], white, kind)
    _check_one_kind(result, parts)
    for part, found in parts.items():
        check_various(result[part], found.images_named)
    return result, notes


def coloured(images: Images) -> Images:
    """Return images [N, C, H, W] with three channels: of grey ones, three equal ones."""
    if images.shape[1] == 3:
        return images
    return images.changed(_thrice) if isinstance(images, Rows) else _thrice(images)


def _thrice(images: np.ndarray) -> np.ndarray:
    return np.repeat(images, 3, axis=1)


def size(shape: tuple[int, ...]) -> str:
    """Return the shape of an image [C, H, W] in words."""
    channels, height, width = shape
    return f"{height} x {width} pixels, {channels} channel(s)"


# --- layout -------------------------------------------------------------------------------------


def _arranged(found: Found, notes: list[str]) -> np.ndarray:
    """Return a view of the images as [N, C, H, W] with 1 or 3 channels."""
    images, named = found.images, found.images_named
    if images.dtype.kind not in "biuf" or not images.size:
        raise ValueError(
            f"{named} are {images.shape} {images.dtype}, expected at least one image of numbers"
        )
    if images.ndim == 2:
        return _unfolded(images, named, notes)
    if images.ndim == 3:
        return images[:, None]
    arranged = _channels_first(images, named)
    if arranged.shape[1] in CHANNELS:
        return arranged
    opaque = {"f": 1, "b": 1}.get(images.dtype.kind) or np.iinfo(images.dtype).max
    alpha = arranged[:, -1:]
    level = alpha[0, 0, 0, 0]
    equal = all((alpha[some] == level).all() for some in image_rows.slices(alpha))
    if not equal or level not in (opaque, 1, 255):
        raise ValueError(
            f"{named} are {images.shape}, expected 1 or 3 channels: the last of "
            f"{arranged.shape[1]} is not opaque everywhere, as alpha of no use is; images[..., "
            f":{arranged.shape[1] - 1}] leaves it out (with channels last){SAVE}"
        )
    notes.append(f"{named}: the last channel is alpha and opaque everywhere, so it is left out")
    return arranged[:, :-1]


def _unfolded(rows: np.ndarray, named: str, notes: list[str]) -> np.ndarray:
    """Return rows [N, pixels] of square grey images as [N, 1, side, side]."""
    count = rows.shape[1]
    side = math.isqrt(count)
    if side * side != count:
        example = ", 3, H, W) or (-1, H, W, 3" if count % 3 == 0 else ", H, W"
        raise ValueError(
            f"{named} are {rows.shape}, expected [N, H, W], [N, H, W, C] or [N, C, H, W], or rows "
            f"of a square number of pixels; with their height and width, images = "
            f"images.reshape(-1{example}){SAVE}"
        )
    notes.append(f"{named}: rows of {count} pixels are read as {side} x {side}")
    return rows.reshape(len(rows), 1, side, side)


def _channels_first(images: np.ndarray, named: str) -> np.ndarray:
    for allowed in (CHANNELS, WITH_ALPHA):
        first, last = (images.ndim == 4 and images.shape[axis] in allowed for axis in (1, 3))
        if first or last:
            break
    if first == last:
        raise ValueError(
            f"{named} are {images.shape}, expected [N, H, W], [N, H, W, C] or [N, C, H, W] with "
            f"1 or 3 channels{', and only one axis that can be the channels' if first else ''}"
        )
    return images if first else np.moveaxis(images, 3, 1)


# --- range --------------------------------------------------------------------------------------


def _range(images: np.ndarray, named: str) -> _Range:
    found = _Range(math.inf, -math.inf, True)
    for some in image_rows.slices(images):
        chunk = images[some]
        if images.dtype.kind == "f":
            finite = np.isfinite(chunk).all((1, 2, 3))
            if not finite.all():
                first = some.start + np.flatnonzero(~finite)[0]
                raise ValueError(f"{named}: image {first} has a pixel that is NaN or infinite")
            found.whole = found.whole and bool((chunk == np.rint(chunk)).all())
        found.low = min(found.low, chunk.min().item())
        found.high = max(found.high, chunk.max().item())
    return found


def _scale(dtype: np.dtype, pixels: _Range, named: str) -> tuple[float, type, str]:
    """Return the value of white in the file, the type for the converted images, and a note."""
    low, high = pixels.low, pixels.high
    span = f"pixels from {low} to {high}"
    if dtype.kind in "iub" and low >= 0:
        if high <= 1:
            return 1, np.uint8, "pixels are 0 or 1, and 1 is read as white"
        if high <= 255:
            return 255, np.uint8, ""
        if dtype == np.uint16:
            return 65535, np.float32, "pixels are 16 bits, and 65535 is read as white"
    if dtype.kind == "f" and low >= -ROUNDING:
        if high <= 1 + ROUNDING:
            beyond = low < 0 or high > 1
            return 1, np.float32, f"{span}: clipped to 0 .. 1" if beyond else ""
        if 255 * DARKEST <= high <= 255 and low >= 0:
            kind = np.uint8 if pixels.whole else np.float32
            return 255, kind, f"{span}: floats, and 255 is read as white"
    raise ValueError(
        f"{named}: {span}, expected floats in [0, 1] or integers in 0 .. 255 (uint16: 0 .. 65535); "
        f"{_way(low, high) if dtype != np.int8 else OVERFLOWN}{SAVE}"
    )


def _way(low: float, high: float) -> str:
    """Return a line of numpy that brings pixels to [0, 1]."""
    if -1 <= low < 0 and high <= 1:
        return "from -1 .. 1: images = (images + 1) / 2"
    if low < 0 or high <= 1:
        return "images = (images - images.min()) / (images.max() - images.min())"
    white = next((w for w in (255, 1023, 4095, 16383, 65535) if w >= high > w / 4), high)
    return f"where {white} is white: images = images / {white}"


def _check_bright(high: float, white: float, found: Found) -> None:
    if high < white * DARKEST:
        raise ValueError(
            f"{found.images_named}: the brightest pixel is {high} where white is {white}, so the "
            f"images would be nearly black; expected pixels up to {white * DARKEST:g} at least; "
            f"{_way(0, max(high, 1e-30)) if high > 1 else 'images = images / images.max()'}{SAVE}"
        )


def _converted(images: np.ndarray, white: float, kind: type) -> Images:
    """Return images as `kind`: uint8 with white 255, or float32 with white 1."""
    factor = (255 if kind is np.uint8 else 1) / white
    as_it_is = factor == 1 and images.dtype == kind and kind is np.uint8

    def convert(chunk: np.ndarray) -> np.ndarray:
        if kind is np.uint8:
            return (chunk if factor == 1 else chunk.astype(np.uint8) * np.uint8(factor)).astype(
                kind
            )
        return np.clip(chunk if white == 1 else chunk / np.float64(white), 0, 1).astype(kind)

    if isinstance(images, np.memmap):
        rows = Rows.of(images)
        return rows if as_it_is else rows.changed(convert)
    if as_it_is:
        return np.ascontiguousarray(images)
    result: np.ndarray = np.empty(images.shape, kind)
    for some in image_rows.slices(images):
        result[some] = convert(images[some])
    return result


# --- sanity -------------------------------------------------------------------------------------


def _check_one_kind(images: dict[str, Images], parts: dict[str, Found]) -> None:
    """Raise ValueError if a part's images differ from the first part's in size or type."""
    named = array_names.first_part(images)
    first, those = images[named], "training" if named == "train" else named
    for part, other in images.items():
        what = f"{parts[part].images_named}: {part} images"
        if other.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"{what} of {size(other.shape[1:])}, but {those} images of {size(first.shape[1:])}"
            )
        if other.dtype != first.dtype:
            raise ValueError(f"{what} are {other.dtype}, {those} images {first.dtype}")


def check_various(images: Images, named: str, way: str = "") -> None:
    """Raise ValueError if nearly all images [N, C, H, W] have one colour, or are equal.

    Args:
        images: the images of one part.
        named: their file and array, for the message.
        way: advice for the end of the message.
    """
    count, pixels = len(images), math.prod(images.shape[2:])
    if count < FEW:
        return
    plain, known = 0, Counter[int]()
    for some in image_rows.slices(images):
        chunk = images[some].reshape(-1, images.shape[1], pixels)
        plain += int((chunk.min(2) == chunk.max(2)).all(1).sum())
        known.update(zlib.crc32(image.data) for image in chunk)
    if pixels > 1 and plain > ALIKE * count:
        raise ValueError(
            f"{named}: {plain:,} of {count:,} images have one colour everywhere, expected images "
            f"that show something{way}"
        )
    [(_, equal)] = known.most_common(1)
    if equal > ALIKE * count:
        raise ValueError(
            f"{named}: {equal:,} of {count:,} images are equal, expected different ones{way}"
        )
