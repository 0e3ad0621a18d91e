"""A page of text and axes side by side, placed in inches from its top left corner.

The height follows from the content and is known last, so what is placed waits until `finish`.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from prunescape.drawing.layout import wrapped
from prunescape.drawing.style import Settings

_LEADING = 1.3  # height of a line of type in sizes of the type


class Sheet:
    """A page as wide as the settings say.

    Attributes:
        figure: the figure.
        line: height of a line of type, inches.
    """

    def __init__(self, settings: Settings) -> None:
        self.figure = Figure(figsize=(settings.width, 1), dpi=settings.dots_per_inch)
        FigureCanvasAgg(self.figure)
        self.line = settings.font_size / 72 * _LEADING
        self._width = settings.width
        self._axes: list[tuple[Axes, float, float, float, float]] = []
        self._texts: list[tuple[float, float, str, dict[str, Any]]] = []

    def add_axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return new axes in a rectangle whose top left corner is at (left, top)."""
        axes = self.figure.add_axes((0, 0, 1, 1), label=str(len(self._axes)))
        self._axes.append((axes, left, top, width, height))
        return axes

    def write(self, left: float, top: float, text: str, **font: Any) -> None:
        """Write a line of text whose upper edge is at `top`; `left` is its end if ha is right."""
        self._texts.append((left, top, text, font))

    def write_wrapped(self, left: float, top: float, text: str, width: float, **font: Any) -> float:
        """Write text in lines of at most `width`; return where the next line would begin."""
        line = _LEADING * font["size"] / 72 if "size" in font else self.line
        for text_of_line in wrapped(self.figure, text, width, **font):
            self.write(left, top, text_of_line, **font)
            top += line
        return top

    def finish(self, height: float) -> Figure:
        """Set the height, put everything in its place, and return the figure."""
        self.figure.set_size_inches(self._width, height)
        for axes, left, top, width, tall in self._axes:
            bottom = 1 - (top + tall) / height
            axes.set_position((left / self._width, bottom, width / self._width, tall / height))
        for left, top, text, font in self._texts:
            self.figure.text(left / self._width, 1 - top / height, text, va="top", **font)
        return self.figure
