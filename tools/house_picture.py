"""Draw docs/images/house.png: the library's rooms on their floors, and who imports whom.

    python tools/house_picture.py

Drawn from the source, by what `house` finds there. The file keeps the arrows that it was drawn
from, so a test can tell whether it is still true.
"""

import ast
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import house

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "house.png"
TITLE = "Imports"
"""Of the text in the file that has the arrows."""

# Room -> middle of its box from the left, on a house ten wide; the floors are `house.FLOORS`.
ACROSS = {
    "figures": 4.4,
    "explorer": 6.5,
    "label": 9.0,
    "configuration": 3.4,
    "drawing": 6.2,
    "jobs": 2.1,
    "report": 7.4,
    "verdicts": 7.4,
    "evaluation": 6.6,
    "exports": 9.0,
    "scoring": 4.9,
    "pruning": 8.0,
    "fitting": 6.5,
    "optimising": 6.5,
    "running": 0.95,
    "networks": 6.5,
    "pipeline": 2.1,
    "data": 4.3,
    "foundations": 5.0,
}
WIDTH, HEIGHT = 1.7, 0.5
TORCH, TABLES, LIGHT = "#F6D8C0", "#CFE3F3", "#FFFFFF"
NEEDS = {
    TORCH: {"torch", "torchvision"},
    TABLES: {"numpy", "pandas", "scipy", "matplotlib", "pandera", "pyarrow"},
}
LEGEND = {
    TORCH: "has modules that import torch",
    TABLES: "numpy, pandas or matplotlib alone",
    LIGHT: "none of them",
}


def implied(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows that others, end to end, imply: a room two floors down, for one."""
    below: dict[str, set[str]] = {}

    def reached(room: str) -> set[str]:
        if room not in below:
            direct = {end for start, end in arrows if start == room}
            below[room] = direct.union(*map(reached, direct))
        return below[room]

    return {
        (start, end)
        for start, end in arrows
        if any(end in reached(between) for first, between in arrows if first == start)
    }


def colours(package: Path) -> dict[str, str]:
    """Return room -> colour: the heaviest that one of its modules imports, in functions too."""
    found: dict[str, set[str]] = {}
    for module in house.modules(package):
        names = found.setdefault(house.room(module), set())
        for node in ast.walk(ast.parse((package / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return {
        room: next((colour for colour, heavy in NEEDS.items() if heavy & names), LIGHT)
        for room, names in found.items()
    }


def _arrow(axes: Axes, start: str, end: str, levels: dict[str, int], pale: bool) -> None:
    """Draw an arrow from the bottom of a box to the top of another."""
    axes.annotate(
        "",
        xy=(ACROSS[end], levels[end] + HEIGHT / 2),
        xytext=(ACROSS[start], levels[start] - HEIGHT / 2),
        arrowprops={
            "arrowstyle": "-|>",
            "color": "#B9B9B9" if pale else "#333333",
            "linewidth": 0.7 if pale else 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=1 if pale else 2,
    )


def _users(room: str, arrows: Collection[tuple[str, str]]) -> str:
    """Say which rooms import a room that nearly all import."""
    there = {each for rooms in house.FLOORS for each in rooms} - {room}
    without = sorted(each for each in there if (each, room) not in arrows)
    return f"imported by all but {', '.join(without)}" if without else "imported by all"


def draw(arrows: Collection[tuple[str, str]], colour: dict[str, str]) -> Figure:
    """Draw the house: ground floor below; arrows from who imports to what is imported."""
    levels = {room: level for level, rooms in enumerate(house.FLOORS) for room in rooms}
    figure = Figure(figsize=(8.6, 7.6), dpi=120)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    for level in range(len(house.FLOORS)):
        shade = "#F4F4F4" if level % 2 else "#FBFBFB"
        axes.axhspan(level - 0.5, level + 0.5, color=shade, zorder=0)
    drawn = {(start, end) for start, end in arrows if end != "foundations"}
    pale = implied(drawn)
    for start, end in sorted(drawn):
        _arrow(axes, start, end, levels, (start, end) in pale)
    for room, level in levels.items():
        half = 4.85 if room == "foundations" else WIDTH / 2
        axes.fill(
            [ACROSS[room] + side * half for side in (-1, 1, 1, -1)],
            [level + side * HEIGHT / 2 for side in (-1, -1, 1, 1)],
            facecolor=colour[room],
            edgecolor="#333333",
            linewidth=1,
            zorder=3,
        )
        text = f"{room}: {_users(room, arrows)}" if room == "foundations" else room
        axes.text(ACROSS[room], level, text, ha="center", va="center", fontsize=11, zorder=4)
    axes.text(0.22, 8.55, "grey arrows: implied by the black ones", fontsize=9, va="center")
    for row, (face, text) in enumerate(LEGEND.items()):
        place: dict[str, Any] = {
            "transform": axes.transData,
            "va": "center",
            "fontsize": 9,
            "zorder": 4,
        }
        axes.text(0.25, 9.33 - 0.26 * row, "    ", bbox={"facecolor": face, "pad": 1.5}, **place)
        axes.text(0.65, 9.33 - 0.26 * row, text, **place)
    axes.set(xlim=(0, 10), ylim=(-0.5, len(house.FLOORS) - 0.5))
    axes.set_axis_off()
    return figure


def text_of(arrows: Iterable[tuple[str, str]]) -> str:
    """Return arrows as the file keeps them: the same text for the same arrows and floors."""
    return json.dumps([sorted(arrows), house.FLOORS])


def kept(path: Path) -> str:
    """Return the text that the picture in a file was drawn from."""
    with Image.open(path) as picture:
        return str(picture.info.get(TITLE, ""))


def main() -> None:
    """Draw the picture of this library."""
    arrows = house.arrows(house.imports(house.LIBRARY))
    figure = draw(arrows, colours(house.LIBRARY))
    figure.savefig(PICTURE, metadata={TITLE: text_of(arrows), "Software": None})


if __name__ == "__main__":
    main()
