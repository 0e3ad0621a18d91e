"""All claims of a run in one figure, a row each: where their intervals lie beside their margins.

Claims in one unit share an axis. It counts from each claim's margin in the claimed direction, so
that what lies right of 0 is as claimed, whatever was claimed.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from prunescape.drawing import style
from prunescape.drawing.sheet import Sheet
from prunescape.foundations.plain_text import literal
from prunescape.foundations.short_numbers import typeset
from prunescape.foundations.table_rows import named_rows
from prunescape.verdicts import claims, summaries

_ENDS = ["low", "high"]
_LINEAR = 1.0  # points up to which their axis is linear
_PAD = 0.06  # inches at the edge
_NARROW = 5.0  # inches of width below which statements are left out
_GREY, _BAND = "#737373", "#D9D9D9"
_SIGNS = {"<=": "≤", ">=": "≥"}


class _Mark(NamedTuple):
    """How a verdict is drawn; shapes differ too, for print in black and white."""

    colour: str
    marker: str
    face: str


_MARKS = {
    "holds": _Mark("#0072B2", "o", "#0072B2"),
    "fails": _Mark("#D55E00", "X", "#D55E00"),
    "equal": _Mark("#00785A", "D", "#00785A"),
    "undecided": _Mark("#404040", "o", "white"),
}


def numbers(verdicts: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn of the tested claims, a row a part.

    Args:
        verdicts: as `claims.read_verdicts` returns them.
        parts: as `claim_parts.read` returns them.

    Returns:
        id, part, shown (whether its interval is drawn, else its estimate alone), past (estimate
        minus margin, > 0 on the claimed side), low and high (its interval), new_low and new_high
        (that for new images), all in the claim's unit.
    """
    of_claims = verdicts.set_index("id")
    found = parts[["id", "part", "shown"]].copy()
    margin = parts["id"].map(of_claims["margin"]).astype(float)
    below = parts["id"].map(of_claims["comparison"]).isin(["<=", "<"])
    sign = np.where(below, -1.0, 1.0)
    found["past"] = sign * (parts["estimate"] - margin)
    for low, high, given in (("low", "high", "ci"), ("new_low", "new_high", "new")):
        ends = [sign * (parts[f"{given}_{end}"] - margin) for end in _ENDS]
        found[low] = np.where(below, ends[1], ends[0])
        found[high] = np.where(below, ends[0], ends[1])
    return found


def draw(verdicts: pd.DataFrame, parts: pd.DataFrame, settings: style.Settings) -> Figure:
    """Draw a panel for each unit, in it a row for each claim, and list what wasn't tested."""
    found = numbers(verdicts, parts)
    tested = verdicts[verdicts["verdict"] != claims.NOT_TESTED]
    units = sorted(dict.fromkeys(tested["unit"]), key=lambda unit: unit != "points")
    with style.applied(settings):
        sheet = Sheet(settings)
        counts, width = f"Claims: {summaries.counted(verdicts)}", settings.width - 2 * _PAD
        top = sheet.write_wrapped(_PAD, _PAD, counts, width, weight="bold") + 0.4 * sheet.line
        columns = _Columns(settings)
        for i, unit in enumerate(units):
            rows = tested[tested["unit"] == unit]
            drawn = found[found["id"].isin(rows["id"])]
            top = _Panel(sheet, columns, unit, top).draw(rows, drawn, headed=i == 0)
        top = _list_not_tested(sheet, verdicts, top, settings)
        if units:
            small = {"size": settings.font_size - 1, "color": "#404040"}
            top = sheet.write_wrapped(_PAD, top, _note(found, tested), width, **small)
        return sheet.finish(top + _PAD)


class _Columns:
    """Where the columns of a row begin or end, in inches."""

    def __init__(self, settings: style.Settings) -> None:
        size = settings.font_size / 8
        width = settings.width - _PAD
        self.size = settings.font_size
        self.verdict = width - 0.62 * size  # left
        self.n = self.verdict - 0.1 * size  # right ends from here on
        self.margin = self.n - 0.28 * size
        self.estimate = self.margin - 0.46 * size
        self.right = self.estimate - 0.5 * size
        self.id = _PAD
        self.statement = _PAD + 0.27 * size
        stated = settings.width >= _NARROW
        self.left = self.statement + (0.56 * (self.right - self.statement) if stated else 0.1)
        self.wraps = self.left - self.statement - 0.12 if stated else 0.0


