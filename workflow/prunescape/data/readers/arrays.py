"""Pair the named arrays of a file or a folder as images and labels of parts."""

import tokenize
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from prunescape.data import array_names
from prunescape.data.readers.found import Found, Reading
from prunescape.foundations.messages import few

# numpy's errors for bytes that aren't one of its arrays.
NUMPY_FAULTS = (
    *(ValueError, EOFError, KeyError, AttributeError, TypeError, MemoryError, OverflowError),
    *(SyntaxError, RecursionError, IndexError, tokenize.TokenError),
)
EXPECTED = (
    "expected images and labels, and perhaps val_images and val_labels, test_images and "
    "test_labels (or x_train, y_train, ...)"
)


def pair(path: Path, dimensions: Mapping[str, int], load: Callable[[str], np.ndarray]) -> Reading:
    """Return the images and labels among named arrays.

    Args:
        path: file or folder of the arrays, for messages.
        dimensions: array's name -> number of dimensions.
        load: returns the array with a name; called for images and labels only.

    Raises:
        ValueError: if images or labels are missing or there twice, or there are other arrays that
            could be images. A part train may be missing: images to evaluate may be all.
    """
    named: dict[tuple[str, str], str] = {}
    others = []
    for name, count in dimensions.items():
        meaning = array_names.meaning(name)
        if meaning and meaning in named:
            raise ValueError(
                f"{path}: arrays {named[meaning]} and {name} are both {meaning[1]}, expected one"
            )
        if meaning:
            named[meaning] = name
        elif count > 1:
            raise ValueError(
                f"{path}: arrays {few(sorted(dimensions))}; {EXPECTED}; leave {name} out"
            )
        else:
            others.append(name)
    parts = {}
    for part in array_names.PARTS:
        images, labels = named.get((part, "images")), named.get((part, "labels"))
        if images is None and labels is None:
            continue
        if images is None or labels is None:
            if part == "train":
                raise ValueError(_unpaired(path, dimensions))
            other = "labels" if images else "images"
            raise ValueError(
                f"{path}: {images or labels} is there, but no {other} of the part {part}"
            )
        named_so = (f"{path}: {images}", f"{path}: {labels}")
        parts[part] = Found(load(images), load(labels), *named_so)
    if not parts:
        raise ValueError(_unpaired(path, dimensions))
    notes = [f"{path}: left alone {few(sorted(others))}"] if others else []
    return Reading(parts, notes=notes)


def _unpaired(path: Path, dimensions: Mapping[str, int]) -> str:
    return f"{path}: arrays {few(sorted(dimensions)) or '(none)'}; {EXPECTED}"
