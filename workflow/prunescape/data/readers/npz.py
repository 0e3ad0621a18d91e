"""Read numpy's .npz archives. Nothing is unpickled."""

import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from prunescape.data.readers import arrays
from prunescape.data.readers.found import Reading
from prunescape.foundations.messages import few, one_line

ENCRYPTED = 1  # bit in the flags of an archive's member

FAULTS = (
    *(*arrays.NUMPY_FAULTS, RuntimeError),  # zipfile's: a password, an unknown compression
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def read(path: Path) -> Reading:
    """Read images and labels; if that fails, ValueError has the file and the reason."""
    try:
        # numpy takes everything else for a pickle, and advises to trust it.
        if not zipfile.is_zipfile(path):
            raise TypeError("no archive, or cut off")
        with np.load(path, allow_pickle=False) as opened:
            _check_readable(opened)
            dimensions = {name: len(_header(opened, name)[0]) for name in opened.files}
    except FAULTS as error:
        raise _refusal(path, error) from None
    return arrays.pair(path, dimensions, lambda name: _load(path, name))


def _load(path: Path, name: str) -> np.ndarray:
    """Return an array of an archive, after checking its header with `_header`."""
    try:
        with np.load(path, allow_pickle=False) as opened:
            if _header(opened, name)[1].hasobject:
                raise ValueError(
                    f"{name} holds Python objects, which would have to be unpickled; "
                    f"numpy.array({name}.tolist()) is the same without, if all are of one kind"
                )
            array: np.ndarray = opened[name]
            return array
    except FAULTS as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path}: no readable .npz file of plain arrays ({one_line(error)})")


def _zip(archive: np.lib.npyio.NpzFile) -> zipfile.ZipFile:
    if archive.zip is None:
        raise ValueError("it is closed")
    return archive.zip


def _check_readable(archive: np.lib.npyio.NpzFile) -> None:
    members = _zip(archive).infolist()
    if locked := [each.filename for each in members if each.flag_bits & ENCRYPTED]:
        raise ValueError(f"{few(locked)} need a password; unpack it and save it without")


def _header(archive: np.lib.npyio.NpzFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Return an array's shape and type; ValueError if the archive has too few bytes for them."""
    packed = _zip(archive)
    [stored] = [each for each in packed.infolist() if each.filename in (name, f"{name}.npy")]
    with packed.open(stored) as opened:
        version = np.lib.format.read_magic(opened)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, kind = read(opened)
    if not kind.hasobject and math.prod(shape) * kind.itemsize > stored.file_size:
        raise ValueError(f"{name}: shape {shape} in {stored.file_size} bytes")
    return shape, kind
