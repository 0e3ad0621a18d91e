"""Images and labels of the user's own, from a file or from a folder of class folders.

A file, .npz or .safetensors, holds the arrays `images` and `labels` and, where there is an official
test set, `test_images` and `test_labels`. Images are [N, H, W], [N, H, W, C] or [N, C, H, W] with 1
or 3 channels, either integers 0 .. 255 or numbers in [0, 1]. Labels are integers from 0 on.

A folder has a folder of pictures for each class, whose number is its place in the sorted names. If
it has just the folders `train` and `test`, class folders are in these. Hidden files are left alone.

Nothing is unpickled, and only formats are opened that run nobody's code.
"""

import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from prunescape.data.datasets import FEWEST, Part
from prunescape.foundations import files
from prunescape.foundations.messages import one_line

CHANNELS = (1, 3)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
# How pictures are stored -> how they are read: grey, or red, green and blue.
MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB"}


def read(path: Path) -> tuple[list[Part], int]:
    """Read a file or a folder of the user's own.

    Returns:
        [the official training set, the official test set], or [the whole] where there is no test
        set; and the number of classes.

    Raises:
        ValueError: the data are damaged or not what the module's head says; the message names the
            file and the first thing that is wrong.
    """
    if path.is_dir():
        parts, named = _read_folder(path)
    else:
        parts, named = _read_file(path), None
    labels = parts[0][1]
    classes = named or int(labels.max()) + 1
    _check_classes(labels, classes, path)
    for images, others in parts[1:]:
        if images.shape[1:] != parts[0][0].shape[1:]:
            raise ValueError(
                f"{path}: test images of {_size(images[0])}, but training images of "
                f"{_size(parts[0][0][0])}"
            )
        if images.dtype != parts[0][0].dtype:
            raise ValueError(
                f"{path}: test images are {images.dtype}, training images {parts[0][0].dtype}"
            )
        if others.max() >= classes:
            raise ValueError(
                f"{path}: test_labels {others.min()} .. {others.max()}, expected 0 .. {classes - 1}"
            )
    return parts, classes


def _check_classes(labels: np.ndarray, classes: int, path: Path) -> None:
    if len(labels) <= FEWEST:
        raise ValueError(f"{path}: {len(labels)} image(s) to learn from, expected > {FEWEST}")
    if classes < 2:
        raise ValueError(f"{path}: one class, expected at least two")
    present = np.unique(labels)
    if len(present) < classes:
        # Not all numbers up to the largest label, which may be any.
        missing = int(np.flatnonzero(np.append(present, -1) != np.arange(len(present) + 1))[0])
        raise ValueError(
            f"{path}: class {missing} has no image to learn from, but the labels go up to "
            f"{classes - 1}"
        )


# --- files --------------------------------------------------------------------------------------


def _read_file(path: Path) -> list[Part]:
    arrays = _read_npz(path) if path.suffix == ".npz" else files.read_tensors(path)[0]
    names = [("images", "labels"), ("test_images", "test_labels")]
    known = [name for pair in names for name in pair]
    if "images" not in arrays or "labels" not in arrays or not arrays.keys() <= set(known):
        raise ValueError(
            f"{path}: arrays {', '.join(arrays) or '(none)'}; expected images and labels, and "
            "perhaps test_images and test_labels"
        )
    if ("test_images" in arrays) != ("test_labels" in arrays):
        raise ValueError(f"{path}: test_images and test_labels go together, one is missing")
    return [_part(arrays, images, labels, path) for images, labels in names if images in arrays]


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as opened:
            if not isinstance(opened, np.lib.npyio.NpzFile):
                raise TypeError("a single array, or no archive")
            return {name: _member(opened, name) for name in opened.files}
    except (
        *(ValueError, EOFError, KeyError, AttributeError, TypeError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error),
    ) as error:
        text = one_line(error)
        raise ValueError(f"{path}: no readable .npz file of plain arrays ({text})") from None


