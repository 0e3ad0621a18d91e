"""Where things stand: panels in inches, wrapped rows, a height that follows from the content."""

import itertools

import pytest
from matplotlib.lines import Line2D

from prunescape.drawing import style
from prunescape.drawing.layout import Panels, wrapped
from prunescape.drawing.style import Settings

NAMES = [f"column {i}" for i in range(7)]
HANDLES = [Line2D([], [], label=f"criterion {i}") for i in range(9)]


def drawn(rows, columns, width=7.0, note="A note.", **options):
    """Return panels and their figure, finished."""
    panels = Panels([(row, columns) for row in rows], Settings(width=width), **options)
    return panels, panels.finish("x", "y", HANDLES, note)


def boxes(panels):
    """Return (row, column) -> left, bottom, width, height, inches."""
    inches = [*panels.figure.get_size_inches()] * 2
    return {
        key: [a * b for a, b in zip(axes.get_position().bounds, inches, strict=True)]
        for key, axes in panels.axes.items()
    }


@pytest.mark.parametrize(("width", "across"), [(7.0, 4), (4.0, 2), (20.0, 7)])
def test_columns_that_are_too_many_for_the_width_are_wrapped(width, across):
    panels, figure = drawn(["a", "b"], NAMES, width)
    found = boxes(panels)
    assert figure.get_size_inches()[0] == width
    assert len(found) == 14
    lefts = sorted({round(left, 6) for left, *_ in found.values()})
    assert len(lefts) == across
    assert found[0, across % 7][0] == pytest.approx(found[0, 0][0])
    for left, bottom, wide, high in found.values():
        assert wide == pytest.approx(panels.width)
        assert 0.799 <= high <= 2.401
        assert left + wide <= width
        assert bottom > 0
    for one, other in itertools.combinations(found.values(), 2):
        apart = abs(one[0] - other[0]) > one[2], abs(one[1] - other[1]) > one[3]
        assert any(apart)


def test_sections_may_have_y_axes_of_their_own():
    panels, _ = drawn(["a", "b"], NAMES[:2])
    panels.axes[1, 1].set_ylim(0, 7)
    assert {axes.get_ylim() for axes in panels.axes.values()} == {(0, 7)}
    panels = Panels([("", NAMES[:2]), ("", NAMES[:2])], Settings(), own_y=True)
    panels.axes[1, 1].set_ylim(0, 7)
    figure = panels.finish("x", ["loss", "accuracy"], HANDLES, "A note.")
    assert panels.axes[1, 0].get_ylim() == (0, 7) != panels.axes[0, 0].get_ylim()
    heights = {text.get_text(): text.get_position()[1] for text in figure.texts}
    assert heights["loss"] > heights["accuracy"]


def test_only_outer_panels_are_labelled():
    panels, _ = drawn(["a", "b"], NAMES)  # 4 across, 3 below
    labelled = {
        side: {
            key
            for key, axes in panels.axes.items()
            if (axes.yaxis if side == "labelleft" else axes.xaxis).get_tick_params()[side]
        }
        for side in ("labelleft", "labelbottom")
    }
    assert labelled["labelleft"] == {(0, 0), (0, 4), (1, 0), (1, 4)}
    # Every column of panels ends in labels; below (0, 3) is nothing.
    assert labelled["labelbottom"] == {(1, 3), (1, 4), (1, 5), (1, 6)}


def test_all_panels_share_y_and_columns_may_have_an_x_of_their_own():
    shared, _ = drawn(["a", "b"], ["c", "d"])
    shared.first.set_xlim(0, 7)
    shared.first.set_ylim(0, 9)
    assert {axes.get_xlim() for axes in shared.axes.values()} == {(0, 7)}
    assert {axes.get_ylim() for axes in shared.axes.values()} == {(0, 9)}
    panels, _ = drawn(["a", "b"], ["c", "d"], own_x=True)
    panels.first.set_xlim(0, 7)
    assert panels.axes[1, 0].get_xlim() == (0, 7)
    assert panels.axes[1, 1].get_xlim() != (0, 7)


def test_sections_have_panels_of_their_own_and_a_page_holds_them():
    panels = Panels([("a", ["b", "c", "d"]), ("e", ["f"])], Settings())
    assert set(panels.axes) == {(0, 0), (0, 1), (0, 2), (1, 0)}
    many = Panels([(str(i), ["b", "c", "d"]) for i in range(6)], Settings())
    figure = many.finish("x", "y", HANDLES, "A note.")
    assert figure.get_size_inches()[1] <= 9
    assert many.height < panels.height


def test_titles_wider_than_their_panel_are_wrapped():
    with style.applied(Settings()):
        panels, _ = drawn([""], ["word " * 12, "b", "c"])
    assert "\n" in panels.first.get_title()
    extents = [axes.title.get_window_extent() for axes in panels.axes.values()]
    assert extents[0].width / panels.figure.dpi <= panels.width * 1.01


def test_the_height_follows_from_the_note():
    _, short = drawn([""], ["c"], note="word")
    _, longer = drawn([""], ["c"], note="word " * 100)
    lines = [text for text in longer.texts if text.get_text().startswith("word")]
    assert len(lines) > 3
    assert " ".join(text.get_text() for text in lines).split() == ["word"] * 100
    more = longer.get_size_inches()[1] - short.get_size_inches()[1]
    assert more == pytest.approx((len(lines) - 1) * 0.95 * 1.45 * 8 / 72)


def test_the_legend_fits_the_width_below_the_panels():
    panels, figure = drawn([""], ["c"], width=3.5)
    (legend,) = figure.legends
    extent = legend.get_window_extent()
    assert len(legend.get_texts()) == len(HANDLES)
    assert extent.width / figure.dpi <= 3.5
    assert extent.y1 / figure.dpi < boxes(panels)[0, 0][1]


def test_headings_and_titles_that_are_empty_are_left_out():
    panels, figure = drawn(["", "b"], ["", ""])
    assert {axes.get_title() for axes in panels.axes.values()} == {""}
    assert [text.get_text() for text in figure.texts if text.get_weight() == "bold"] == ["b"]


def test_a_number_keeps_its_percent_sign():
    panels, _ = drawn(["row"], NAMES[:1])
    lines = wrapped(panels.figure, "a cut at 95 %: of 99.23 % none " * 20, 1.0)
    assert len(lines) > 20
    assert not any(line.startswith("%") for line in lines)
    assert " ".join(lines) == ("a cut at 95 %: of 99.23 % none " * 20).strip()
    assert wrapped(panels.figure, "", 1.0) == []
