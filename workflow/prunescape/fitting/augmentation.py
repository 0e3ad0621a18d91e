"""Augmentation of training images: crop, flip, cutout, mixup (needs torch).

A replicate's numbers come from random streams of its own, one a kind and epoch, so they depend on
no other replicate, on no other kind and not on where training was interrupted. Crops and flips move
raw intensities, as in torchvision; cutout and mixup act on scaled images, as in their papers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.foundations import streams
from prunescape.optimising.interfaces import Batch


class Draws(NamedTuple):
    """The random numbers of an epoch, or of a batch of it; None where a kind is not asked for."""

    crops: torch.Tensor | None
    """int64 [R, N, 2], where a crop begins in the padded image: row, column."""
    flips: torch.Tensor | None
    """bool [R, N]."""
    holes: torch.Tensor | None
    """int64 [R, N, 2], the centres of the squares that are cut out: row, column."""
    shares: torch.Tensor | None
    """float64 [R, steps], of the images themselves in the mixtures of a batch."""

    def of_step(self, step: int, size: int) -> "Draws":
        """Return the numbers of a batch, the `step`-th of batches of `size` images."""
        images = slice(step * size, (step + 1) * size)
        crops, flips, holes = (None if each is None else each[:, images] for each in self[:3])
        shares = None if self.shares is None else self.shares[:, step]
        return Draws(crops, flips, holes, shares)


class Augmentation:
    """What a fit's `augmentation` does to training images.

    Settings, each may be missing: crop {padding: p}, a window of the image's size at a random
    place in the image with p black pixels around it; flip: true, left and right exchanged with
    probability a half; cutout {size: s}, a square of s x s pixels around a random one becomes 0
    (DeVries and Taylor 2017, arXiv 1708.04552); mixup {alpha: a}, each image with a share of the
    one before it in the batch, a share Beta(a, a) for each batch (Zhang et al. 2018, arXiv
    1710.09412; partners as in torchvision's MixUp).
    """

    def __init__(self, settings: Mapping[str, Any], root: tuple[int | str, ...]) -> None:
        """`root`: first parts of all stream names."""
        self._settings = settings
        self._root = root

    def draw(
        self,
        replicates: Sequence[int],
        epoch: int,
        images: int,
        steps: int,
        size: tuple[int, int],
        device: torch.device | str = "cpu",
    ) -> Draws:
        """Return an epoch's random numbers.

        Args:
            replicates: numbers of the R replicates.
            epoch: number in the streams' names.
            images: how many images a replicate sees.
            steps: in so many batches.
            size: height and width of an image.
            device: where to put them.
        """
        height, width = size

        def each(kind: str, numbers: Callable[[np.random.Generator], Any]) -> torch.Tensor | None:
            if not self._settings.get(kind):
                return None
            names = [(*self._root, "augmentation", kind, r, epoch) for r in replicates]
            drawn = np.stack([numbers(streams.generator(*name)) for name in names])
            return torch.from_numpy(drawn).to(device)

        padding = self._settings.get("crop", {}).get("padding", 0)
        alpha = self._settings.get("mixup", {}).get("alpha", 1.0)
        return Draws(
            each("crop", lambda g: g.integers(0, 2 * padding + 1, (images, 2))),
            each("flip", lambda g: g.integers(0, 2, images).astype(bool)),
            each("cutout", lambda g: g.integers(0, [height, width], (images, 2))),
            each("mixup", lambda g: g.beta(alpha, alpha, steps)),
        )

    def moved(self, images: torch.Tensor, draws: Draws) -> torch.Tensor:
        """Return raw images [R, B, C, H, W] cropped and flipped, of the same type."""
        if draws.crops is not None:
            images = cropped(images, draws.crops, self._settings["crop"]["padding"])
        if draws.flips is not None:
            images = torch.where(draws.flips[..., None, None, None], images.flip(-1), images)
        return images

    def mixed(self, batch: Batch, draws: Draws) -> Batch:
        """Return scaled images [R, B, C, H, W] with squares cut out, and mixed with each other."""
        images = batch.images
        if draws.holes is not None:
            images = cut_out(images, draws.holes, self._settings["cutout"]["size"])
        if draws.shares is None:
            return Batch(images, batch.labels)
        share = draws.shares.to(images.dtype)
        own = share.view(-1, *[1] * (images.dim() - 1))
        # Products first, then their sum: both are rounded alike wherever a number lies.
        images = images * own + images.roll(1, 1) * (1 - own)
        return Batch(images, batch.labels, batch.labels.roll(1, 1), share)


def cropped(images: torch.Tensor, corners: torch.Tensor, padding: int) -> torch.Tensor:
    """Return windows of images with black borders.

    Args:
        images: [R, B, C, H, W].
        corners: row and column of each window's corner in the padded image, int64 [R, B, 2].
        padding: pixels that are added on each side.

    Returns:
        Images of the same shape.
    """
    height, width = images.shape[-2:]
    padded = F.pad(images, (padding,) * 4)
    windows = padded.unfold(-2, height, 1).unfold(-2, width, 1)
    member = torch.arange(len(images), device=images.device)[:, None]
    image = torch.arange(images.shape[1], device=images.device)
    return windows[member, image, :, corners[..., 0], corners[..., 1]]


def cut_out(images: torch.Tensor, centres: torch.Tensor, size: int) -> torch.Tensor:
    """Set squares to 0, as the paper's code does: rows [y - s // 2, y + s // 2) that there are.

    Args:
        images: [R, B, C, H, W].
        centres: row y and column x of each square, int64 [R, B, 2].
        size: s, height and width of a square, even; less of it where it reaches over the border.
    """
    inside = []
    for axis, length in enumerate(images.shape[-2:]):
        places = torch.arange(length, device=images.device)
        first = centres[..., axis, None] - size // 2
        inside.append((places >= first) & (places < first + 2 * (size // 2)))
    rows, columns = inside
    return images.masked_fill((rows[..., :, None] & columns[..., None, :])[:, :, None], 0.0)
