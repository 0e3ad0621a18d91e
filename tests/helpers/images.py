"""Small images and their labels, and pictures of them in class folders."""

import numpy as np
import pandas as pd
from PIL import Image

from prunescape.data import own_images
from prunescape.foundations import streams

N = 30
LABELS = np.arange(N) % 3
GREY = streams.generator("test", "own images").integers(0, 256, (N, 4, 6), dtype=np.uint8)
COLOUR = streams.generator("test", "own colours").integers(0, 256, (N, 3, 4, 6), dtype=np.uint8)
LAST = np.moveaxis(COLOUR, 1, 3)
"""The same with the channels along the last axis."""
SQUARE = streams.generator("test", "square images").integers(0, 256, (N, 5, 5), dtype=np.uint8)


def photograph(folder, images=COLOUR, labels=LABELS, suffix="png", save=Image.Image.save):
    """Write images [N, H, W] or [N, C, H, W] into class folders a, b, c."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        pixels = np.moveaxis(image, 0, 2) if image.ndim == 3 else image
        path = folder / "abc"[label] / f"{number:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(Image.fromarray(pixels), path)
    return folder


def read_back(path, expected=COLOUR):
    """Return what is read from a file or folder, which must be these images and `LABELS`."""
    read = own_images.read(path)
    images, labels = read.parts["train"]
    assert np.array_equal(images, expected)
    assert labels.tolist() == LABELS.tolist()
    return read


def table(names, label="class", labels=LABELS):
    """Return `SQUARE` as a table: a column with a name for every pixel, and one of labels."""
    pixels = dict(zip(names, SQUARE.reshape(N, -1).T, strict=True))
    return pd.DataFrame(pixels | {label: labels})


OPENML = table([f"pixel{i}" for i in range(1, 26)])
"""As openml.org has MNIST."""
