"""Read arrays from an HDF5 file with h5py, which users of such files install themselves."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.readers import arrays
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import one_line

MAGIC = b"\x89HDF\r\n\x1a\n"
DEEPEST = 3  # the most levels of nested groups
DENSEST = 1100  # the most bytes that one byte of a file may unpack to: deflate reaches 1,032
MISSING = (
    "HDF5 is read by h5py, which is not installed: pip install -c constraints.txt h5py; or convert "
    'where it is: f = h5py.File("own.h5"); numpy.savez("own.npz", images=f["images"][:], '
    'labels=f["labels"][:])'
)


def read(path: Path, *, transposed: bool = False) -> Reading:
    """Read images and labels; arrays in groups have names such as train/images.

    Args:
        path: the file.
        transposed: reverse the axes of all arrays, which gives MATLAB's order.

    Raises:
        ValueError: if h5py is missing, or the file is damaged, has no images and labels, or refers
            to other files.
    """
    try:
        import h5py  # not at the top, as it may not be installed
    except ImportError:
        raise ValueError(f"{path}: {MISSING}") from None
    try:
        with h5py.File(path, "r") as opened:
            found = dict(_datasets(opened, h5py, 0))
            shapes = {name: array.shape for name, array in found.items() if array.shape}
            reading = arrays.pair(
                path,
                {name: sum(length != 1 for length in shape) for name, shape in shapes.items()},
                lambda name: _load(found[name], h5py),
            )
    except (OSError, KeyError, TypeError, RuntimeError, MemoryError, OverflowError) as error:
        raise ValueError(f"{path}: no readable HDF5 file ({one_line(error)})") from None
    for part in reading.parts.values() if transposed else ():
        part.images, part.labels = part.images.T, part.labels.T
    return reading


def _datasets(group: Any, h5py: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield (name, array) for a group and the groups in it; soft and external links are skipped."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        member = group[name]
        if isinstance(member, h5py.Dataset):
            yield member.name.strip("/"), member
        elif isinstance(member, h5py.Group) and depth < DEEPEST:
            yield from _datasets(member, h5py, depth + 1)


def _load(array: Any, h5py: Any) -> np.ndarray:
    if array.is_virtual or array.external:
        raise TypeError(f"{array.name} lies in another file")
    if math.prod(array.shape) * array.dtype.itemsize > DENSEST * array.id.get_storage_size():
        raise TypeError(f"{array.name}: {array.shape} {array.dtype} in a file of too few bytes")
    if h5py.check_string_dtype(array.dtype):
        return np.array(array.asstr()[...], dtype=str)
    values: np.ndarray = array[...]
    return values
