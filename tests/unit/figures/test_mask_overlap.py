"""How much masks have in common: pairs of criteria, pairs of replicates, the last step."""

import numpy as np
import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.figures import mask_overlap


def rows(overlap, **changes):
    place = {"network": "net", "fit": "fit", "scope": "global", "schedule": "oneshot", "step": 0}
    pair = {"criterion": "magnitude", "other_criterion": "snr"}
    return [
        {**place, "level": 0.9, **pair, "replicate": r, "other_replicate": r, "overlap": each}
        | changes
        for r, each in enumerate(overlap, start=1)
    ]


def test_the_figure_averages_pairs_of_replicates_without_an_interval():
    within = [
        {**row, "other_criterion": "magnitude", "replicate": 1, "other_replicate": 2 + i}
        for i, row in enumerate(rows([0.2, 0.4]))
    ]
    found = mask_overlap.numbers(
        pd.DataFrame(rows([0.5, 0.6, 0.7]) + within + rows([1.0], level=0.0))
    )
    found = found.set_index(["criterion", "other_criterion"])
    assert found.loc[("snr", "magnitude"), "mean"] == pytest.approx(60)
    assert found.loc[("snr", "magnitude"), "n"] == 3
    assert found.loc[("snr", "magnitude"), "low"] == pytest.approx(60 - 4.30265 * 10 / 3**0.5)
    assert found.loc[("magnitude", "magnitude"), "mean"] == pytest.approx(30)
    assert np.isnan(found.loc[("magnitude", "magnitude"), "low"])
    assert set(found["level"]) == {0.9}


def test_the_figure_takes_the_last_step_of_a_level():
    chain = rows([0.1, 0.1], step=14) + rows([0.8, 0.9], step=15)
    found = mask_overlap.numbers(pd.DataFrame(chain))
    assert found["mean"].tolist() == pytest.approx([85])


def test_pairs_with_random_masks_and_with_a_twin_are_left_out():
    kept = [("magnitude", "log_alpha"), ("magnitude", "snr"), ("magnitude", "random")]
    pairs = [rows([0.5, 0.6], criterion=one, other_criterion=other) for one, other in kept]
    found = mask_overlap.numbers(pd.DataFrame([each for pair in pairs for each in pair]))
    assert found[["criterion", "other_criterion"]].to_numpy().tolist() == [
        ["magnitude", "log_alpha"]
    ]
    alone = mask_overlap.numbers(pd.DataFrame(pairs[2]))
    assert set(alone["other_criterion"]) == {"random"}


def test_a_dot_stands_where_its_number_is_and_chance_at_the_share_kept():
    figure = mask_overlap.draw(
        pd.DataFrame({"effect": ["zero"]}), style.Settings(), pd.DataFrame(rows([0.5, 0.6]))
    )
    (axes,) = figure.axes
    chance, interval, dot = axes.lines
    assert chance.get_xdata() == pytest.approx([10])
    assert dot.get_xdata() == pytest.approx([55])
    assert interval.get_xdata()[0] < 55 < interval.get_xdata()[1]


def test_the_figure_says_what_it_shows_and_what_is_missing():
    found = pd.DataFrame(rows([0.5, 0.6]))
    for effects, title, kept in (
        (["none", "zero"], "90 % removed", "weights kept that"),
        (["none", "zero", "freeze"], "90 % removed or frozen", "neither removed nor frozen"),
    ):
        figure = mask_overlap.draw(pd.DataFrame({"effect": effects}), style.Settings(), found)
        assert title in [text.get_text() for text in figure.legends[0].get_texts()]
        words = " ".join(" ".join(text.get_text() for text in figure.texts).split())
        assert "over n = 2 replicates" in words
        assert kept in words
    alone = pd.DataFrame(rows([0.5], other_criterion="magnitude"))
    with pytest.raises(ValueError, match="figure mask_overlap: no masks of several criteria"):
        mask_overlap.draw(pd.DataFrame(), style.Settings(), alone)
