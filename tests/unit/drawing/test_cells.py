"""Maps of cells: which rows they show, and their labels."""

import pytest
from matplotlib.figure import Figure

from prunescape.drawing import cells
from tests.helpers.figure_rows import DENSE, replicates, scores

SNR = {"criterion": "snr", "kept": 100}


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_noise_begins_with_the_clean_rows_of_the_same_networks():
    rows = DENSE + replicates([0.8, 0.7], level=0.5, **SNR) + replicates([0.6], level=0.9, **SNR)
    assert set(cells.rows(scores(rows))["noise"]) == {"none"}
    rows += replicates([0.4, 0.3], level=0.5, noise="gaussian", noise_level=0.2, **SNR)
    rows += replicates([0.1], level=0.5, **SNR | {"selection": "threshold"})
    found = cells.rows(scores(rows)).sort_values(["noise_level", "replicate"])
    # At 0.9 no noise was met.
    assert set(found["level"]) == {0.5}
    assert set(found["noise"]) == {"gaussian"}
    assert found["noise_level"].tolist() == [0, 0, 0.2, 0.2]
    assert found["accuracy_percent"].tolist() == pytest.approx([80, 70, 40, 30])


def test_labels_are_those_of_the_levels(axes):
    cells.label(axes, [0.5, 0.98529], [0, 0.25, 1])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["50", "98.53"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "0.25", "1"]
    assert axes.get_xlim() == (-0.5, 1.5)
    assert axes.get_ylim() == (-0.5, 2.5)


@pytest.mark.parametrize(
    ("inches", "shown"),
    [(0.25, ["10", "20", "30", "40", "50"]), (0.5, ["10", "30", "50"]), (9, ["50"])],
)
def test_labels_are_left_out_where_they_would_meet_but_never_the_last(axes, inches, shown):
    cells.thinned(axes, [0.1, 0.2, 0.3, 0.4, 0.5], 1.25, inches)
    assert [text.get_text() for text in axes.get_xticklabels()] == shown