class _Panel:
    """The rows of the claims in one unit, on one axis."""

    def __init__(self, sheet: Sheet, columns: _Columns, unit: str, top: float) -> None:
        self._sheet, self._columns, self._unit, self._top = sheet, columns, unit, top
        self._line = sheet.line

    def draw(self, rows: pd.DataFrame, drawn: pd.DataFrame, headed: bool) -> float:
        """Draw the panel; return where the next one begins."""
        sheet, columns = self._sheet, self._columns
        if headed:
            self._head()
        begin = self._top
        placed = []
        for study in dict.fromkeys(rows["study"]):
            named = study if self._unit == "points" else f"{study}: {self._unit}"
            sheet.write(columns.id, self._top + 0.1 * self._line, named, weight="bold")
            self._top += 1.25 * self._line
            for row in named_rows(rows[rows["study"] == study]):
                height = self._words(row)
                # Type hangs a little above the middle of its line.
                middle = self._top + (height - 0.12 * self._line) / 2 - begin
                placed.append((row, middle, height))
                self._top += height
        tall = self._top + 0.25 * self._line - begin
        axes = sheet.add_axes(columns.left, begin, columns.right - columns.left, tall)
        _scale(axes, self._unit, drawn, rows, every=bool(columns.wraps))
        axes.set_ylim(tall, 0)
        for row, middle, height in placed:
            _row(axes, row, drawn[drawn["id"] == row.id], middle, height)
        below = self._top + 1.75 * self._line
        label = f"{self._unit} from the margin"
        sheet.write((columns.left + columns.right) / 2, below, label, ha="center")
        return below + 1.6 * self._line

    def _head(self) -> None:
        write, columns = self._sheet.write, self._columns
        font: dict[str, Any] = {"color": _GREY}
        if columns.wraps:
            write(columns.left, self._top, "← against", **font)
            write(columns.right, self._top, "as claimed →", ha="right", **font)
        write(columns.estimate, self._top, "mean", ha="right", **font)
        write(columns.margin, self._top, "claim", ha="right", **font)
        write(columns.n, self._top, "n", ha="right", **font)
        write(columns.verdict, self._top, "verdict", **font)
        self._top += 1.2 * self._line

    def _words(self, row: Any) -> float:
        """Write the words of a row; return its height."""
        sheet, columns, aside = self._sheet, self._columns, 0.2 * self._line
        mark, end = _MARKS[row.verdict], self._top + aside + self._line
        if columns.wraps:
            words, small = _literal(row.statement), {"size": columns.size - 1}
            begin = self._top + aside
            end = sheet.write_wrapped(columns.statement, begin, words, columns.wraps, **small)
        height = end + aside - self._top
        top = self._top + (height - self._line) / 2
        sheet.write(columns.id, top, _literal(row.id), color=mark.colour)
        sign = _SIGNS.get(row.comparison, row.comparison)
        for at, text in (
            (columns.estimate, typeset(row.estimate)),
            (columns.margin, f"{sign} {typeset(row.margin)}"),
            (columns.n, str(row.n)),
        ):
            sheet.write(at, top, text, ha="right")
        star = "*" if summaries.is_exploratory(row) else ""
        sheet.write(columns.verdict, top, row.verdict + star, color=mark.colour, weight="bold")
        return height


