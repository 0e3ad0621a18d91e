"""Read MATLAB's .mat files: versions 4 to 7 with scipy, version 7.3 as HDF5."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.readers import arrays, hdf5
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import one_line

# whosmat's names for arrays that aren't plain.
NOT_PLAIN = {"cell", "struct", "object", "function", "opaque", "sparse", "char", "unknown"}


def read(path: Path) -> Reading:
    """Read images and labels; MATLAB's [H, W, C, N] and [H, W, N] become [N, ...].

    Raises:
        ValueError: if the file is damaged or has no images and labels, with its path.
    """
    with path.open("rb") as opened:
        if hdf5.MAGIC in opened.read(1024):
            # HDF5 has MATLAB's axes in reverse order.
            return _images_first(hdf5.read(path, transposed=True), path)
    from scipy import io  # not at the top, as only these files need it

    shapes = {
        name: shape for name, shape, kind in _guarded(path, io.whosmat) if kind not in NOT_PLAIN
    }
    # A column or a row has two axes in MATLAB.
    dimensions = {name: sum(length != 1 for length in shape) for name, shape in shapes.items()}
    reading = arrays.pair(
        path, dimensions, lambda name: _guarded(path, io.loadmat, variable_names=[name])[name]
    )
    return _images_first(reading, path)


def _guarded(path: Path, call: Callable[..., Any], **settings: Any) -> Any:
    """Call a function of scipy.io on the file; any error becomes a ValueError."""
    try:
        return call(path, **settings)
    # scipy raises errors of any kind for damaged files.
    except Exception as error:
        raise ValueError(f"{path}: no readable .mat file ({one_line(error)})") from None


def _images_first(reading: Reading, path: Path) -> Reading:
    """Move the axis of the images to the front if it is the last one, as is usual in MATLAB."""
    for found in reading.parts.values():
        count, shape = found.labels.size, found.images.shape
        if len(shape) > 2 and shape[0] == shape[-1] == count:
            raise ValueError(
                f"{found.images_named} are {shape}, and {count} images may lie along the first "
                "axis or the last; expected another number of images than pixels in a row"
            )
        if shape[0] != count and shape[-1] == count:
            found.images = np.moveaxis(found.images, -1, 0)
            reading.notes.append(f"{found.images_named} {shape}: images lie along the last axis")
    return reading
