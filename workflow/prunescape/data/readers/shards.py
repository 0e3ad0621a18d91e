"""Read a folder of tables; a part is one file, or several files whose rows are joined."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from prunescape.data import array_names
from prunescape.data.readers.found import Found, Reading
from prunescape.foundations.messages import few


def read(
    paths: list[Path], read_one: Callable[[Path], tuple[Found, list[str]]], where: Path
) -> Reading:
    """Read tables in the order of their names and join those of a part.

    A word in a file's name is its part: train-00000-of-00002.parquet, mnist_test.csv. A single
    file, or several without such words, are the part train.

    Raises:
        ValueError: if only some names have a part, or a part's tables have different columns.
    """
    parts = {path: array_names.part_in(path.name) for path in paths}
    named = set(parts.values())
    if len(paths) == 1 or named == {None}:
        parts = dict.fromkeys(paths, "train")
    elif None in named:
        raise ValueError(
            f"{where}: files {few([path.name for path in paths])}, expected train, validation or "
            "test in the name of each or of none"
        )
    reading = Reading({})
    for part in [each for each in array_names.PARTS if each in parts.values()]:
        founds = []
        for path in [each for each in paths if parts[each] == part]:
            found, notes = read_one(path)
            founds.append(found)
            reading.notes += notes
        reading.parts[part] = _joined(founds)
    return reading


def _joined(founds: list[Found]) -> Found:
    first = founds[0]
    for other in founds[1:]:
        if other.images.shape[1:] != first.images.shape[1:]:
            raise ValueError(
                f"{other.images_named} {other.images.shape[1:]}, but {first.images_named} "
                f"{first.images.shape[1:]}: expected images of one shape"
            )
    if len(founds) == 1:
        return first
    return Found(
        np.concatenate([found.images for found in founds]),
        np.concatenate([found.labels for found in founds]),
        first.images_named,
        first.labels_named,
    )
