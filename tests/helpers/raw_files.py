"""Raw files of MNIST's kind with numbered images, and scikit-learn's digits."""

import importlib.util
from pathlib import Path

import numpy as np

IDX = [
    f"{prefix}-{kind}-ubyte"
    for prefix in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]
DIGITS = Path(importlib.util.find_spec("sklearn").origin).parent / "datasets/data/digits.csv.gz"


def idx(array):
    sizes = np.array(array.shape, dtype=">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def numbered(count, first=0):
    """Images of 1 x 4 pixels that spell their number, so that each can be told from the others."""
    number = np.arange(first, first + count, dtype=">u4")
    return number.view(np.uint8).reshape(count, 1, 4), number % 10


def numbers(part):
    """The numbers that the images of a part spell; each must still have its own label."""
    images, labels = part
    found = np.ascontiguousarray(images).reshape(-1, 4).view(">u4")[:, 0]
    assert (found % 10 == labels).all(), "images and labels were shuffled apart"
    return found


def write_raw(folder, train, test):
    folder.mkdir()
    arrays = (*numbered(train), *numbered(test, first=train))
    for name, array in zip(IDX, arrays, strict=True):
        (folder / name).write_bytes(idx(array))
    return [folder / name for name in IDX]
