"""Where the texts of a figure stand."""

import itertools
from collections.abc import Iterable

from matplotlib.figure import Figure
from matplotlib.text import Text


def assert_readable(figure: Figure, texts: Iterable[Text]) -> None:
    """No text leaves the canvas or meets another; the figure has been drawn."""
    extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, extent in extents:
        assert extent.x0 >= 0, text
        assert extent.y0 >= 0, text
        assert extent.x1 <= figure.bbox.x1, text
        assert extent.y1 <= figure.bbox.y1, text
    for (one, a), (other, b) in itertools.combinations(extents, 2):
        apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
        assert apart, f"{one!r} meets {other!r}"
