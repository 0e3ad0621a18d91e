"""Read tables with a column for every pixel and one for the label, in chunks of rows."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.readers.found import Found
from prunescape.foundations.messages import few

LABELS = ("class", "label", "labels", "target", "targets", "y", "digit")
# Columns that number the rows and are left alone; pandas writes its index under an empty name.
NUMBERINGS = ("", "id", "index", "unnamed: 0", "imageid", "image_id", "__index_level_0__")
# pixel1, px_1, 28x28, x1, 1
PIXEL = re.compile(r"(?P<word>[a-z_ ]*?)[_ ]?(?P<first>\d+)(?:(?:x|_|,)(?P<second>\d+))?", re.I)


def columns(names: list[str], path: Path) -> tuple[str, list[str], list[str]]:
    """Return the label's column, the pixels' columns, and the columns that are left alone.

    Pixels are sorted by the numbers in their names, whatever the order of the columns.

    Raises:
        ValueError: if there is no label or no pixel, a pixel's number is missing or there twice, or
            there is another column.
    """
    expected = "expected a column class or label, and pixel1, pixel2, ... for all pixels"
    labels = [name for name in names if name.strip().lower() in LABELS]
    left = [name for name in names if name.strip().lower() in NUMBERINGS]
    rest = [name for name in names if name not in labels and name not in left]
    found = {name: PIXEL.fullmatch(name.strip()) for name in rest}
    strange = [repr(name) for name, match in found.items() if not match]
    if len(labels) != 1 or strange or not rest or len(set(names)) < len(names):
        what = f"columns {few(strange)}" if strange else f"{len(labels)} columns of labels"
        if not strange and labels and rest:
            what = f"labels in {few(labels)}" if len(labels) > 1 else "a column twice"
        header = ""
        if all(re.fullmatch(r"[\d.]+", name.strip() or "0") for name in names):
            header = (
                "; the first line has numbers, not names: t = numpy.loadtxt(file, delimiter=','); "
                "numpy.savez('own.npz', images=t[:, 1:], labels=t[:, 0]) if the label comes first"
            )
        raise ValueError(f"{path}: {what}, {expected}{header}")
    numbers = {
        name: (match["word"].lower(), int(match["first"]), int(match["second"] or 0))
        for name, match in found.items()
        if match
    }
    pixels = sorted(rest, key=numbers.__getitem__)
    _check_complete([numbers[name] for name in pixels], path)
    return labels[0], pixels, left


def _check_complete(numbers: list[tuple[str, int, int]], path: Path) -> None:
    """Raise ValueError unless the numbers run from 0 or 1 without gaps or duplicates."""
    words = {word for word, _, _ in numbers}
    rows, seconds = {row for _, row, _ in numbers}, {second for *_, second in numbers}
    whole = len(set(numbers)) == len(numbers) == len(rows) * len(seconds)
    if len(words) > 1:
        raise ValueError(
            f"{path}: columns of pixels with several names ({few(sorted(words))}), expected one"
        )
    for each in (rows, seconds):
        whole = whole and min(each) in (0, 1) and max(each) - min(each) + 1 == len(each)
    if not whole:
        raise ValueError(
            f"{path}: the columns of pixels go from {min(numbers)[1]} to {max(numbers)[1]}, but "
            f"there are {len(numbers)}; expected each once, with none left out"
        )


def gathered(batches: Iterable[tuple[np.ndarray, np.ndarray]], path: Path) -> Found:
    """Join batches of pixels and labels.

    Args:
        batches: pixels, float32 [rows, pixels], with labels [rows].
        path: the table, for messages.

    Raises:
        ValueError: if there is no row, or a pixel is missing.
    """
    images: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    rows = 0
    for pixels, numbers in batches:
        if np.isnan(pixels).any():
            [row, column] = np.argwhere(np.isnan(pixels))[0]
            raise ValueError(
                f"{path}: row {rows + row + 1} has no number in column of pixel {column + 1}"
            )
        images.append(_compact(pixels))
        labels.append(numbers)
        rows += len(pixels)
    if not rows:
        raise ValueError(f"{path}: no rows, expected a row for each image")
    kinds = {chunk.dtype for chunk in images}
    kind = np.dtype(np.float32) if len(kinds) > 1 else kinds.pop()
    joined = np.empty((rows, images[0].shape[1]), kind)
    end = rows
    while images:  # from the end, so that copied chunks are freed
        chunk = images.pop()
        joined[end - len(chunk) : end] = chunk
        end -= len(chunk)
    return Found(joined, np.concatenate(labels), f"{path}: pixels", f"{path}: labels")


def _compact(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as bytes if all of them are integers 0 .. 255."""
    with np.errstate(invalid="ignore"):
        small = pixels.astype(np.uint8)
    return small if (small == pixels).all() else pixels


def of_batch(batch: Any, label: str, pixels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels, float32 [rows, pixels], and the labels of a pyarrow batch."""
    rows = np.empty((batch.num_rows, len(pixels)), np.float32)
    for number, name in enumerate(pixels):
        rows[:, number] = batch.column(name).to_numpy(zero_copy_only=False)
    labels = batch.column(label)
    if labels.null_count:
        raise ValueError(f"column {label}: {labels.null_count} rows without a label")
    return rows, np.array(labels.to_pylist())
