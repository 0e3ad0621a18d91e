"""Convert a user's labels to class numbers from 0 on."""

import re

import numpy as np

from prunescape.data import array_names
from prunescape.data.readers.found import Found
from prunescape.foundations.messages import few

NUMBER = re.compile(r"\s*[+-]?\d+(\.0*)?\s*")
AS_NUMBERS = "numpy.unique(labels, return_inverse=True)[1] numbers any labels from 0 on"


# Labels by part, the number of classes, their names, and notes: the result of `numbered`.
Numbered = tuple[dict[str, np.ndarray], int, list[str] | None, list[str]]


def numbered(parts: dict[str, Found]) -> Numbered:
    """Return labels as class numbers, int64 [N] from 0 on.

    Integers from 0 on stay; integers from 1 on are lowered by 1. Whole floats, bools, columns
    [N, 1], one-hot rows [N, C] and text that is all whole numbers become integers. Other text
    becomes its position in the sorted labels of the part train or, of a source without it, of its
    first part.

    Returns:
        labels by part; the number of classes; the class names if they differ from the class
        numbers, else None; and notes of what was done.

    Raises:
        ValueError: if labels can't be class numbers; the message has the array and what is
            expected.
    """
    columns = {part: _column(found) for part, found in parts.items()}
    wide = {part: array.shape[1] for part, array in columns.items() if array.ndim == 2}
    if wide:
        if len(wide) < len(columns) or len(set(wide.values())) > 1:
            shapes = ", ".join(
                f"{parts[part].labels_named} {parts[part].labels.shape}" for part in columns
            )
            raise ValueError(f"{shapes}: expected labels of one kind")
        labels = {part: _from_one_hot(columns[part], found) for part, found in parts.items()}
        [classes] = set(wide.values())
        return labels, classes, None, ["labels are one-hot rows: the place of the 1 is the class"]
    labels = {part: _plain(columns[part], found) for part, found in parts.items()}
    if any(array.dtype.kind == "U" for array in labels.values()):
        return _of_text(labels, parts)
    return _of_integers(labels, parts)


def _column(found: Found) -> np.ndarray:
    """Return labels as [N], or as [N, C] with C > 1, where N is the number of images."""
    labels, count = found.labels, len(found.images) if found.images.ndim else 0
    if not count:
        raise ValueError(
            f"{found.images_named} are {found.images.shape}, expected at least one image"
        )
    if labels.ndim == 2 and 1 in labels.shape and max(labels.shape) == count:
        labels = labels.reshape(-1)
    if labels.ndim not in (1, 2) or len(labels) != count:
        last = found.images.ndim > 1 and found.images.shape[-1] == labels.size
        way = "; numpy.moveaxis(images, -1, 0) puts the last axis first" if last else ""
        raise ValueError(
            f"{found.labels_named} {found.labels.shape}, expected ({count},), one for each "
            f"image{way}"
        )
    return labels


def _from_one_hot(rows: np.ndarray, found: Found) -> np.ndarray:
    if rows.dtype.kind not in "biuf" or not np.isin(rows, (0, 1)).all():
        raise ValueError(
            f"{found.labels_named} {found.labels.shape}, expected a class number for each image; "
            "of rows with a score for each class that is labels.argmax(1)"
        )
    ones = np.count_nonzero(rows, axis=1)
    if (ones != 1).any():
        raise ValueError(
            f"{found.labels_named} {found.labels.shape}: {np.count_nonzero(ones != 1):,} rows have "
            "no 1 or several, expected one class for each image"
        )
    places: np.ndarray = rows.argmax(1).astype(np.int64)
    return places


def _plain(labels: np.ndarray, found: Found) -> np.ndarray:
    """Return labels as integers or as text."""
    named, kind = found.labels_named, labels.dtype.kind
    if kind == "f":
        if not np.isfinite(labels).all():
            count = np.count_nonzero(~np.isfinite(labels))
            raise ValueError(f"{named}: {count:,} are NaN or infinite, expected a class each")
        if (labels != np.round(labels)).any() or np.abs(labels).max() > 2**53:
            raise ValueError(
                f"{named} are {labels.dtype} such as {labels[labels != np.round(labels)][:1]}, "
                f"expected integers; {AS_NUMBERS}"
            )
        return labels.astype(np.int64)
    if kind == "b":
        return labels.astype(np.int64)
    if kind == "S":
        try:
            labels, kind = np.char.decode(labels, "utf-8"), "U"
        except UnicodeDecodeError as error:
            raise ValueError(f"{named}: text that is no UTF-8 ({error.reason})") from None
    if kind not in "iuU":
        raise ValueError(f"{named} are {labels.dtype}, expected integers or text")
    if kind == "U" and all(NUMBER.fullmatch(each) for each in np.unique(labels)):
        return labels.astype(np.float64).astype(np.int64)
    return labels


def _of_text(labels: dict[str, np.ndarray], parts: dict[str, Found]) -> Numbered:
    """Number text by its position in the sorted labels of the first part."""
    for part, array in labels.items():
        if array.dtype.kind != "U":
            text = next(each for each, other in labels.items() if other.dtype.kind == "U")
            raise ValueError(
                f"{parts[part].labels_named} are numbers, but {parts[text].labels_named} are text"
            )
    first = array_names.first_part(parts)
    names = [str(name) for name in np.unique(labels[first])]
    found = {}
    for part, array in labels.items():
        if unknown := sorted(set(np.unique(array).tolist()) - set(names)):
            raise ValueError(
                f"{parts[part].labels_named}: {few([repr(each) for each in unknown])}, which "
                f"{parts[first].labels_named} doesn't have"
            )
        found[part] = np.searchsorted(names, array).astype(np.int64)
    return found, len(names), names, []


def _of_integers(labels: dict[str, np.ndarray], parts: dict[str, Found]) -> Numbered:
    """Check that integers run from 0 or 1 without gaps; return them from 0 on."""
    part = array_names.first_part(parts)
    known, named = labels[part], parts[part].labels_named
    low, high = int(known.min()), int(known.max())
    if high > np.iinfo(np.int64).max - 1 or low < 0:
        raise ValueError(f"{named} {low} .. {high}, expected integers from 0 on; {AS_NUMBERS}")
    present, first, names = np.unique(known), 0, None
    if low == 1 and len(present) == high:
        first, names = 1, [str(number) for number in range(1, high + 1)]
    classes = high + 1 - first
    if len(present) < classes:
        missing = int(np.flatnonzero(np.append(present, -1) != np.arange(len(present) + 1))[0])
        raise ValueError(
            f"{named}: class {missing} has no image{' to learn from' * (part == 'train')}, but the "
            f"labels go up to {high}; {AS_NUMBERS}"
        )
    for part, array in labels.items():
        if array.min() < first or array.max() > high:
            raise ValueError(
                f"{parts[part].labels_named} {array.min()} .. {array.max()}, expected {first} .. "
                f"{high}"
            )
    return (
        {part: array.astype(np.int64) - first for part, array in labels.items()},
        classes,
        names,
        [],
    )
