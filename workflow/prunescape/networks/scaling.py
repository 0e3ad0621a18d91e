"""Input scaling: turns raw intensities in [0, 1] into a network's inputs (needs torch).

The config's `scaling` is the name of one, or `{mean: [...], std: [...]}` with a number a channel.

Noise acts on raw intensities, before any scaling; so a fit's scaling travels with its checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from prunescape.foundations import scratch
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays

Kind = str | Mapping[str, Sequence[float]]

# kind -> (shift, scale) of (intensity - shift) / scale
_FIXED = {
    "unit": (0.0, 1.0),
    "signed": (0.5, 0.5),
    "normalised": (0.1307, 0.3081),  # mean and standard deviation of MNIST's training pixels
    "raw": (0.0, 1 / 255),
}


_STEP = 4 << 20  # bytes of large images that are measured at once


@dataclass(frozen=True)
class Scaling:
    """(intensity - shift) / scale; with `features`, only for these pixels of the flattened image.

    Attributes:
        shift, scale: scalars [], one number a channel [C, 1, 1] or one a kept pixel [features],
            of the type that scaled images have.
        features: int64 [features], the kept pixels' positions, or None for whole images.
    """

    shift: torch.Tensor
    scale: torch.Tensor
    features: torch.Tensor | None = None

    @classmethod
    def fit(cls, kind: Kind, images: torch.Tensor, dtype: torch.dtype = torch.float32) -> "Scaling":
        """Return the scaling that the config's `scaling` describes.

        Args:
            kind: its name, or mean and std of each channel. `standardised` drops pixels that never
                change and gives the others mean 0 and variance 1.
            images: training images [N, C, H, W], on which `standardised` is measured.
            dtype: type of scaled images.

        Raises:
            ValueError: for another kind, if no pixel changes, or if the images have another number
                of channels.
        """
        if isinstance(kind, Mapping):
            return cls._of_channels(kind, images.shape[1], dtype)
        fixed = choose({**_FIXED, "standardised": None}, kind, "scaling")
        if fixed:
            return cls(*(torch.tensor(number, dtype=dtype) for number in fixed))
        mean, deviation = _moments(images)
        features = torch.nonzero(deviation > 0).flatten()
        if not len(features):
            raise ValueError(
                "scaling: standardised: every pixel of the training images is constant"
            )
        shift = mean[features].to(dtype)
        return cls(shift, deviation[features].to(dtype), features)

    @classmethod
    def _of_channels(
        cls, numbers: Mapping[str, Sequence[float]], channels: int, dtype: torch.dtype
    ) -> "Scaling":
        for name in ("mean", "std"):
            if len(numbers[name]) != channels:
                raise ValueError(
                    f"scaling.{name}: found {len(numbers[name])} numbers, expected one for each of "
                    f"the {channels} channels of the data set's images"
                )
        shift, scale = (torch.tensor(numbers[name], dtype=dtype) for name in ("mean", "std"))
        return cls(shift.view(-1, 1, 1), scale.view(-1, 1, 1))

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Scale images [..., C, H, W], uint8 or intensities; with `features`: [..., features]."""
        if self.features is not None:
            images = images.flatten(-3)[..., self.features]
        unit = 255 if images.dtype == torch.uint8 else 1
        # One product and one sum, in place, rather than the formula's three passes.
        scaled = images.to(self.scale.dtype, copy=True).mul_(1 / (self.scale * unit))
        return scaled.sub_(self.shift / self.scale) if self.shift.any() else scaled

    def shape(self, image: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a scaled image, given an image's shape [C, H, W]."""
        return image if self.features is None else (len(self.features),)

    def to(self, device: torch.device) -> "Scaling":
        """Return the scaling on another device."""
        features = None if self.features is None else self.features.to(device)
        return Scaling(self.shift.to(device), self.scale.to(device), features)

    def arrays(self) -> Arrays:
        """Return what a checkpoint stores."""
        arrays = {"scaling.shift": self.shift.numpy(), "scaling.scale": self.scale.numpy()}
        if self.features is not None:
            arrays["scaling.features"] = self.features.numpy()
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Scaling":
        """Undo `arrays`."""
        features = arrays.get("scaling.features")
        return cls(
            torch.as_tensor(arrays["scaling.shift"]),
            torch.as_tensor(arrays["scaling.scale"]),
            None if features is None else torch.as_tensor(features),
        )


def _moments(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation of each pixel of images [N, C, H, W]: float64 [pixels].

    Large images are taken some pixels at a time. The order in which torch adds up a pixel's values
    doesn't depend on how many others are beside it, but for none.
    """
    if images.device.type != "cpu" or not scratch.large(images.nbytes):
        pixels = intensities(images).flatten(1).double()
        return pixels.mean(0), pixels.std(0, correction=0)
    turned = _turned(images)
    parts = turned.tensor_split(max(1, min(len(turned) // 2, images.nbytes // _STEP)))
    # Made once: memory that is freed between two arrays isn't always used again.
    singles = torch.empty(parts[0].numel())
    doubles = singles.double()
    mean, deviation = (torch.empty(len(turned), dtype=torch.float64) for _ in range(2))
    done = 0
    for part in parts:
        own, shape = slice(done, done + len(part)), (len(images), len(part))
        single = singles[: part.numel()].view(shape).copy_(part.T)
        if images.dtype == torch.uint8:
            single.div_(255)
        double = doubles[: part.numel()].view(shape).copy_(single)
        mean[own], deviation[own] = double.mean(0), double.std(0, correction=0)
        done += len(part)
    return mean, deviation


def _turned(images: torch.Tensor) -> torch.Tensor:
    """Return images [N, C, H, W] pixel by pixel, in a file if they are large: [pixels, N]."""
    kind = np.uint8 if images.dtype == torch.uint8 else np.float32
    shape = (prod(images.shape[1:]), len(images))
    turned = torch.from_numpy(scratch.array(shape, kind))
    done = 0
    for chunk in images.split(max(1, _STEP * len(images) // images.nbytes)):
        turned[:, done : done + len(chunk)] = chunk.flatten(1).T
        done += len(chunk)
    return turned


def intensities(images: torch.Tensor) -> torch.Tensor:
    """Return raw intensities in [0, 1] as float32: uint8 images / 255, float images as they are."""
    return images.float().div_(255) if images.dtype == torch.uint8 else images
