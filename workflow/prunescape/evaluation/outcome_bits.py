"""Files of outcomes, beside an evaluation's rows: a bit a row and image, and bins of confidence."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunescape.evaluation.calibration import BINS
from prunescape.foundations import files

_CORRECT, _BINS = "correct", "bins"  # names of the arrays in a file of outcomes


@dataclass(frozen=True)
class Packed:
    """The outcomes of one evaluation job.

    Attributes:
        bits: uint8 [rows, bytes], eight images a byte, the first image in the highest bit
            (numpy.packbits); rows in the order of the rows.json beside it.
        bins: float64 [rows, 3, bins], a row as `calibration.binned` has it.
        n_images: images of the evaluated split, in the order of its file.
        evaluated_on: split -> SHA-256 of its file.
    """

    bits: np.ndarray
    bins: np.ndarray
    n_images: int
    evaluated_on: dict[str, str]


def write(
    path: str | os.PathLike,
    packed: Sequence[bytes],
    bins: Sequence[Any],
    n_images: int,
    evaluated_on: dict[str, str],
) -> None:
    """Write a job's outcomes: packed bits and bins [3, bins] for every row, in the rows' order."""
    width = -(-n_images // 8)
    bits = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), width)
    binned = np.array(bins, np.float64).reshape(len(packed), 3, BINS)
    metadata = {"n_images": n_images, "evaluated_on": evaluated_on}
    files.write_tensors(path, {_CORRECT: bits, _BINS: binned}, metadata)


def read(path: str | os.PathLike) -> Packed:
    """Read what `write` wrote; ValueError names the file if it is something else."""
    arrays, metadata = files.read_tensors(path)
    n_images, evaluated_on = metadata.get("n_images"), metadata.get("evaluated_on")
    bits, bins = (arrays.get(name, np.empty(0)) for name in (_CORRECT, _BINS))
    if (
        not (isinstance(n_images, int) and isinstance(evaluated_on, dict) and len(arrays) == 2)
        or (bits.dtype != np.uint8 or bits.ndim != 2)
        or bits.shape[1] != -(-n_images // 8)
        or (bins.dtype != np.float64 or bins.shape != (len(bits), 3, BINS))
    ):
        raise ValueError(f"{path}: not a file of outcomes")
    return Packed(bits, bins, n_images, evaluated_on)
