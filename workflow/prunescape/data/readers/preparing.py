"""How pictures become images of one size: resized and cut as torchvision's transforms do it.

torchvision's Resize(n) makes the shorter side n pixels, CenterCrop(n) takes the middle; both leave
the work to Pillow where they are given a picture. Needs Pillow for resizing only.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Preparation:
    """What is done with a user's pictures before they are images.

    Attributes:
        background: "white" or "black": the colour behind transparent pixels.
        resize: length of the shorter side, in pixels; None: as it is.
        crop: side of the square that is cut from the middle, in pixels; None: nothing is cut.
        colour: whether grey images get three equal channels.
    """

    background: str = "white"
    resize: int | None = None
    crop: int | None = None
    colour: bool = False

    @property
    def shapes(self) -> bool:
        """Whether a picture's size may change."""
        return self.resize is not None or self.crop is not None

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width after preparation.

        Raises:
            ValueError: if the picture is too small to be cut.
        """
        height, width = self._resized(height, width)
        if self.crop is None:
            return height, width
        if min(height, width) < self.crop:
            small = f"is {height} x {width} pixels{' after resizing' if self.resize else ''}"
            raise ValueError(f"{small}, less than datasets.<name>.crop: {self.crop}")
        return self.crop, self.crop

    def prepared(self, pixels: np.ndarray) -> np.ndarray:
        """Return pixels [H, W] or [H, W, 3], bytes, resized and cut."""
        height, width = self._resized(*pixels.shape[:2])
        if (height, width) != pixels.shape[:2]:
            from PIL import Image  # not at the top, as only pictures need it

            picture = Image.fromarray(pixels)
            pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
        if self.crop is None:
            return pixels
        # Python's rounding to even, as in torchvision.
        top, left = (round((side - self.crop) / 2) for side in (height, width))
        return pixels[top : top + self.crop, left : left + self.crop]

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if self.resize is None or min(height, width) == self.resize:
            return height, width
        longer = int(self.resize * max(height, width) / min(height, width))
        return (self.resize, longer) if height <= width else (longer, self.resize)
