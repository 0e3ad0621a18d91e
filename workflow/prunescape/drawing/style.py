"""One style for all figures: colours, markers, type, and files with reproducible bytes.

A criterion has the same colour and marker on all figures and on the explorer's page. The colours
(Okabe and Ito 2008, with browns, violets and a grey instead of those that are too light) can be
told apart under simulated protanopia, deuteranopia and tritanopia, and have a contrast of at least
3:1 to white; in black and white the markers differ.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from prunescape.foundations import files
from prunescape.scoring.needs import SHUFFLED


class Look(NamedTuple):
    """How a criterion's line is drawn."""

    colour: str
    marker: str
    line: str = "-"


LOOKS = {
    "none": Look("#000000", "", "--"),
    "snr": Look("#D55E00", "o"),
    "magnitude": Look("#0072B2", "s"),
    "inverse_sigma": Look("#009E73", "^"),
    "magnitude_x_std": Look("#CC79A7", "D"),
    "log_alpha": Look("#9F4000", "v"),
    "hg": Look("#AA0088", "P"),
    "g": Look("#805940", "<"),
    "taylor": Look("#B84DFF", ">"),
    "wanda": Look("#0000FF", "p"),
    "obd": Look("#5733AA", "8"),
    "obd_empirical": Look("#6A2000", "h"),
    "obd_hessian": Look("#709F50", "H"),
    "obs": Look("#4A2D25", "$♣$"),
    "opd": Look("#F85044", "$♦$"),
    "movement": Look("#4498EC", "$◤$"),
    "gradient_magnitude": Look("#004360", "$♠$"),
    "gradient_norm": Look("#EA46D9", "$♥$"),
    "grasp": Look("#7F00D4", "$◢$"),
    "synflow": Look("#4A0034", "$◗$"),
    "snip": Look("#230075", "*"),
    "lamp": Look("#2D004A", "d"),
    "random": Look("#595959", "X"),
}
NETWORKS = {
    "small_dense": Look("#595959", "s"),
    "small_k_winners": Look("#D55E00", "o"),
    "small_k_winners_boosted": Look("#D55E00", "o", "--"),
    "small_sparse_weights": Look("#0072B2", "^"),
    "small_sparse": Look("#009E73", "D"),
    "small_sparse_boosted": Look("#009E73", "D", "--"),
    "published_dense": Look("#595959", "P"),
    "published_sparse": Look("#009E73", "v"),
}
REFERENCE_FACE, REFERENCE_EDGE = "#C8C8C8", "#595959"
_SPARE = [
    Look(colour, marker, "-.")
    for marker in (">", "h", "p", "*", "d", "8")
    for colour in ("#8C80FF", "#75583A", "#953B00", "#CC79A7", "#009E73")
]


@dataclass(frozen=True)
class Settings:
    """Settings of figures in config.yaml: width [inches], type [points], resolution of the png."""

    width: float = 7.0
    font_size: float = 8.0
    dots_per_inch: int = 200

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"figures.{field.name}: {value!r}, expected a positive number")
        if self.width < 3:
            raise ValueError(f"figures.width: {self.width} inches, expected at least 3")

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Settings":
        """Return the settings in a block of config.yaml; ValueError names an unknown key."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"figures.{name}: unknown key, expected one of {known}")
        return cls(**values)


def look(criterion: str) -> Look:
    """Return a criterion's look; for one that is not listed, a spare look that its name decides."""
    if criterion.startswith(SHUFFLED):
        return look(criterion.removeprefix(SHUFFLED))._replace(line=":")
    if criterion in LOOKS:
        return LOOKS[criterion]
    return _SPARE[hashlib.blake2b(criterion.encode()).digest()[0] % len(_SPARE)]


def network(name: str) -> Look:
    """Return a network's look; for one that is not listed, a spare look that its name decides."""
    if name in NETWORKS:
        return NETWORKS[name]
    return _SPARE[hashlib.blake2b(name.encode()).digest()[0] % len(_SPARE)]._replace(line="-")


def order(criteria: Iterable[str]) -> list[str]:
    """Return criteria in the order of legends: as in LOOKS, then others by name, random last."""
    listed = list(LOOKS)
    places = {name: listed.index(name) if name in LOOKS else len(listed) for name in criteria}
    return sorted(places, key=lambda name: (name == "random", places[name], name))


@contextlib.contextmanager
def applied(settings: Settings) -> Iterator[None]:
    """Make artists and write files in the project's style within a `with` block."""
    size = settings.font_size
    wanted: dict[RcKeyType, Any] = {
        "font.family": "DejaVu Sans",  # shipped with matplotlib: the same on every machine
        "mathtext.fontset": "dejavusans",
        "font.size": size,
        "axes.titlesize": size,
        "axes.labelsize": size,
        "xtick.labelsize": size - 0.5,
        "ytick.labelsize": size - 0.5,
        "legend.fontsize": size,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E3E3E3",
        "grid.linewidth": 0.5,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.6,
        "lines.markeredgewidth": 0.4,
        "text.hinting": "no_hinting",  # type keeps its width at every resolution
        "svg.hashsalt": "prunescape",  # else element ids are drawn at random
        "svg.fonttype": "path",
        "savefig.dpi": settings.dots_per_inch,
    }
    with matplotlib.rc_context(wanted):
        yield


def save(figure: Figure, paths: list[str], settings: Settings) -> None:
    """Write `figure` to each path (.svg or .png); the same figure gives the same bytes."""
    metadata = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
    for path in paths:
        kind = Path(path).suffix
        if kind not in metadata:
            raise ValueError(f"{path}: a figure is written as .svg or .png")
        with files.replacing(path) as temporary, applied(settings):
            figure.savefig(temporary, format=kind[1:], metadata=metadata[kind])
