"""Make the pictures of docs/gallery.md from the figures of finished runs.

    python tools/gallery.py results/default results/quick

A figure is taken from the first run that has it; config/quick.yaml draws one that the default run
doesn't.

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
    "mask_pictures": "graves",
    "reliability": "graves",
}
"""Kind of figure -> the study of which the gallery shows it."""


def write(runs: list[Path], kinds: dict[str, str] = SHOWN) -> None:
    """Write a small picture of each kind of figure, and of the forest of claims.

    Args:
        runs: folders of runs, results/<run>.
        kinds: as `SHOWN`; a figure that all runs lack ends the program with its path.
    """
    FOLDER.mkdir(exist_ok=True)
    places = {kind: f"{study}/figures/{kind}.png" for kind, study in kinds.items()}
    for name, place in ({"forest": "forest.png"} | places).items():
        having = [run for run in runs if (run / place).exists()] or runs
        small(having[0] / place).save(FOLDER / f"{name}.png", optimize=True)


def small(path: Path) -> Image.Image:
    """Return a picture on white, narrower and of few colours."""
    with Image.open(path) as image:
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    narrow = flat.resize((WIDTH, round(flat.height * WIDTH / flat.width)), Image.Resampling.LANCZOS)
    return narrow.quantize(COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    try:
        write([Path(folder) for folder in sys.argv[1:]])
    except (IndexError, OSError) as error:
        sys.exit(f"gallery.py: {error}; expected the folders of a default run and a quick one")
