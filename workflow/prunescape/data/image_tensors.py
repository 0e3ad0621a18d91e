"""Split files as tensors on the device that computes (needs torch)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from prunescape.data import datasets


@dataclass(frozen=True)
class ImageTensors:
    """Images with their labels, and the files that they came from.

    Attributes:
        images: [N, C, H, W], uint8 in 0 .. 255 or float32 in [0, 1].
        labels: [N], int64 in 0 .. classes - 1.
        classes: the number of classes.
        opened: split -> SHA-256 of its file.
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: int
    opened: dict[str, str]

    def to(self, device: torch.device | str) -> "ImageTensors":
        """Return the images and labels on a device."""
        images, labels = self.images.to(device), self.labels.to(device)
        return ImageTensors(images, labels, self.classes, self.opened)


def load(paths: Sequence[Path | str], device: torch.device | str = "cpu") -> ImageTensors:
    """Read split files of one data set, as `datasets.load` does, onto a device."""
    split = datasets.load(paths)
    images, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    return ImageTensors(images, labels, split.classes, split.opened).to(device)
