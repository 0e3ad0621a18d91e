"""Split files as tensors on the device that computes (needs torch)."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from prunescape.data import datasets
from prunescape.data.joined_images import joined


@dataclass(frozen=True)
class ImageTensors:
    """Images with their labels, and the files that they came from.

    Attributes:
        images: [N, C, H, W], uint8 in 0 .. 255 or float32 in [0, 1]. On a CPU they may lie in
            their files (`datasets.load`), so that nothing may write to them.
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
    """Open split files of one data set, as `datasets.load` does; read them onto another device."""
    split = datasets.load(paths)
    images, labels = joined(list(map(_tensor, split.pieces))), torch.from_numpy(split.labels)
    return ImageTensors(images, labels, split.classes, split.opened).to(device)


def _tensor(images: np.ndarray) -> torch.Tensor:
    with warnings.catch_warnings():
        # torch knows no tensors that can't be written to. A map that can be would count as memory.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(images)
