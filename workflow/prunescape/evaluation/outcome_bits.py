"""Files of outcomes: one bit a row and image, beside the rows of an evaluation job."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prunescape.foundations import files

BITS = "correct"
"""The name of the only array in a file of outcomes."""


@dataclass(frozen=True)
class Packed:
    """The outcomes of one evaluation job.

    Attributes:
        bits: uint8 [rows, bytes], eight images a byte, the first image in the highest bit
            (numpy.packbits); rows in the order of the rows.json beside it.
        n_images: images of the evaluated split, in the order of its file.
        evaluated_on: split -> SHA-256 of its file.
    """

    bits: np.ndarray
    n_images: int
    evaluated_on: dict[str, str]


def write(
    path: str | os.PathLike,
    packed: Sequence[bytes],
    n_images: int,
    evaluated_on: dict[str, str],
) -> None:
    """Write a job's outcomes: packed bits for every row, in the rows' order."""
    width = -(-n_images // 8)
    bits = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), width)
    files.write_tensors(path, {BITS: bits}, {"n_images": n_images, "evaluated_on": evaluated_on})


def read(path: str | os.PathLike) -> Packed:
    """Read what `write` wrote; ValueError names the file if it is something else."""
    arrays, metadata = files.read_tensors(path)
    n_images, evaluated_on = metadata.get("n_images"), metadata.get("evaluated_on")
    bits = arrays.get(BITS, np.empty(0))
    if (
        not (isinstance(n_images, int) and isinstance(evaluated_on, dict) and len(arrays) == 1)
        or (bits.dtype != np.uint8 or bits.ndim != 2)
        or bits.shape[1] != -(-n_images // 8)
    ):
        raise ValueError(f"{path}: not a file of outcomes")
    return Packed(bits, n_images, evaluated_on)
