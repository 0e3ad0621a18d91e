"""Overlap of masks against plain sets, and its figure."""

import numpy as np
import pytest

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
