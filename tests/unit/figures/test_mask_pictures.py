"""Masks as pictures: shares of pixels by hand, of layers that see all of them."""

import numpy as np
import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.figures import mask_pictures
from prunescape.foundations import files
from tests.helpers.figure_rows import DENSE, replicates, scores

UNITS, SHAPE = 4, (2, 3, 5)
PIXELS = 30


def written(folder, kept, *, convolution=False, level="0.50"):
    """Write images, scores and masks of two replicates; `kept` is [2, UNITS, PIXELS]."""
    model = folder / "graves/mnist/logistic/vi/r3-4"
    shape = (2, UNITS, 2, 9) if convolution else (2, UNITS, PIXELS)
    scored = {"snr/10": np.ones((2, 3, UNITS)), "snr/2": np.ones(shape)}
    paths = [
        folder / "data/test.safetensors",
        model / "score/scores.safetensors",
        model / f"prune/exact_k/{level}/masks.safetensors",
    ]
    files.write_tensors(paths[0], {"images": np.zeros((7, *SHAPE), np.uint8)}, {})
    files.write_tensors(paths[1], scored, {"replicates": [3, 4]})
    packed = {
        "snr/global/2": np.packbits(kept.reshape(2, -1), axis=1),
        "snr/global/10": np.packbits(np.ones((2, 3 * UNITS), bool), axis=1),
    }
    files.write_tensors(paths[2], packed, {"replicates": [3, 4]})
    return paths


def test_a_pixel_has_the_share_that_is_kept_of_its_weights(tmp_path):
    kept = np.random.default_rng(0).random((2, UNITS, PIXELS)) < 0.3
    read = mask_pictures.read(*written(tmp_path, kept), study="graves")
    names = ["network", "fit", "criterion", "scope", "level", "replicate"]
    assert read[names].to_numpy().tolist() == [
        ["logistic", "vi", "snr", "global", 0.5, 3],
        ["logistic", "vi", "snr", "global", 0.5, 4],
    ]
    for picture, mask in zip(read["picture"], kept, strict=True):
        by_hand = np.zeros(SHAPE[1:])
        for unit in mask:
            for channel in unit.reshape(SHAPE):
                by_hand += channel
        assert picture == pytest.approx(100 * by_hand / (UNITS * SHAPE[0]))

    [row] = mask_pictures.numbers(read).itertuples()
    assert (row.n, row.level) == (2, 0.5)
    assert row.kept == pytest.approx(100 * kept.mean())
    assert row.picture == pytest.approx((read["picture"][0] + read["picture"][1]) / 2)


def test_a_convolution_has_no_picture(tmp_path):
    paths = written(tmp_path, np.ones((2, UNITS, PIXELS), bool), convolution=True)
    read = mask_pictures.read(*paths, study="graves")
    assert read.empty
    with pytest.raises(ValueError, match="figure mask_pictures: no masks of a first layer"):
        mask_pictures.numbers(read)


def pictures(criteria, levels, scopes=("global",)):
    rows = [
        ("logistic", "vi", level, criterion, scope, replicate, np.full((4, 4), 100 * (1 - level)))
        for criterion in criteria
        for scope in scopes
        for level in levels
        for replicate in (1, 2, 3)
    ]
    columns = ["network", "fit", "level", "criterion", "scope", "replicate", "picture"]
    return pd.DataFrame(rows, columns=columns).assign(selection="exact_k")


def test_controls_twins_and_most_levels_are_left_out():
    levels = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]
    criteria = ["random", "shuffled_snr", "snr", "log_alpha", "magnitude"]
    found = mask_pictures.numbers(pictures(criteria, levels))
    assert set(found["criterion"]) == {"log_alpha", "magnitude"}
    assert sorted(set(found["level"])) == [0.1, 0.5, 0.9]
    many = mask_pictures.numbers(pictures(["snr", "magnitude"], levels, "abcdefgh"))
    assert len(many) == 24


def test_the_figure_says_of_what_each_picture_is_and_shades_mean_the_same():
    rows = [*DENSE, *replicates([0.9, 0.8, 0.7], criterion="snr", level=0.5)]
    found = pictures(["snr", "magnitude"], [0.5, 0.9])
    figure = mask_pictures.draw(scores(rows), style.Settings(), found)
    titles = [" ".join(axes.get_title().split()) for axes in figure.axes]
    assert len(titles) == 4
    assert titles[0].startswith("50 % removed, ")
    assert {axes.images[0].norm.vmax for axes in figure.axes} == {100}
    words = " ".join(text.get_text() for text in figure.texts)
    assert "mean over n = 3 replicates" in words
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["0 %", "10 %", "25 %", "50 %", "100 %"]
