"""Read a user's images and labels from a file or a folder.

The readers return what a file has; this module brings it into the form of all data sets.
docs/extending.md lists the formats. Nothing is unpickled, and only formats that can't run code are
opened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prunescape.data import array_names, layouts, own_labels, own_pixels, own_sources
from prunescape.data.datasets import FEWEST, Part
from prunescape.data.image_rows import Images as Pixels
from prunescape.data.readers import (
    class_folders,
    csv_tables,
    hdf5,
    matlab,
    npy,
    npz,
    parquet,
    shards,
    stand_ins,
    tensors,
)
from prunescape.data.readers.found import Reading
from prunescape.data.readers.preparing import Preparation
from prunescape.foundations.messages import few

AS_IT_IS = Preparation()
NAMED = 200  # the most classes whose names a message lists

# Ending -> reader, for files of arrays.
ARRAYS: dict[str, Callable[[Path], Reading]] = {
    ".npz": npz.read,
    ".npy": npy.read,
    ".safetensors": tensors.read,
    ".mat": matlab.read,
    ".h5": hdf5.read,
    ".hdf5": hdf5.read,
}
CSV = (".csv", ".csv.gz")
PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class Images:
    """A user's images.

    Attributes:
        parts: train, which is the whole source if it has no other part; validation and test if the
            source has them, which may be all.
        classes: the number of classes.
        names: the class names in the order of the class numbers; None if the numbers are the names.
        notes: lines that tell the user how the source was read.
    """

    parts: dict[str, Part]
    classes: int
    names: list[str] | None
    notes: list[str]


def read(path: Path, how: Preparation = AS_IT_IS) -> Images:
    """Read a user's file or folder.

    Args:
        path: a file with one of own_sources.ENDINGS, a folder of such files, or a folder of class
            folders.
        how: what is done with pictures, and whether grey images become coloured.

    Raises:
        ValueError: if the data are damaged, or reading them would need a guess; the message has the
            file, what was found and what is expected.
    """
    reading = _found(path, how)
    labels, classes, names, notes = own_labels.numbered(reading.parts)
    first = array_names.first_part(reading.parts)
    _check_classes(labels[first], classes, first, path)
    pixels, more = own_pixels.normalised(reading.parts)
    _check_size(pixels[first], how, path)
    if how.colour:
        pixels = {part: own_pixels.coloured(images) for part, images in pixels.items()}
    names = reading.names or names
    return Images(
        {part: (pixels[part], labels[part]) for part in reading.parts},
        len(reading.names) if reading.names else classes,
        names,
        [*reading.notes, *notes, *more, *_class_notes(names)],
    )


def _found(path: Path, how: Preparation) -> Reading:
    if path.is_dir():
        return _of_folder(path, how)
    stand_ins.refuse(path)  # raises an OSError with the path if it is missing
    ending = own_sources.ending(path.name)
    if ending in ARRAYS:
        return ARRAYS[ending](path)
    if ending is None:
        raise ValueError(f"{path}: expected a file that ends in {', '.join(own_sources.ENDINGS)}")
    return _of_tables([path], ending, how, path)


def _of_tables(paths: list[Path], ending: str, how: Preparation, where: Path) -> Reading:
    if ending in CSV:
        return shards.read(paths, csv_tables.read, where)
    return shards.read(paths, lambda each: parquet.read(each, how), where)


def _of_folder(path: Path, how: Preparation) -> Reading:
    """Read a folder of class folders, or one with files of arrays or tables."""
    inside = [each for each in layouts.visible(path) if not each.is_dir()]
    folders = [each for each in layouts.visible(path) if each.is_dir()]
    if len(folders) == 1 and all(map(layouts.describes, inside)):
        # Downloads from Hugging Face have their tables in a folder `data`.
        below = [each for each in layouts.visible(folders[0]) if not each.is_dir()]
        if any(own_sources.ending(each.name) in PARQUET for each in below):
            inside, folders = below, []
    if folders:
        return class_folders.read(path, how)
    endings = {each: own_sources.ending(each.name) for each in inside}
    if ".npy" in endings.values():
        return npy.read(path)
    for group in (PARQUET, CSV):
        if tables := [each for each, ending in endings.items() if ending in group]:
            return _of_tables(tables, group[0], how, path)
    if readable := [each for each, ending in endings.items() if ending]:
        raise ValueError(f"{path}: found {few(readable)}, expected that file to be named as file:")
    raise ValueError(
        f"{path}: {len(inside):,} files ({few([each.name for each in inside])}) and no folders, "
        f"expected {layouts.EXPECTED}"
    )


def _check_classes(labels: np.ndarray, classes: int, part: str, path: Path) -> None:
    use = "to learn from" if part == "train" else f"of the part {part}"
    if len(labels) <= FEWEST:
        raise ValueError(f"{path}: {len(labels)} image(s) {use}, expected > {FEWEST}")
    if classes < 2:
        raise ValueError(f"{path}: one class, expected at least two")
    if empty := np.flatnonzero(np.bincount(labels, minlength=classes) == 0).tolist():
        raise ValueError(f"{path}: no image {use} of class {few(empty)}")


def _check_size(images: Pixels, how: Preparation, path: Path) -> None:
    """Raise ValueError if images in an array are to be resized or cut, as only pictures are."""
    height, width = images.shape[2:]
    if how.shapes and how.size(height, width) != (height, width):
        raise ValueError(
            f"{path}: arrays of {height} x {width} pixels with datasets.<name>.resize or crop, "
            "which are for pictures (PNG, JPEG, ...); allowed: arrays of the size that is wanted"
        )


def _class_notes(names: list[str] | None) -> list[str]:
    """Return a note with the class numbers and their names; [] if there are no names."""
    if not names:
        return []
    listed = ", ".join(f"{number} is {name}" for number, name in enumerate(names[:NAMED]))
    return [f"classes: {listed}{', ...' if len(names) > NAMED else ''}"]
