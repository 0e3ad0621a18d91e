"""Read numpy's .npy files: images and labels are separate files in one folder."""

from pathlib import Path

import numpy as np

from prunescape.data import own_sources
from prunescape.data.readers import arrays
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import one_line


def read(path: Path) -> Reading:
    """Read the arrays in a folder, or the named file and those beside it.

    A file's name decides what it is, as an array's name does in an .npz file. Arrays are memory
    mapped, so that they take no memory of their own; nothing is unpickled.

    Raises:
        ValueError: if a file isn't .npy, or images or labels are missing; with the names.
    """
    mapped = {each.stem: _map(each) for each in own_sources.npy_files(path)}
    folder = path if path.is_dir() else path.parent
    dimensions = {name: array.ndim for name, array in mapped.items()}
    return arrays.pair(folder, dimensions, mapped.__getitem__)


def _map(path: Path) -> np.ndarray:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except arrays.NUMPY_FAULTS as error:
        raise ValueError(
            f"{path}: no readable .npy file of numbers or text ({one_line(error)}); of Python "
            "objects numpy.array(objects.tolist()) is the same without, if all are of one kind"
        ) from None
