"""What readers return: images and labels as a file has them, by part."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Found:
    """Images and labels of one part, as they were found.

    Attributes:
        images: of numbers, in any layout.
        labels: integers, numbers or text, in any layout.
        images_named: file and array of the images, for messages.
        labels_named: file and array of the labels.
    """

    images: np.ndarray
    labels: np.ndarray
    images_named: str
    labels_named: str


@dataclass
class Reading:
    """What a reader found.

    Attributes:
        parts: train, which is the whole where there is no other; validation; test.
        names: of the classes, by their number, where the source has names.
        notes: what the user should know about the reading, a line each.
    """

    parts: dict[str, Found]
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)
