"""Histograms of scores: bins by hand, and cuts where the table's networks were cut."""

import numpy as np
import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.figures import score_histograms
from prunescape.foundations import files
from tests.helpers.figure_rows import DENSE, replicates, scores

VALUES = np.random.default_rng(0).permutation(np.arange(1, 1001)).astype(np.float32)


def arms(criterion="snr", levels=(0.5, 0.9), **changes):
    return [
        each
        for level in levels
        for each in replicates(
            [0.9, 0.8], kept=round(1000 * (1 - level)), criterion=criterion, level=level, **changes
        )
    ]


def found(values, criterion="snr", replicate=1):
    row = ("logistic", "vi", criterion, replicate, values)
    return pd.DataFrame([row], columns=["network", "fit", "criterion", "replicate", "scores"])


def test_every_weight_is_in_a_bin_and_cuts_are_at_the_lowest_score_that_is_kept():
    bars, cuts = score_histograms.numbers(scores(DENSE + arms()), found(VALUES))
    assert bars["percent"].sum() == pytest.approx(100)
    assert (bars["low"].iloc[1:].to_numpy() == bars["high"].iloc[:-1].to_numpy()).all()
    wide = bars.iloc[40]
    inside = pd.Series(VALUES).between(wide["low"], wide["high"], inclusive="left").mean()
    assert wide["percent"] == pytest.approx(100 * inside)
    assert bars["log"].all()
    # Half of 1 to 1,000 goes: 501 is the lowest that stays.
    assert cuts["score"].tolist() == [501.0, 901.0]


def test_scores_of_both_signs_have_a_linear_scale():
    bars, cuts = score_histograms.numbers(scores(DENSE + arms()), found(VALUES - 500))
    assert not bars["log"].any()
    widths = bars["high"] - bars["low"]
    assert widths.max() == pytest.approx(widths.min())
    assert bars["low"].iloc[0] == -499
    assert cuts["score"].tolist() == [1.0, 401.0]


def test_zeros_are_in_the_first_bin_of_a_log_scale():
    values = np.concatenate([np.zeros(400), VALUES[:600]])
    bars, _ = score_histograms.numbers(scores(DENSE + arms()), found(values))
    assert 40 <= bars["percent"].iloc[0] < 41
    assert bars["low"].iloc[0] > 0


def test_random_masks_chains_and_other_scopes_are_left_out():
    rows = arms() + arms("random") + arms("shuffled_snr") + arms("magnitude", scope="layer")
    for step in (0, 1):
        rows += arms("magnitude", schedule="chain", step=step)
    both = pd.concat([found(VALUES), found(VALUES, "random"), found(VALUES, "magnitude")])
    bars, cuts = score_histograms.numbers(scores(DENSE + rows), both)
    assert set(bars["criterion"]) == set(cuts["criterion"]) == {"snr"}
    with pytest.raises(ValueError, match="figure score_histograms: no rows with selection"):
        score_histograms.numbers(scores(DENSE + arms("random")), both)


def test_what_is_read_are_all_layers_of_the_first_replicate(tmp_path):
    path = tmp_path / "study/mnist/net/vi/r3-4/score/scores.safetensors"
    arrays = {
        "snr/1": np.arange(12.0).reshape(2, 2, 3),
        "snr/2": np.arange(4.0).reshape(2, 1, 2),
        "magnitude/1": np.ones((2, 2, 3)),
    }
    files.write_tensors(path, arrays, {"replicates": [3, 4]})
    read = score_histograms.read(path, study="study").set_index("criterion")
    assert read.loc["snr", ["network", "fit", "replicate"]].tolist() == ["net", "vi", 3]
    assert read.loc["snr", "scores"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    assert len(read.loc["magnitude", "scores"]) == 6


def test_the_figure_marks_the_cuts_and_says_whose_scores_they_are():
    table = scores(DENSE + arms())
    figure = score_histograms.draw(table, style.Settings(), found(VALUES))
    [axes] = figure.axes
    assert [line.get_xdata()[0] for line in axes.lines] == [501.0, 901.0]
    words = " ".join(text.get_text() for text in figure.texts)
    assert "of replicate 1 out of n = 3" in words
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["50 % lie left", "90 % lie left"]
