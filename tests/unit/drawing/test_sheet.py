"""A page of text and axes: everything lies where it was placed, in inches from the top."""

import pytest

from prunescape.drawing import style
from prunescape.drawing.sheet import Sheet

SETTINGS = style.Settings(width=6.0, font_size=8.0, dots_per_inch=100)


def test_what_is_placed_from_the_top_stays_there_whatever_the_height():
    for height in (2.0, 5.0):
        with style.applied(SETTINGS):
            sheet = Sheet(SETTINGS)
            axes = sheet.add_axes(1.5, 0.5, 3.0, 1.0)
            sheet.write(0.2, 0.7, "left")
            sheet.write(5.8, 0.7, "right", ha="right")
            figure = sheet.finish(height)
            figure.canvas.draw()
        assert figure.get_size_inches().tolist() == [6.0, height]
        box = axes.get_position()
        assert (box.x0 * 6, box.x1 * 6) == pytest.approx((1.5, 4.5))
        assert ((1 - box.y1) * height, (1 - box.y0) * height) == pytest.approx((0.5, 1.5))
        left, right = (text.get_window_extent() for text in figure.texts)
        assert left.x0 == pytest.approx(20, abs=2)
        assert right.x1 == pytest.approx(580, abs=2)
        assert left.y1 == pytest.approx(100 * (height - 0.7), abs=3)


def test_text_is_wrapped_and_ends_where_the_next_line_begins():
    with style.applied(SETTINGS):
        sheet = Sheet(SETTINGS)
        words = "a few words that do not fit in one line of two inches, nor in two"
        end = sheet.write_wrapped(0.1, 0.3, words, 2.0)
        small = sheet.write_wrapped(3.1, 0.3, words, 2.0, size=4)
        figure = sheet.finish(2.0)
        figure.canvas.draw()
    lines = [text for text in figure.texts if text.get_position()[0] < 0.5]
    assert " ".join(text.get_text() for text in lines) == words
    assert len(lines) > 1
    assert end == pytest.approx(0.3 + len(lines) * 8 / 72 * 1.3)
    assert all(text.get_window_extent().width <= 200 for text in figure.texts)
    others = len(figure.texts) - len(lines)
    assert small == pytest.approx(0.3 + others * 4 / 72 * 1.3)
    assert others < len(lines)