def _row(axes: Axes, row: Any, drawn: pd.DataFrame, middle: float, height: float) -> None:
    """Draw a claim: the band of its tolerance, its intervals, its estimate, its other parts."""
    mark = _MARKS[row.verdict]
    if not pd.isna(row.tolerance):
        band = (-row.tolerance, middle - 0.42 * height)
        axes.add_patch(
            Rectangle(band, 2 * row.tolerance, 0.84 * height, facecolor=_BAND, linewidth=0)
        )
    others = drawn[~drawn["shown"].astype(bool)]["past"]
    axes.plot(others, [middle] * len(others), "|", color=mark.colour, markersize=5, zorder=3)
    for part in named_rows(drawn[drawn["shown"].astype(bool)]):
        if not pd.isna(part.low):
            axes.plot([part.low, part.high], [middle] * 2, color=mark.colour, linewidth=1.6)
        if not pd.isna(part.new_low):
            beneath = [middle + 0.055] * 2  # inches
            ends = [part.new_low, part.new_high]
            axes.plot(ends, beneath, color=mark.colour, linewidth=0.6)
        axes.plot(
            [part.past],
            [middle],
            mark.marker,
            color=mark.colour,
            markerfacecolor=mark.face,
            markersize=5,
            markeredgewidth=0.8,
            zorder=4,
        )


def _scale(axes: Axes, unit: str, drawn: pd.DataFrame, rows: pd.DataFrame, every: bool) -> None:
    """Scale an axis so that all is on it; points are linear around 0, then logarithmic.

    `every`: whether there is room for a label at every tick.
    """
    columns = ["past", "low", "high", "new_low", "new_high"]
    ends = drawn[columns].to_numpy(dtype=float).ravel()
    tolerance = rows["tolerance"].astype(float).max()
    ends = np.append(
        ends[np.isfinite(ends)], [0.0, *([-tolerance, tolerance] if tolerance > 0 else [])]
    )
    low, high = float(ends.min()), float(ends.max())
    if unit == "points":
        axes.set_xscale("symlog", linthresh=_LINEAR, linscale=1.0)
        low, high = min(1.3 * low, -1.3 * _LINEAR), max(1.3 * high, 1.3 * _LINEAR)
        beside: tuple[float, ...] = (0.5, 1, 10) if every else (1, 10)
        if max(-low, high) > 100:
            beside = (1, 10, 100) if every else (1, 100)
        ticks = [0.0, *(sign * each for sign in (-1, 1) for each in beside)]
        shown = sorted(tick for tick in ticks if low <= tick <= high)
        axes.set_xticks(shown, [f"{tick:g}".replace("-", "−") for tick in shown])
        axes.set_xticks([], minor=True)
    else:
        aside = 0.12 * (high - low) or 1.0
        low, high = low - aside, high + aside
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4 if every else 2))
    axes.set_xlim(low, high)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _list_not_tested(
    sheet: Sheet, verdicts: pd.DataFrame, top: float, settings: style.Settings
) -> float:
    """List the claims that weren't tested, by the reason; return where the next line begins."""
    rows = verdicts[verdicts["verdict"] == claims.NOT_TESTED]
    for reason, alike in rows.groupby("reason", sort=False):
        text = _literal(f"Not tested: {', '.join(alike['id'])} ({reason})")
        width = settings.width - 2 * _PAD
        top = sheet.write_wrapped(_PAD, top, text, width, color=_GREY)
    return top + (0.4 * sheet.line if len(rows) else 0)


def _note(found: pd.DataFrame, tested: pd.DataFrame) -> str:
    """Return what the marks mean, of those that are there."""
    shown = found[found["shown"].astype(bool)]
    said = ["A row is a claim, its mark the mean over n replicates."]
    if shown["low"].notna().any():
        said.append("Thick line: its interval, as wide as looks and claims ask for.")
    if shown["new_low"].notna().any():
        said.append("Thin line: for new images too.")
    if len(shown) < len(found):
        said.append(
            "Of a claim of several parts the one that is farthest from being shown has mark and "
            "interval; upright strokes are the means of the others."
        )
    if tested["tolerance"].notna().any():
        said.append("Grey band: the claim's tolerance.")
    if (tested["unit"] == "points").any():
        said.append("The axis of points is linear up to 1 point.")
    if any(summaries.is_exploratory(row) for row in named_rows(tested)):
        said.append("*: exploratory, the declaration was changed after the first look.")
    return " ".join(said)


def _literal(text: str) -> str:
    """Return a user's text without mathematical type."""
    return literal(text, "terminal").replace("$", r"\$")
