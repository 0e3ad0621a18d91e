"""Reliability diagrams: the bins of all replicates together, beside those of the unpruned."""

import re

import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.evaluation import reliability, table
from prunescape.evaluation.columns import KEY
from prunescape.figures import reliability as figure
from tests.helpers.figure_rows import DENSE, replicates, row, scores

ARM = {"criterion": "snr", "level": 0.9, "kept": 100}
GREY = {"noise": "grey_raw", "noise_level": 0.3}


def bins_of(rows, *bins):
    """Return the bins of rows of one arm: (bin, images, confidence, accuracy) of each replicate."""
    found = [
        {
            **{name: each[name] for name in KEY},
            **dict(zip(reliability.COLUMNS[-4:], one, strict=True)),
        }
        for each, of in zip(rows, bins, strict=True)
        for one in of
    ]
    return pd.DataFrame(found, columns=reliability.COLUMNS)


PRUNED = replicates([0.8, 0.6], **ARM)
UNPRUNED = DENSE[:2]
BINS = pd.concat(
    [
        bins_of(PRUNED, [(15, 300, 0.98, 0.9), (9, 100, 0.6, 0.5)], [(15, 100, 0.96, 0.5)]),
        bins_of(UNPRUNED, [(15, 400, 0.99, 0.95)], [(15, 300, 0.95, 0.90), (3, 1, 0.2, 0.0)]),
    ]
)


def test_images_of_all_replicates_are_put_together():
    pruned, dense = figure.numbers(scores(UNPRUNED + PRUNED), BINS)
    assert pruned["bin"].tolist() == [9, 15]
    assert pruned["images"].tolist() == [100, 400]
    assert pruned["confidence"].tolist() == pytest.approx([60, (300 * 98 + 100 * 96) / 400])
    assert pruned["accuracy"].tolist() == pytest.approx([50, (300 * 90 + 100 * 50) / 400])
    assert pruned["share"].tolist() == pytest.approx([20, 80])
    assert pruned["n"].tolist() == [2, 2]
    assert dense["images"].tolist() == [1, 700]
    assert dense["accuracy"].tolist() == pytest.approx([0, (400 * 95 + 300 * 90) / 700])
    assert set(dense["control"]) == {"none"}
    assert set(dense["level"]) == {0.9}


def test_a_network_that_trained_on_is_compared_with_its_control():
    tuned = {"schedule": "oneshot_finetune"}
    arms = [each | tuned for each in PRUNED]
    control = [each | tuned for each in UNPRUNED]
    bins = pd.concat(
        [
            bins_of(UNPRUNED, [(15, 10, 0.99, 0.9)], []),
            bins_of(control, [(14, 20, 0.92, 0.8)], []),
            bins_of(arms, [(12, 30, 0.8, 0.7)], []),
        ]
    )
    _, dense = figure.numbers(scores(UNPRUNED + arms + control), bins)
    assert dense[["control", "bin", "images"]].to_numpy().tolist() == [["oneshot_finetune", 14, 20]]


def test_the_noise_that_costs_most_and_sparsities_tested_under_it_are_drawn():
    strong = GREY | {"noise_level": 0.6}
    rows = UNPRUNED + [each | noise for noise in (GREY, strong) for each in UNPRUNED]
    for level in (0.5, 0.6, 0.7, 0.8, 0.9):
        rows += replicates([0.8, 0.6], **ARM | {"level": level})
        for accuracy, noise in ((0.4, GREY), (0.3, strong)) if level != 0.9 else ():
            rows += replicates([accuracy] * 2, **ARM | {"level": level}, **noise)
    bins = bins_of(rows, *[[(15, 100, 0.98, 0.9)]] * len(rows))
    pruned, dense = figure.numbers(scores(rows), bins)
    for found in (pruned, dense):
        drawn = sorted({*zip(found["level"], found["noise_level"], strict=True)})
        assert drawn == [(level, noise) for level in (0.5, 0.7, 0.8) for noise in (0, 0.6)]
    assert (dense["images"] == 200).all()


def test_sampled_rows_are_not_among_those_of_means():
    sampled = bins_of(
        [each | {"prediction": "sampled"} for each in UNPRUNED + PRUNED],
        *[[(7, 100, 0.45, 0.4)]] * 4,
    )
    expected = figure.numbers(scores(UNPRUNED + PRUNED), BINS)
    found = figure.numbers(scores(UNPRUNED + PRUNED), pd.concat([sampled, BINS]))
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_lines_pass_through_bins_of_enough_images_and_the_strip_shows_all():
    drawn = figure.draw(scores(UNPRUNED + PRUNED), style.Settings(), BINS)
    [axes] = drawn.axes
    _, _, dense, pruned = axes.lines  # after the diagonal and the line at 0
    assert pruned.get_xdata().tolist() == pytest.approx([60, 97.5])
    assert dense.get_ydata().tolist() == pytest.approx([100 * (400 * 0.95 + 300 * 0.9) / 700])
    of_dense, of_pruned = (patch.get_data().values for patch in axes.patches)
    assert (of_pruned > of_pruned.min()).nonzero()[0].tolist() == [8, 14]
    assert (of_dense > of_dense.min()).nonzero()[0].tolist() == [2, 14]
    assert max(of_dense.max(), of_pruned.max()) < 0
    assert of_pruned[14] - of_pruned[0] == pytest.approx(
        0.8 * 701 / 700 * (of_dense[14] - of_dense[0])
    )
    words = " ".join(text.get_text() for text in drawn.texts)
    assert "n = 2 replicates together" in words


def test_the_files_columns_are_checked(tmp_path):
    path = tmp_path / "reliability.parquet"
    table.write_parquet(BINS, path)
    pd.testing.assert_frame_equal(
        figure.read(path, study="graves"), BINS.reset_index(drop=True), check_dtype=False
    )
    table.write_parquet(pd.DataFrame([row(0.5)]), path)
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected the columns")):
        figure.read(path, study="graves")
