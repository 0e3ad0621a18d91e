"""Single arrays of numpy, .npy: images and labels in files beside each other."""

from pathlib import Path

import numpy as np

from prunescape.data import own_sources
from prunescape.data.readers import arrays
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import one_line


def read(path: Path) -> Reading:
    """Read the arrays of a folder, or those beside the file that is named.

    The names of the files say what they are, as those of arrays in an .npz file do. Arrays are
    mapped, so that only what is looked at takes memory; nothing is unpickled.

    Raises:
        ValueError: a file is none, or images or labels are missing; says which.
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
