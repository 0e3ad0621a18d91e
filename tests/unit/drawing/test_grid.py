"""A grid of panels for what sets arms apart."""

import pandas as pd

from prunescape.drawing.grid import Grid
from prunescape.drawing.style import Settings

FOUND = pd.DataFrame(
    [
        ("wide", "vi", "layer", 0.5),
        ("wide", "vi", "global", 0.6),
        ("wide", "vi", "global", 0.7),
        ("narrow", "vi", "global", 0.8),
    ],
    columns=["network", "fit", "scope", "mean"],
)


def grid(**options):
    return Grid(FOUND, ["scope"], ["network", "fit"], Settings(), **options)


def test_a_panel_has_the_rows_of_its_row_and_column():
    found = {(*panel.row, *panel.column): panel.found["mean"].tolist() for panel in grid()}
    assert found == {
        ("global", "narrow", "vi"): [0.8],
        ("global", "wide", "vi"): [0.6, 0.7],
        ("layer", "narrow", "vi"): [],
        ("layer", "wide", "vi"): [0.5],
    }


def test_a_panel_whose_arm_was_not_run_says_so():
    said = {
        (*panel.row, *panel.column): [text.get_text() for text in panel.axes.texts]
        for panel in grid()
    }
    assert said.pop(("layer", "narrow", "vi")) == ["not run"]
    assert set(map(tuple, said.values())) == {()}


def test_titles_name_what_varies_and_the_sentence_what_does_not():
    made = grid()
    assert [made.panels.axes[0, j].get_title() for j in (0, 1)] == ["narrow", "wide"]
    assert made.constants() == "In all panels: vi. "
    assert made.constants(leave_out=["fit"]) == ""
    texts = [text.get_text() for text in made.panels.finish("", "", [], "").texts]
    assert list(filter(None, texts)) == ["all layers together", "each layer alone"]


def test_titles_may_be_other_words():
    made = grid(title=lambda column: "/".join(column))
    assert [made.panels.axes[0, j].get_title() for j in (0, 1)] == ["narrow/vi", "wide/vi"]
