"""One style for all figures: colours, markers, type, and files with reproducible bytes.

A criterion has the same colour and marker on all figures. The colours (Okabe and Ito 2008, with a
brown, a grey and violets) can be told apart under simulated protanopia, deuteranopia and
tritanopia; in black and white the markers differ.
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
    "log_alpha": Look("#E69F00", "v"),
    "hg": Look("#56B4E9", "P"),
    "g": Look("#7A4B1E", "<"),
    "taylor": Look("#9900FF", ">"),
    "wanda": Look("#330099", "p"),
    "obd": Look("#AADD88", "8"),
    "obd_empirical": Look("#F0E442", "h"),
    "obd_hessian": Look("#87F069", "H"),
    "obs": Look("#E13C4B", "$♣$"),
    "gradient_magnitude": Look("#5A4BC3", "$♠$"),
    "gradient_norm": Look("#9696FF", "$♥$"),
    "grasp": Look("#FFB4D2", "$◢$"),
    "synflow": Look("#A51E96", "$◗$"),
    "snip": Look("#9966FF", "*"),
    "lamp": Look("#660066", "d"),
    "random": Look("#595959", "X", ":"),
}
REFERENCE_FACE, REFERENCE_EDGE = "#C8C8C8", "#595959"
_SPARE = [
    Look(colour, marker, "-.")
    for marker in (">", "h", "p", "*", "d", "8")
    for colour in ("#56B4E9", "#7A4B1E", "#E69F00", "#CC79A7", "#009E73")
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