def _member(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    """Return an array of an archive whose header promises no more than the archive holds."""
    [stored] = [each for each in archive.zip.infolist() if each.filename in (name, f"{name}.npy")]
    with archive.zip.open(stored) as opened:
        version = np.lib.format.read_magic(opened)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, kind = read(opened)
    if math.prod(shape) * kind.itemsize > stored.file_size:
        raise ValueError(f"{name}: shape {shape} in {stored.file_size} bytes")
    return archive[name]


def _part(arrays: Mapping[str, np.ndarray], images: str, labels: str, path: Path) -> Part:
    found = _images(arrays[images], f"{path}: {images}")
    classes = arrays[labels]
    if classes.ndim != 1 or len(classes) != len(found):
        raise ValueError(
            f"{path}: {labels} {classes.shape}, expected ({len(found)},), one for each image"
        )
    if classes.dtype.kind not in "iu":
        raise ValueError(f"{path}: {labels} are {classes.dtype}, expected integers")
    if classes.min() < 0 or classes.max() > np.iinfo(np.int64).max - 1:
        raise ValueError(
            f"{path}: {labels} {classes.min()} .. {classes.max()}, expected integers from 0 on"
        )
    return found, classes.astype(np.int64)


def _images(images: np.ndarray, where: str) -> np.ndarray:
    """Return images as [N, C, H, W], uint8 or float32 in [0, 1]."""
    if images.dtype.kind not in "iuf" or not images.size:
        raise ValueError(
            f"{where} are {images.shape} {images.dtype}, expected at least one image of numbers"
        )
    arranged = _channels_first(images, where)
    if images.dtype.kind == "f":
        finite = np.isfinite(arranged).all((1, 2, 3))
        if not finite.all():
            raise ValueError(
                f"{where}: image {np.flatnonzero(~finite)[0]} has a pixel that is NaN or infinite"
            )
        low, high, converted = 0, 1, np.float32
    else:
        low, high, converted = 0, 255, np.uint8
    if arranged.min() < low or arranged.max() > high:
        raise ValueError(
            f"{where}: pixels from {arranged.min()} to {arranged.max()}, expected "
            "floats in [0, 1] or integers in 0 .. 255"
        )
    return np.ascontiguousarray(arranged, dtype=converted)


def _channels_first(images: np.ndarray, where: str) -> np.ndarray:
    if images.ndim == 3:
        return images[:, None]
    first, last = (images.ndim == 4 and images.shape[axis] in CHANNELS for axis in (1, 3))
    if first == last:
        raise ValueError(
            f"{where} are {images.shape}, expected [N, H, W], [N, H, W, C] or [N, C, H, W] with "
            f"1 or 3 channels{', and only one axis that can be the channels' if first else ''}"
        )
    return images if first else np.moveaxis(images, 3, 1)


# --- folders ------------------------------------------------------------------------------------


def _read_folder(path: Path) -> tuple[list[Part], int]:
    """Return the parts and the number of class folders."""
    roots = [path]
    if [folder.name for folder in _visible(path)] == ["test", "train"]:
        roots = [path / "train", path / "test"]
    names = _classes(roots[0])
    for root in roots[1:]:
        if unknown := sorted(set(_classes(root)) - set(names)):
            raise ValueError(f"{root / unknown[0]}: a class that {roots[0]} doesn't have")
    return [_read_pictures(root, names) for root in roots], len(names)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _classes(root: Path) -> list[str]:
    for entry in _visible(root):
        if not entry.is_dir():
            raise ValueError(f"{entry}: beside the class folders, expected folders only")
    return [entry.name for entry in _visible(root)]


def _read_pictures(root: Path, names: list[str]) -> Part:
    images, labels = [], []
    first = None
    for label, name in enumerate(names):
        pictures = _visible(root / name) if (root / name).is_dir() else []
        if not pictures and (root / name).is_dir():
            raise ValueError(f"{root / name}: an empty class, expected pictures")
        for picture in pictures:
            image = _read_picture(picture)
            first = first or (picture, image.shape)
            if image.shape != first[1]:
                raise ValueError(
                    f"{picture}: {_size(image)}, but {first[0]} has {_size_of(first[1])}; "
                    "expected images of one shape"
                )
            images.append(image)
            labels.append(label)
    if not images:
        raise ValueError(f"{root}: no class folder with pictures")
    return np.stack(images), np.array(labels, dtype=np.int64)


def _read_picture(path: Path) -> np.ndarray:
    """Return a picture [C, H, W], uint8."""
    from PIL import Image  # only those who have pictures pay for it

    try:
        with Image.open(path, formats=FORMATS) as opened:
            if opened.mode not in MODES:
                raise ValueError(f"its mode is {opened.mode}, expected 8 bits a channel")
            pixels = np.asarray(opened.convert(MODES[opened.mode]))
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        reason = str(error).replace(f" {str(path)!r}", "")
        raise ValueError(f"{path}: not a readable picture ({reason})") from None
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def _size(image: np.ndarray) -> str:
    return _size_of(image.shape)


def _size_of(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{height} x {width} pixels, {channels} channel(s)"
