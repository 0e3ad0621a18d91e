"""Draw docs/images/corruptions.png: every standard corruption, at each of its severities.

    python tools/corruption_sheet.py [picture.png]

The digit is one of scikit-learn's, enlarged to 28 x 28; the colour picture is a detail of its
sample flower.jpg (danielbuechele, CC BY 2.0), made 32 x 32.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from prunescape.evaluation import input_noise, noise_suites

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "corruptions.png"
DIGIT = 4
"""Position in scikit-learn's digits."""
DETAIL = (180, 30, 540, 390)
"""Left, top, right and bottom of the detail."""
STREAM = (1, "corruption sheet")


def digit() -> np.ndarray:
    """Return a digit as MNIST has it: [1, 1, 28, 28], 20 pixels high in the middle."""
    small = Image.fromarray((load_digits().images[DIGIT] * 15.9).astype(np.uint8))
    large = np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC))
    return np.pad(large, 4).astype(np.float32)[None, None] / 255


def picture() -> np.ndarray:
    """Return the colour picture: [1, 3, 32, 32]."""
    detail = Image.fromarray(load_sample_image("flower.jpg")).crop(DETAIL)
    small = np.asarray(detail.resize((32, 32), Image.Resampling.LANCZOS))
    return small.transpose(2, 0, 1).astype(np.float32)[None] / 255


def show(axes: Axes, images: np.ndarray, title: str = "") -> None:
    """Show an image [1, C, H, W] without axes."""
    pixels = images[0].transpose(1, 2, 0)
    axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=6, pad=2)


def drawn() -> Figure:
    """Return the sheet: MNIST-C on the digit above, CIFAR-10-C on the picture below."""
    figure = Figure(figsize=(7.5, 5.9), layout="constrained")
    figure.set_facecolor("0.93")  # a stripe and a flash are white
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.3, 3.6)).ravel()
    kinds = noise_suites.SUITES["mnist_c"].kinds
    grid = above.subplots(2, 8).ravel()
    show(grid[0], digit(), "clean")
    for axes, kind in zip(grid[1:], kinds, strict=True):
        show(axes, input_noise.corrupt(digit(), kind, "1", *STREAM), _short(kind))
    suite = noise_suites.SUITES["cifar_c"]
    columns = below.subplots(len(suite.severities) + 1, len(suite.kinds))
    for axes, kind in zip(columns.T, suite.kinds, strict=True):
        show(axes[0], picture(), _short(kind))
        for each, level in zip(axes[1:], noise_suites.levels(suite), strict=True):
            show(each, input_noise.corrupt(picture(), kind, level, *STREAM))
    for axes, severity in zip(columns[:, 0], ("clean", *suite.severities), strict=True):
        axes.text(
            -0.15, 0.5, str(severity), fontsize=6, ha="right", va="center", transform=axes.transAxes
        )
    return figure


def _short(kind: str) -> str:
    return kind.split("_c_", 1)[1].replace("compression", "").strip("_").replace("_", "\n", 1)


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    drawn().savefig(path, dpi=200, metadata={"Software": None})
