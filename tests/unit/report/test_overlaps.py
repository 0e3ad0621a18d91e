"""Overlap of masks against plain sets, and its figure."""

import numpy as np
import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.figures import mask_overlap
from prunescape.pruning import selection
from prunescape.report import overlaps

SHAPES = {"1": (4, 5), "2": (3, 7)}
KEPT = 0.3


def made_up(criteria, replicates, name):
    """Masks of two layers whose weights are no multiples of 8."""
    stream = np.random.default_rng([len(name), replicates])
    return {
        f"{criterion}/global": {
            layer: stream.random((replicates, *shape)) < KEPT for layer, shape in SHAPES.items()
        }
        for criterion in criteria
    }


def packed(by_arm):
    return {
        f"{arm}/{layer}": bits
        for arm, layers in by_arm.items()
        for layer, bits in selection.pack(layers).items()
    }


def kept(layers, member):
    """Return the places of the kept weights as a set."""
    return {(name, *place) for name, each in layers.items() for place in np.argwhere(each[member])}


def as_sets(layers, member):
    return {tuple(map(str, place)) for place in kept(layers, member)}


CUT = overlaps.Cut("net", "fit", "oneshot", 0, "50x")


def test_overlaps_equal_those_of_plain_sets_across_blocks():
    first = made_up(["magnitude", "random"], 2, "first")
    second = made_up(["magnitude", "random"], 3, "another")
    found = overlaps.table([(CUT, packed(first), (1, 2)), (CUT, packed(second), (3, 4, 5))])
    blocks = [(first, 0), (first, 1), (second, 0), (second, 1), (second, 2)]

    expected = {}
    for r, (block, member) in enumerate(blocks, start=1):
        for criterion in ("magnitude", "random"):
            expected[criterion, r] = as_sets(block[f"{criterion}/global"], member)
    assert len(found) == 5 + 2 * 10  # criteria within replicates; pairs of replicates
    for row in found.itertuples():
        left = expected[row.criterion, row.replicate]
        right = expected[row.other_criterion, row.other_replicate]
        assert row.overlap == pytest.approx(len(left & right) / min(len(left), len(right)))
        assert (row.criterion == row.other_criterion) != (row.replicate == row.other_replicate)
    assert set(found["level"]) == {0.98}


def test_scopes_and_cuts_are_never_mixed():
    same = made_up(["magnitude", "random"], 1, "same")
    scopes = packed({"magnitude/layer": same["magnitude/global"], **same})
    later = CUT._replace(step=1)
    found = overlaps.table([(CUT, scopes, (1,)), (later, packed(same), (1,))])
    assert found[["scope", "step"]].values.tolist() == [["global", 0], ["global", 1]]


def test_a_mask_that_keeps_nothing_overlaps_with_none():
    block = made_up(["magnitude", "random"], 1, "block")
    block["random/global"] = {name: np.zeros((1, *s), bool) for name, s in SHAPES.items()}
    found = overlaps.table([(CUT, packed(block), (1,))])
    assert found["overlap"].isna().all()


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
    assert found.loc[("magnitude", "snr"), "mean"] == pytest.approx(60)
    assert found.loc[("snr", "magnitude"), "n"] == 3
    assert found.loc[("magnitude", "snr"), "low"] == pytest.approx(60 - 4.30265 * 10 / 3**0.5)
    assert found.loc[("magnitude", "magnitude"), "mean"] == pytest.approx(30)
    assert np.isnan(found.loc[("magnitude", "magnitude"), "low"])
    assert set(found["level"]) == {0.9}


def test_the_figure_takes_the_last_step_of_a_level():
    chain = rows([0.1, 0.1], step=14) + rows([0.8, 0.9], step=15)
    found = mask_overlap.numbers(pd.DataFrame(chain))
    assert found["mean"].tolist() == pytest.approx([85, 85])


def test_the_figure_says_what_it_shows_and_what_is_missing():
    figure = mask_overlap.draw(pd.DataFrame(), style.Settings(), pd.DataFrame(rows([0.5, 0.6])))
    assert [axes.get_title() for axes in figure.axes] == ["90 % removed"]
    words = " ".join(text.get_text() for text in figure.texts)
    assert "mean over n = 2 replicates" in words
    alone = pd.DataFrame(rows([0.5], other_criterion="magnitude"))
    with pytest.raises(ValueError, match="figure mask_overlap: no masks of several criteria"):
        mask_overlap.draw(pd.DataFrame(), style.Settings(), alone)
