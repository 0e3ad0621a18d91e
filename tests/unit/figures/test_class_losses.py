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
    drawn = FLIPPED[FLIPPED["criterion"] != "random"]
    assert len(found) == len(drawn) * CLASSES
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


def test_the_sparsities_are_where_free_pruning_ends_among_those_that_most_arms_have():
    row = FLIPPED.query("criterion == 'snr'").iloc[0].to_dict()
    losses = {0.3: 0.0, 0.5: -0.5, 0.7: -1.9, 0.9: -5.0, 0.95: -40.0}
    rows = [
        row | {"criterion": name, "level": level, "difference": loss}
        for name in ("snr", "magnitude")
        for level, loss in losses.items()
    ]
    rows += [row | {"criterion": "magnitude", "schedule": f"s{i}", "level": 0.7} for i in (1, 2)]
    rows += [row | {"criterion": "magnitude", "schedule": "s1", "level": 0.99, "difference": -1.0}]
    assert sorted(set(class_losses.numbers(pd.DataFrame(rows))["level"])) == [0.7, 0.9]


def test_cells_have_the_colour_and_number_of_their_loss():
    figure = class_losses.draw(pd.DataFrame(), style.Settings(), FLIPPED)
    found = class_losses.numbers(FLIPPED)
    axes = figure.axes[0]
    assert len(axes.texts) == len(found[found["level"] == 0.5])
    lost = [
        (text.get_text(), patch.get_facecolor())
        for text, patch in zip(axes.texts, axes.patches, strict=True)
    ]
    assert all(face[0] > face[2] for text, face in lost if not text.startswith(("−", "0")))
    assert all(face[2] > face[0] for text, face in lost if text.startswith("−"))


def test_the_legend_writes_minus_signs_and_one_point():
    assert [class_losses._points(each) for each in (-10, -1, 1, 100)] == [
        *("−10 points", "−1 point", "+1 point", "+100 points"),
    ]
