"""Points of accuracy that each class loses: which rows, and what the figure says."""

import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.evaluation import table
from prunescape.figures import class_losses
from prunescape.report import flips
from tests.helpers.image_outcomes import CLASSES, LABELS, outcomes

FLIPPED = flips.table(outcomes(), LABELS, CLASSES)


def test_classes_of_every_arm_at_a_few_sparsities():
    found = class_losses.numbers(FLIPPED)
    assert len(found) == len(FLIPPED) * CLASSES
    one = found.query("criterion == 'snr' and level == 0.5").sort_values("label")
    row = FLIPPED.query("criterion == 'snr' and level == 0.5").iloc[0]
    assert one["label"].tolist() == list(range(CLASSES))
    assert one["loss"].tolist() == [float(each) for each in row["loss_by_class"].split()]
    thresholds = FLIPPED.assign(selection="threshold")
    with pytest.raises(ValueError, match="figure class_losses: no rows with selection = exact_k"):
        class_losses.numbers(thresholds)


def test_what_is_read_is_what_was_written(tmp_path):
    table.write_csv(FLIPPED, tmp_path / "flips.csv")
    found = class_losses.read(tmp_path / "flips.csv", study="graves")
    pd.testing.assert_frame_equal(class_losses.numbers(found), class_losses.numbers(FLIPPED))


def test_the_figure_says_what_it_shows():
    figure = class_losses.draw(pd.DataFrame(), style.Settings(), FLIPPED)
    words = " ".join(text.get_text() for text in figure.texts)
    assert "Mean over n = 3 replicates, on 200 images" in words
    assert [axes.get_title() for axes in figure.axes[:2]] == ["50 % removed", "90 % removed"]
