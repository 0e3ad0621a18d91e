"""Lines of a study's arms: which of them share a panel, how each is drawn, and what it is called.

An arm is a criterion, a scope, an effect and a schedule. Colour and marker are the criterion's; the
schedule decides how a line is dashed, the effect whether its markers are hollow, the scope how dark
it is and its marker; what all lines of a figure share changes nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from prunescape.drawing import labels, style, summary

LINE = ["criterion", *summary.ROW]
"""Columns of the table whose values get lines in a panel."""
Arm = tuple[str, str, str, str]
_MOST = 8  # lines a panel
_FEWEST = 4  # points of a line that are joined
_MARKED = 14  # points of a line that are marked, or a few more
_THIN = "XP*"
_DASHES: list[Any] = [
    *("-", (0, (4, 1.3)), (0, (7, 1, 1.2, 1)), (0, (1.2, 0.9))),
    *((0, (9, 2.5)), (0, (4, 1, 1.2, 1, 1.2, 1))),
]
_DASHED = dict(zip(("oneshot", "oneshot_finetune", "iterative10", "fine"), _DASHES, strict=False))
_DASHED["cut200"] = "-"
_SCOPES = {
    "layer": (0.72, "^"),
    "output_unit": (0.5, "<"),
    "floor": (0.5, "v"),
    "input_unit": (0.6, "P"),
    "neuron": (0.4, "*"),
}
_SPLITS = ["effect", "scope", "schedule"]  # by which lines are divided if they are too many
_SHARE = {"effect": "effects", "scope": "scopes", "schedule": "schedules"}


class Facet(NamedTuple):
    """A panel of lines: its title, network and fit, and the rows of its lines."""

    title: str
    column: tuple[str, str]
    rows: pd.DataFrame


def facets(found: pd.DataFrame, most: int = _MOST) -> list[Facet]:
    """Divide rows into panels: by network and fit, then until no panel has more than `most` lines.

    Lines are divided into those of one effect, scope or schedule (the first in the order of the
    labels) and the others, as evenly as it goes. Criteria of one way of pruning stay together.

    Args:
        found: rows with the columns of `summary.COLUMN` and `LINE`.
        most: number of lines that one panel may have.
    """
    columns = summary.groups(found, summary.COLUMN)
    headings = dict(zip(columns, summary.headings(columns, summary.COLUMN), strict=True))
    panels = []
    for column in columns:
        rows = summary.at(found, summary.COLUMN, column)
        parts = _divided(rows, most)
        for part in parts:
            said = [headings[column], *(_shared(part, rows) if len(parts) > 1 else [])]
            panels.append(Facet(", ".join(filter(None, said)), column, part))
    return panels


def _divided(rows: pd.DataFrame, most: int) -> list[pd.DataFrame]:
    if len(arms(rows)) <= most:
        return [rows]
    ways = []
    for order, name in enumerate(_SPLITS):
        values = summary.groups(rows, [name])
        if len(values) > 1:
            first = rows[name] == values[0][0]
            parts = [rows[first], rows[~first]]
            ways.append((max(len(arms(part)) for part in parts), order, parts))
    if not ways:
        return [rows]
    _, _, parts = min(ways, key=lambda way: way[:2])
    return [each for part in parts for each in _divided(part, most)]


def _shared(part: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return in words what a part's lines share that the lines of all parts do not."""
    said = []
    for name in _SPLITS:
        here, everywhere = set(part[name]), set(rows[name])
        if len(here) == 1 < len(everywhere):
            said.append(labels.brief(name, *here))
        elif here < everywhere:
            said.append(f"other {_SHARE[name]}")
    return said


def arms(rows: pd.DataFrame) -> list[Arm]:
    """Return the arms of `rows` in the order of legends."""
    criteria = style.order(rows["criterion"])
    found = summary.groups(rows, LINE)
    return sorted(found, key=lambda arm: criteria.index(arm[0]))


def of(rows: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    """Return the rows of an arm."""
    return summary.at(rows, LINE, arm)


class Looks:
    """How the lines of one figure look and what they are called; `found` has all of its rows."""

    def __init__(self, found: pd.DataFrame) -> None:
        self._arms = arms(found)
        self._varying = [
            name for name in summary.ROW if len(set(found[name])) > 1
        ]  # what all lines share isn't said
        schedules = [word for (word,) in summary.groups(found, ["schedule"])]
        taken = [_DASHED[word] for word in schedules if word in _DASHED]
        spare = cycle([dash for dash in _DASHES if dash not in taken])
        self._dashes = _DASHED | {word: next(spare) for word in schedules if word not in _DASHED}

    def line(self, arm: Arm) -> dict[str, Any]:
        """Return the properties of an arm's line, for matplotlib."""
        criterion, scope, effect, schedule = arm
        look = style.look(criterion)
        colour, marker = look.colour, look.marker or "None"
        if "scope" in self._varying and scope in _SCOPES:
            shade, marker = _SCOPES[scope]
            red, green, blue = to_rgb(colour)
            colour = to_hex((shade * red, shade * green, shade * blue))
        hollow = effect in ("compensate", "recalibrate", "freeze") and "effect" in self._varying
        hollow = hollow or look.line == ":"
        dash = self._dashes[schedule] if "schedule" in self._varying else look.line
        return {"color": colour, "linestyle": dash, **marked(colour, marker, hollow)}

    def name(self, arm: Arm) -> str:
        """Return an arm's name: its criterion, and what not all lines of the figure share."""
        places = dict(zip(LINE, arm, strict=True))
        ways = [labels.brief(name, places[name]) for name in summary.ROW if name in self._varying]
        return ", ".join([labels.label("criterion", arm[0]), *ways])

    def handles(self, shown: Iterable[Arm] | None = None) -> list[Line2D]:
        """Return the legend's entries, of all arms by default."""
        listed = self._arms if shown is None else shown
        return [Line2D([], [], label=self.name(arm), **self.line(arm)) for arm in listed]


def marked(colour: str, marker: str, hollow: bool) -> dict[str, Any]:
    """Return the properties of a line's markers, for matplotlib."""
    # A white edge sets markers off from lines, but would leave little of those made of arms.
    edged = hollow or marker in _THIN
    return {
        "marker": marker,
        "markerfacecolor": "white" if hollow else colour,
        "markeredgecolor": colour if edged else "white",
        "markeredgewidth": 0.8 if hollow else 0.4,
    }


def joined(look: dict[str, Any], points: Sequence[float]) -> dict[str, Any]:
    """Return the look of a line through `points`.

    Fewer than 4 are not joined, as they are no curve; of very many only some are marked.
    """
    if len(points) < _FEWEST:
        return look | {"linestyle": "None"}
    return look | {"markevery": max(1, len(points) // _MARKED)}
