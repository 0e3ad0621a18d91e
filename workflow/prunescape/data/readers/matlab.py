"""MATLAB's .mat files, versions 4 to 7, by scipy; version 7.3 is HDF5."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.readers import arrays, hdf5
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import one_line

# What whosmat calls arrays that are not plain.
NOT_PLAIN = {"cell", "struct", "object", "function", "opaque", "sparse", "char", "unknown"}


def read(path: Path) -> Reading:
    """Read images and labels; MATLAB's [H, W, C, N] and [H, W, N] become [N, ...].

    Raises:
        ValueError: the file is damaged, or has no images and labels; names it.
    """
    with path.open("rb") as opened:
        if hdf5.MAGIC in opened.read(1024):
            # Its axes are those of MATLAB in reverse order.
            return _images_first(hdf5.read(path, transposed=True), path)
    from scipy import io  # only those who have such files pay for it

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
    """Call a function of scipy.io on the file."""
    try:
        return call(path, **settings)
    # Bytes that are no such file lead scipy into errors of any kind.
    except Exception as error:
        raise ValueError(f"{path}: no readable .mat file ({one_line(error)})") from None


def _images_first(reading: Reading, path: Path) -> Reading:
    """Put the images' axis first where MATLAB has it last."""
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
