"""Groups of weights, against torch's sparsifier and against plain loops."""

import numpy as np
import pytest
import torch
from torch.ao.pruning import WeightNormSparsifier

from prunescape.foundations import streams
from prunescape.pruning import groups, selection
from tests.helpers.factories import ties

LINEAR, CONV = (6, 10), (5, 7, 3, 2)


def drawn(shape, name="groups", values=None):
    """Return random scores; if `values` is a number, so few different ones that many are tied."""
    generator = streams.generator("test", name, *shape)
    return generator.random(shape) if values is None else generator.integers(0, values, shape) * 1.0


def n_of_m(scores, pattern):
    """Keep n of every m by a plain loop; scores must differ."""
    n, m = pattern
    kept = np.zeros(scores.shape, dtype=bool)
    for place in np.ndindex(scores.shape[0], *scores.shape[2:]):
        row = scores[(place[0], slice(None), *place[1:])]
        for first in range(0, len(row), m):
            members = sorted(range(first, min(first + m, len(row))), key=lambda i: -row[i])
            for i in members[:n]:
                kept[(place[0], i, *place[1:])] = True
    return kept


@pytest.mark.parametrize("pattern", [(2, 4), (1, 4), (3, 8), (1, 2), (2, 7)])
@pytest.mark.parametrize("shape", [LINEAR, CONV, (3, 8), (2, 1, 3, 3)])
def test_n_of_m_as_a_plain_loop_has_it(shape, pattern):
    scores = drawn(shape)
    found = groups.keep_n_of_m(scores, pattern, drawn(shape, "lot"))
    np.testing.assert_array_equal(found, n_of_m(scores, pattern))
    broken, kept, every = groups.counted(found, "n_m", pattern)
    assert (broken, kept) == (0, every)
    assert every == shape[0] * -(-shape[1] // pattern[1]) * int(np.prod(shape[2:]))


@pytest.mark.parametrize("width", [16, 10, 9])
def test_two_of_four_is_what_torch_prunes(width):
    layer = torch.nn.Linear(width, 6, bias=False)
    weight = torch.from_numpy(drawn((6, width)) - 0.5).float()
    layer.weight.data = weight.clone()
    model = torch.nn.Sequential(layer)
    sparsifier = WeightNormSparsifier(
        sparsity_level=1.0, sparse_block_shape=(1, 4), zeros_per_block=2
    )
    sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
    sparsifier.step()
    expected = model[0].parametrizations.weight[0].mask.bool().numpy()[:, :width]
    scores = {"1": weight.abs().numpy()[None]}
    found = selection.exact_k(scores, "0.50", "n_m", ties(1), group=(2, 4))["1"][0]
    whole = width // 4 * 4
    np.testing.assert_array_equal(found[:, :whole], expected[:, :whole])
    # torch takes two of what is left over; here two stay, since zeros that fill a row up go.
    assert (found[:, whole:].sum(1) == min(2, width - whole)).all()


def test_ties_are_broken_by_the_stream_and_every_group_is_exact():
    scores = {"1": drawn((4, *CONV), values=2)}
    made = [
        selection.exact_k(scores, "0.75", "n_m", ties(4, name), group=(1, 4))["1"]
        for name in ("a", "a", "b")
    ]
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()
    for mask in made[0]:
        assert groups.counted(mask, "n_m", (1, 4))[0] == 0


def test_what_an_earlier_mask_removed_goes_first():
    scores = {"1": drawn((1, *CONV))}
    before = selection.exact_k(scores, "0.50", "n_m", ties(1), group=(2, 4))
    again = {"1": -scores["1"]}
    found = selection.exact_k(again, "0.50", "n_m", ties(1), group=(2, 4), previous=before)
    np.testing.assert_array_equal(found["1"], before["1"])


def test_n_of_m_has_one_level():
    with pytest.raises(ValueError, match=r"^level 0.60: 2 of 4 weights are kept, a level of 0.5$"):
        selection.exact_k({"1": drawn((1, *LINEAR))}, "0.60", "n_m", ties(1), group=(2, 4))


def blocks_of(scores, shape, removed):
    """Keep the strongest blocks of a layer by a plain loop; their strengths must differ."""
    (a, b), strengths = shape, {}
    for place in np.ndindex(-(-scores.shape[0] // a), -(-scores.shape[1] // b), *scores.shape[2:]):
        rows = slice(place[0] * a, place[0] * a + a)
        cut = (rows, slice(place[1] * b, place[1] * b + b), *place[2:])
        strengths[place] = (np.sqrt(np.mean(scores[cut] ** 2)), cut)
    kept = np.ones(scores.shape, dtype=bool)
    for place in sorted(strengths, key=lambda each: strengths[each][0])[:removed]:
        kept[strengths[place][1]] = False
    return kept, len(strengths)


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (2, 3), (1, 1), (9, 9)])
@pytest.mark.parametrize("layer", [LINEAR, CONV])
def test_blocks_as_a_plain_loop_has_them(layer, shape):
    scores = drawn((2, *layer))
    for level in ("0", "0.35", "0.50", "0.90"):
        found = selection.exact_k({"1": scores}, level, "block", ties(2), group=shape)["1"]
        for mask, given in zip(found, scores, strict=True):
            _, every = blocks_of(given, shape, 0)
            removed = round(float(level) * every)
            np.testing.assert_array_equal(mask, blocks_of(given, shape, removed)[0])
            assert groups.counted(mask, "block", shape) == (0, every - removed, every)


def test_blocks_of_a_chain_are_nested():
    scores = {"1": drawn((2, *CONV)), "2": drawn((2, *LINEAR))}
    before = selection.exact_k(scores, "0.50", "block", ties(2), group=(2, 2))
    other = {name: -value for name, value in scores.items()}
    after = selection.exact_k(other, "0.80", "block", ties(2), group=(2, 2), previous=before)
    for name in scores:
        assert not (after[name] & ~before[name]).any()
        assert groups.counted(after[name][0], "block", (2, 2))[0] == 0
    with pytest.raises(ValueError, match="must not fall"):
        selection.exact_k(other, "0.20", "block", ties(2), group=(2, 2), previous=before)


def test_a_broken_pattern_is_counted():
    mask = n_of_m(drawn(LINEAR), (2, 4))
    mask[3] = True
    # Two groups of 4 and a rest of 2 a row; the rest keeps both anyway.
    assert groups.counted(mask, "n_m", (2, 4)) == (2, 18, 18)
    mask = np.ones((4, 4), dtype=bool)
    mask[0, 0] = mask[2:, 2:] = False
    assert groups.counted(mask, "block", (2, 2)) == (1, 3, 4)


@pytest.mark.parametrize(
    ("shape", "kind", "group", "said"),
    [
        ((6, 8), "n_m", (2, 4), ""),
        ((6, 10), "n_m", (2, 4), "of each 10 inputs the last 2 are a group that keeps 2"),
        ((6, 11), "n_m", (1, 4), "of each 11 inputs the last 3 are a group that keeps 1"),
        ((6, 1, 5, 5), "n_m", (2, 4), "of each 1 inputs the last 1 are a group that keeps 1"),
        ((6, 8), "block", (3, 4), ""),
        ((6, 8), "block", (4, 3), "blocks at the border have 2 outputs and 2 inputs"),
        ((6, 8), "block", (4, 4), "blocks at the border have 2 outputs"),
    ],
)
def test_what_is_left_over_is_said(shape, kind, group, said):
    assert groups.leftover(shape, kind, group) == said
