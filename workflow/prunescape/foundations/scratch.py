"""Arrays that a job needs for a while: in memory, or in a file where they would take too much."""

import math
import os
import tempfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

IN_MEMORY = 256 << 20  # bytes: an array that takes more isn't made in memory


def large(size: int) -> bool:
    """Return whether an array of that many bytes is too large for memory."""
    return size > IN_MEMORY


def array(shape: Sequence[int], dtype: DTypeLike) -> np.ndarray:
    """Return an array to be filled, which a job's end removes.

    A large one lies in a file without a name, in the folder that the variable TMPDIR names (on most
    systems else /tmp), so that the system can take its memory back.

    Raises:
        OSError: if that folder has no room for it; names the folder.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if not large(size):
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as opened:
        try:
            # A map of a file that has holes ends the process when the disk is full.
            os.posix_fallocate(opened.fileno(), 0, size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from None
        return np.asarray(np.memmap(opened, dtype, "r+", shape=tuple(shape)))
