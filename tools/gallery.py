"""Make the pictures of docs/gallery.md from the figures of a finished default run.

    python tools/gallery.py results/default

Each is 1,000 pixels wide and has at most 64 colours, so that all together take about a megabyte.
"""

import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "gallery"
WIDTH = 1000  # pixels
COLOURS = 64

SHOWN = {
    "accuracy_sparsity": "magnitude",
    "accuracy_difference": "graves",
    "noise_curves": "graves",
    "network_noise": "k_winners",
    "winner_map": "graves",
    "prune_potential": "graves",
    "layer_allocation": "sparse_vd",
    "mask_overlap": "graves",
    "error_compression": "sparse_vd",
    "cost_accuracy": "graves",
    "threshold_axis": "graves",
    "class_losses": "magnitude",
    "broken_images": "magnitude",
    "training_curves": "magnitude",
    "score_histograms": "graves",
}
"""Kind of figure -> the study of which the gallery shows it."""


def write(run: Path, kinds: dict[str, str] = SHOWN) -> None:
    """Write a small picture of each kind of figure, and of the forest of claims.

    Args:
        run: folder of a run, results/<run>.
        kinds: as `SHOWN`; a figure that the run lacks ends the program with its path.
    """
    FOLDER.mkdir(exist_ok=True)
    sources = {kind: run / study / "figures" / f"{kind}.png" for kind, study in kinds.items()}
    for name, source in ({"forest": run / "forest.png"} | sources).items():
        small(source).save(FOLDER / f"{name}.png", optimize=True)


def small(path: Path) -> Image.Image:
    """Return a picture on white, narrower and of few colours."""
    with Image.open(path) as image:
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    narrow = flat.resize((WIDTH, round(flat.height * WIDTH / flat.width)), Image.Resampling.LANCZOS)
    return narrow.quantize(COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]))
    except (IndexError, OSError) as error:
        sys.exit(f"gallery.py: {error}; expected the folder of a finished default run")
