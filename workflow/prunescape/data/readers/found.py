"""The results of readers: images and labels by part, as they are in the file."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Found:
    """Images and labels of one part, as they are in the file.

    Attributes:
        images: numbers, in any layout.
        labels: numbers or text, in any layout.
        images_named: file and array of the images, for messages.
        labels_named: file and array of the labels, for messages.
    """

    images: np.ndarray
    labels: np.ndarray
    images_named: str
    labels_named: str


@dataclass
class Reading:
    """The result of a reader.

    Attributes:
        parts: train, which is the whole source if there is no other part; validation; test. Of a
            source with images to evaluate alone, train is missing.
        names: the class names in the order of the class numbers, if the source has names.
        notes: lines that tell the user how the source was read.
    """

    parts: dict[str, Found]
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)
