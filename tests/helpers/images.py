"""Small images and their labels, and pictures of them in class folders."""

import numpy as np
from PIL import Image

from prunescape.foundations import streams

N = 30
LABELS = np.arange(N) % 3
GREY = streams.generator("test", "own images").integers(0, 256, (N, 4, 6), dtype=np.uint8)
COLOUR = streams.generator("test", "own colours").integers(0, 256, (N, 3, 4, 6), dtype=np.uint8)
SQUARE = streams.generator("test", "square images").integers(0, 256, (N, 5, 5), dtype=np.uint8)


def photograph(folder, images=COLOUR, labels=LABELS, suffix="png", save=Image.Image.save):
    """Write images [N, H, W] or [N, C, H, W] into class folders a, b, c."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        pixels = np.moveaxis(image, 0, 2) if image.ndim == 3 else image
        path = folder / "abc"[label] / f"{number:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(Image.fromarray(pixels), path)
    return folder
