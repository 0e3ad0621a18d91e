from decimal import ROUND_HALF_EVEN, Decimal
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.nn.utils import prune

from prunescape.foundations import streams
from prunescape.networks.coupled_units import Part, Units
from prunescape.pipeline import scopes
from prunescape.pruning import selection
from tests.helpers.factories import ties

LEVELS = [f"{n / 100:.2f}" for n in range(101)]
RISING = ["0", "0.13", "0.25", "0.30", "0.50", "0.77", "0.90", "0.95"]
SCOPES = scopes.BUILT_IN
# Three layers; a convolution that is flattened into two linear ones; two convolutions.
NETWORKS = [
    {"1": (7, 5), "2": (3, 7), "3": (2, 3)},
    {"1": (4, 1, 3, 3), "2": (6, 36), "3": (3, 6)},
    {"1": (4, 3, 2, 2), "2": (5, 4, 3, 3)},
    {"1": (10, 9)},
]


def k_of(level, units):
    return int((Decimal(level) * units).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def removed(mask):
    """Count the removed weights of each replicate."""
    return (~mask).reshape(len(mask), -1).sum(axis=1)


def flat(arrays):
    """Join the layers: [R, weights]."""
    return np.concatenate([a.reshape(len(a), -1) for a in arrays.values()], axis=1)


def columns(mask):
    """Return which inputs keep a weight, and which lost one: [R, in]."""
    rest = mask.swapaxes(1, 2).reshape(len(mask), mask.shape[2], -1)
    return rest.any(axis=2), ~rest.all(axis=2)


def distinct(shapes, replicates=2, name="distinct"):
    """Return positive scores without ties."""
    generator = streams.generator("test", name)
    sizes = {layer: replicates * int(np.prod(shape)) for layer, shape in shapes.items()}
    order = generator.permutation(sum(sizes.values())) + 1.0
    parts = np.split(order, np.cumsum(list(sizes.values()))[:-1])
    return {
        layer: part.reshape(replicates, *shapes[layer])
        for layer, part in zip(shapes, parts, strict=True)
    }


@st.composite
def tied_scores(draw, replicates=2):
    """Draw small integer scores: few different values, or one alone."""
    shapes = draw(st.sampled_from(NETWORKS))
    most = draw(st.sampled_from([0, 1, 2, 5]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.int64, np.float32, np.float64]))
    return {
        layer: generator.integers(0, most + 1, (replicates, *shape)).astype(dtype)
        for layer, shape in shapes.items()
    }


@given(tied_scores())
@settings(max_examples=12)
def test_exact_k_global_at_every_level_and_tie(scores):
    everything = flat(scores)
    for level in LEVELS:
        kept = flat(selection.exact_k(scores, level, "global", ties(2)))
        assert kept.dtype == bool
        assert (~kept).sum(axis=1).tolist() == [k_of(level, kept.shape[1])] * 2
        lowest_kept = np.where(kept, everything, np.inf).min(axis=1)
        highest_removed = np.where(kept, -np.inf, everything).max(axis=1)
        assert (highest_removed <= lowest_kept).all()


@given(tied_scores())
@settings(max_examples=12)
def test_exact_k_of_each_layer_at_every_level_and_tie(scores):
    for level in LEVELS:
        kept = selection.exact_k(scores, level, "layer", ties(2))
        for name, mask in kept.items():
            assert mask.shape == scores[name].shape
            assert removed(mask).tolist() == [k_of(level, mask[0].size)] * 2
            lowest_kept = np.where(mask, scores[name], np.inf).reshape(2, -1).min(axis=1)
            highest = np.where(mask, -np.inf, scores[name]).reshape(2, -1).max(axis=1)
            assert (highest <= lowest_kept).all()


@given(tied_scores())
@settings(max_examples=12)
def test_exact_k_of_each_unit_at_every_level_and_tie(scores):
    for level in LEVELS:
        kept = selection.exact_k(scores, level, "output_unit", ties(2))
        for name, mask in kept.items():
            assert mask.shape == scores[name].shape
            units, given = (each.reshape(*each.shape[:2], -1) for each in (mask, scores[name]))
            assert ((~units).sum(axis=2) == k_of(level, units.shape[2])).all()
            lowest_kept = np.where(units, given, np.inf).min(axis=2)
            highest_removed = np.where(units, -np.inf, given).max(axis=2)
            assert (highest_removed <= lowest_kept).all()


@given(tied_scores(), st.sampled_from([1, 2, 6, 50]))
@settings(max_examples=12)
def test_a_floor_keeps_its_number_in_every_layer_and_k_stays_exact(scores, floor):
    sizes = {name: value[0].size for name, value in scores.items()}
    total = sum(sizes.values())
    free = total - sum(min(floor, size) for size in sizes.values())
    for level in LEVELS:
        k = k_of(level, total)
        if k > free:
            with pytest.raises(
                ValueError, match=rf"removes {k} weights.* only {free} .*key: floor"
            ):
                selection.exact_k(scores, level, "floor", ties(2), floor=floor)
            continue
        kept = selection.exact_k(scores, level, "floor", ties(2), floor=floor)
        assert (~flat(kept)).sum(axis=1).tolist() == [k, k]
        for name, mask in kept.items():
            assert (mask.reshape(2, -1).sum(axis=1) >= min(floor, sizes[name])).all()


@pytest.mark.parametrize("level", ["0.20", "0.60", "0.85"])
def test_a_floor_takes_the_lowest_scores_that_layers_can_spare(level):
    scores = distinct({"1": (12, 10), "2": (5, 12), "3": (2, 5)}, replicates=1)
    scores["3"] -= 1000  # a global cut would empty the last layer
    left = {name: value[0].size for name, value in scores.items()}
    expected = {name: np.ones(value.shape, dtype=bool) for name, value in scores.items()}
    order = sorted(
        (value, name, at) for name in scores for at, value in np.ndenumerate(scores[name])
    )
    k = k_of(level, sum(left.values()))
    for _, name, at in order:
        if k and left[name] > 4:
            expected[name][at] = False
            left[name] -= 1
            k -= 1
    kept = selection.exact_k(scores, level, "floor", ties(1), floor=4)
    assert left["3"] == 4
    for name, mask in expected.items():
        np.testing.assert_array_equal(kept[name], mask)


@given(tied_scores())
@settings(max_examples=12)
def test_input_units_are_whole_columns_of_all_but_the_last_layer(scores):
    *hidden, last = scores
    for level in LEVELS[::5]:
        kept = selection.exact_k(scores, level, "input_unit", ties(2))
        assert kept[last].all()
        for name in hidden:
            some, lost = columns(kept[name])
            assert (some != lost).all()
            assert lost.sum(axis=1).tolist() == [k_of(level, lost.shape[1])] * 2


@given(tied_scores())
@settings(max_examples=12)
def test_a_neuron_goes_with_its_incoming_and_its_outgoing_weights(scores):
    # Below 0.80 no layer loses all its units, so a unit without weights was itself removed.
    for level in LEVELS[:80:5]:
        kept = selection.exact_k(scores, level, "neuron", ties(2))
        expected = {name: np.ones(value.shape, dtype=bool) for name, value in scores.items()}
        for name, following in pairwise(scores):
            units = scores[name].shape[1]
            reached = kept[name].reshape(2, units, -1).any(axis=2)
            reaching = columns(kept[following])[0].reshape(2, units, -1).any(axis=2)
            gone = ~reached & ~reaching
            assert gone.sum(axis=1).tolist() == [k_of(level, units)] * 2
            share = scores[following].shape[2] // units
            for r in range(2):
                expected[name][r, gone[r]] = False
                expected[following][r][:, np.repeat(gone[r], share)] = False
        for name, mask in expected.items():
            np.testing.assert_array_equal(kept[name], mask)


def test_a_neurons_strength_is_the_norm_of_all_its_weights():
    # Unit 0: incoming 3, outgoing 4, norm 5; unit 1: 4.5 and 0; unit 2: 0 and 4.6.
    scores = {
        "1": np.array([[[3.0, 0.0], [4.5, 0.0], [0.0, 0.0]]]),
        "2": np.array([[[4.0, 0.0, 0.0], [0.0, 0.0, 4.6]]]),
    }
    kept = selection.exact_k(scores, "0.34", "neuron", ties(1))
    assert kept["1"][0].tolist() == [[True, True], [False, False], [True, True]]
    assert kept["2"][0].tolist() == [[True, False, True]] * 2
    kept = selection.exact_k(scores, "0.67", "neuron", ties(1))
    assert kept["1"][0].tolist() == [[True, True], [False, False], [False, False]]
    assert kept["2"][0].tolist() == [[True, False, False]] * 2


def test_a_filter_goes_with_the_run_of_inputs_that_it_feeds():
    scores = {"1": np.ones((1, 3, 1, 2, 2)), "2": np.ones((1, 2, 12)), "3": np.ones((1, 2, 2))}
    scores["1"][0, 1] = 0.5
    kept = selection.exact_k(scores, "0.34", "neuron", ties(1))
    assert kept["1"][0].reshape(3, 4).all(axis=1).tolist() == [True, False, True]
    inputs = kept["2"][0][kept["2"][0].any(axis=1)].all(axis=0)
    assert inputs.tolist() == [True] * 4 + [False] * 4 + [True] * 4


def test_the_memory_order_of_scores_does_not_matter():
    scores = distinct(NETWORKS[2])
    turned = {name: np.asfortranarray(value) for name, value in scores.items()}
    for scope in SCOPES:
        expected = selection.exact_k(scores, "0.50", scope, ties(2))
        kept = selection.exact_k(turned, "0.50", scope, ties(2))
        for name, mask in expected.items():
            np.testing.assert_array_equal(kept[name], mask, err_msg=scope)


def modules(scores):
    """Return linear modules with the scores of one replicate as their weights."""
    linears = {name: torch.nn.Linear(*value.shape[:0:-1]) for name, value in scores.items()}
    for name, linear in linears.items():
        linear.weight.data = torch.from_numpy(scores[name][0])
    return linears


def signed(shapes):
    """Return weights without ties in their magnitude, for one replicate."""
    signs = streams.generator("test", "signs")
    return {n: v * signs.choice([-1, 1], v.shape) for n, v in distinct(shapes, 1).items()}


@pytest.mark.parametrize("scope", SCOPES)
def test_numbers_may_be_rounded_down(scope):
    scores = distinct({"1": (7, 5), "2": (3, 7)})
    level = "0.55"
    kept = selection.exact_k(scores, level, scope, ties(2), rounding="down")
    expected = {
        # 0.55 of 56 weights is 30.8; of 35, 21 and 5, 7 inputs 19.25, 11.55 and 2.75, 3.85.
        "global": 30,
        "floor": 30,
        "erdos_renyi": 30,
        "erk": 30,
        "layer": 19 + 11,
        "output_unit": 7 * 2 + 3 * 3,
        "input_unit": 7 * 2,
        "neuron": 3 * 5 + 3 * 3,
    }
    assert (~flat(kept)).sum(axis=1).tolist() == [expected[scope]] * 2
    nearest = selection.exact_k(scores, level, scope, ties(2))
    assert (flat(nearest) <= flat(kept)).all()
    assert (flat(nearest) != flat(kept)).any()


@pytest.mark.parametrize("level", ["0.10", "0.45", "0.90"])
def test_torch_prunes_the_same_weights(level):
    shapes = {"1": (12, 20), "2": (10, 12), "3": (4, 10)}
    weights = signed(shapes)
    scores = {name: np.abs(value) for name, value in weights.items()}
    sizes = {name: value.size for name, value in weights.items()}

    by_layer = selection.exact_k(scores, level, "layer", ties(1))
    for name, linear in modules(weights).items():
        prune.l1_unstructured(linear, "weight", amount=k_of(level, sizes[name]))
        np.testing.assert_array_equal(by_layer[name][0], linear.weight_mask.numpy() == 1)

    everywhere = selection.exact_k(scores, level, "global", ties(1))
    linears = modules(weights)
    prune.global_unstructured(
        [(linear, "weight") for linear in linears.values()],
        pruning_method=prune.L1Unstructured,
        amount=k_of(level, sum(sizes.values())),
    )
    for name, linear in linears.items():
        np.testing.assert_array_equal(everywhere[name][0], linear.weight_mask.numpy() == 1)

    by_column = selection.exact_k(scores, level, "input_unit", ties(1))
    linears = modules(weights)
    for name in ("1", "2"):
        amount = k_of(level, shapes[name][1])
        prune.ln_structured(linears[name], "weight", amount=amount, n=2, dim=1)
        np.testing.assert_array_equal(by_column[name][0], linears[name].weight_mask.numpy() == 1)


def test_torch_removes_the_same_channels_of_a_convolution():
    weights = signed({"1": (6, 8, 3, 3), "2": (4, 6)})
    conv = torch.nn.Conv2d(8, 6, 3)
    conv.weight.data = torch.from_numpy(weights["1"][0])
    prune.ln_structured(conv, "weight", amount=3, n=2, dim=1)
    scores = {name: np.abs(value) for name, value in weights.items()}
    kept = selection.exact_k(scores, "0.375", "input_unit", ties(1))
    np.testing.assert_array_equal(kept["1"][0], conv.weight_mask.numpy() == 1)


@pytest.mark.parametrize("scope", ["global", "floor"])
@pytest.mark.parametrize("most", [0, 1, 3])
def test_one_shot_masks_of_the_same_scores_are_nested(scope, most):
    generator = streams.generator("test", "nested", most)
    scores = {name: generator.integers(0, most + 1, (2, *s)) for name, s in NETWORKS[0].items()}
    steps = [selection.exact_k(scores, level, scope, ties(2), floor=1) for level in RISING[:-1]]
    for earlier, later in pairwise(map(flat, steps)):
        assert (later <= earlier).all()


def test_units_of_several_layers_go_together_by_the_norm_of_all_their_scores():
    shapes = {"1": (4, 3, 2, 2), "2": (4, 4, 1, 1), "3": (2, 8)}
    every = list(range(4))
    units = Units(
        4,
        [  # layer 3 reads a sum of layers 1 and 2, two pixels a channel; layer 2 reads layer 1
            Part("1.weight", 0, every, every),
            Part("2.weight", 0, every, every),
            Part("2.weight", 1, every, every),
            Part("3.weight", 1, list(range(8)), [i // 2 for i in range(8)]),
            Part("own.norm.weight", 0, every, every),
        ],
    )
    scores = distinct(shapes)
    before = None
    for level, number in (("0.25", 1), ("0.5", 2), ("0.75", 3)):
        kept = selection.exact_k(scores, level, "neuron", ties(2), units=[units], previous=before)
        for r in range(2):
            parts = [
                *(scores["1"][r].reshape(4, -1), scores["2"][r].reshape(4, -1)),
                *(scores["2"][r, :, :, 0, 0].T, np.hstack(scores["3"][r].reshape(2, 4, 2))),
            ]
            norms = sum((part**2).sum(axis=1) for part in parts)
            gone = np.isin(every, np.argsort(norms)[:number])
            assert (~kept["1"][r].any(axis=(1, 2, 3)) == gone).all()
            assert (kept["1"][r].all(axis=(1, 2, 3)) == ~gone).all()
            assert (kept["2"][r, :, :, 0, 0] == np.outer(~gone, ~gone)).all()
            assert (kept["3"][r].reshape(2, 4, 2) == ~gone[None, :, None]).all()
        before = kept


@pytest.mark.parametrize("scope", ["layer", "output_unit", "input_unit", "neuron"])
def test_one_shot_masks_of_the_same_scores_are_nested_layer_by_layer(scope):
    generator = streams.generator("test", "nested")
    shapes = {"1": (30, 20), "2": (25, 30), "3": (4, 25)}
    scores = {name: generator.integers(0, 2, (1, *shape)) for name, shape in shapes.items()}
    if scope in ("input_unit", "neuron"):
        scores = {name: np.ones_like(value) for name, value in scores.items()}
        scores["1"][:, :20], scores["1"][:, :, :10] = 0, 0
    steps = [flat(selection.exact_k(scores, level, scope, ties(1))) for level in LEVELS[::5]]
    for earlier, later in pairwise(steps):
        assert (later <= earlier).all()


@pytest.mark.parametrize("scope", ["global", "layer", "output_unit", "floor"])
@pytest.mark.parametrize("most", [0, 2, 1000])
def test_a_schedule_removes_first_what_it_removed_before(scope, most):
    generator = streams.generator("test", "schedule", most)
    shapes, previous = NETWORKS[1], None
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    for step, level in enumerate(RISING):
        # New scores at every step, as after retraining; negative ones too.
        scores = {name: generator.integers(-most, 1, (2, *s)) for name, s in shapes.items()}
        streams_of_step = ties(2, name=f"step {step}")
        kept = selection.exact_k(scores, level, scope, streams_of_step, floor=2, previous=previous)
        if previous is not None:
            assert (flat(kept) <= flat(previous)).all()
        if scope == "layer":
            for mask in kept.values():
                assert removed(mask).tolist() == [k_of(level, mask[0].size)] * 2
        elif scope == "output_unit":
            for mask in kept.values():
                units = mask.reshape(*mask.shape[:2], -1)
                assert ((~units).sum(axis=2) == k_of(level, units.shape[2])).all()
        else:
            assert (~flat(kept)).sum(axis=1).tolist() == [k_of(level, total)] * 2
        previous = kept


@pytest.mark.parametrize("scope", ["input_unit", "neuron"])
def test_a_structured_schedule_without_ties_is_nested_and_exact(scope):
    previous, shapes = None, NETWORKS[0]
    for step, level in enumerate(RISING):
        scores = distinct(shapes, name=f"step {step}")
        kept = selection.exact_k(scores, level, scope, ties(2), previous=previous)
        alone = selection.exact_k(scores, level, scope, ties(2))
        assert (~flat(kept)).sum(axis=1).tolist() == (~flat(alone)).sum(axis=1).tolist()
        assert previous is None or (flat(kept) <= flat(previous)).all()
        previous = kept


@pytest.mark.parametrize("scope", ["input_unit", "neuron"])
def test_a_structured_schedule_with_zero_scores_is_exact(scope):
    shapes, many = {"1": (6, 6), "2": (6, 6), "3": (2, 6)}, 20
    scores = {name: np.zeros((many, *shape)) for name, shape in shapes.items()}
    first = selection.exact_k(scores, "0.50", scope, ties(many))
    again = selection.exact_k(scores, "0.50", scope, ties(many, "again"), previous=first)
    assert (~flat(again)).sum(axis=1).tolist() == (~flat(first)).sum(axis=1).tolist()


@pytest.mark.parametrize(
    "scope",
    [
        "global",
        "layer",
        "output_unit",
        "floor",
        pytest.param("input_unit"),
        pytest.param("neuron"),
    ],
)
def test_a_level_that_falls_is_rejected(scope):
    scores = distinct(NETWORKS[0])
    previous = selection.exact_k(scores, "0.60", scope, ties(2), floor=1)
    with pytest.raises(ValueError, match=r"level 0\.30: .* must not fall"):
        selection.exact_k(scores, "0.30", scope, ties(2), floor=1, previous=previous)


def test_an_earlier_mask_of_another_shape_is_rejected():
    scores = distinct(NETWORKS[0])
    previous = selection.exact_k(scores, "0.20", "global", ties(2))
    with pytest.raises(ValueError, match="layer 2"):
        selection.exact_k(
            scores, "0.50", "global", ties(2), previous=previous | {"2": previous["2"][:1]}
        )
    del previous["3"]
    with pytest.raises(ValueError, match="layer 3"):
        selection.exact_k(scores, "0.50", "global", ties(2), previous=previous)


@pytest.mark.parametrize("scope", SCOPES)
def test_ties_are_random_but_a_replicates_own(scope):
    shapes = {"1": (20, 20), "2": (20, 20), "3": (5, 20)}
    scores = {name: np.ones((3, *shape)) for name, shape in shapes.items()}
    first, again = (selection.exact_k(scores, "0.50", scope, ties(3), floor=1) for _ in range(2))
    assert (flat(first) == flat(again)).all()
    for one, other in combinations(flat(first), 2):
        assert (one != other).any()
    other_stream = selection.exact_k(scores, "0.50", scope, ties(3, "other"), floor=1)
    assert (flat(first) != flat(other_stream)).any(axis=1).all()


@pytest.mark.parametrize("scope", SCOPES)
@given(scores=tied_scores(replicates=3))
@settings(max_examples=8)
def test_a_replicates_mask_does_not_depend_on_its_company(scope, scores):
    together = flat(selection.exact_k(scores, "0.45", scope, ties(3), floor=1))
    for r in range(3):
        own = {name: value[r : r + 1] for name, value in scores.items()}
        alone = flat(selection.exact_k(own, "0.45", scope, ties(3)[r : r + 1], floor=1))
        np.testing.assert_array_equal(alone[0], together[r])


def test_every_replicate_needs_a_stream():
    with pytest.raises(ValueError, match=r"2 replicates"):
        selection.exact_k(distinct(NETWORKS[0]), "0.50", "global", ties(1))


def test_ties_favour_no_weight():
    # Of six tied weights two go: each of the 15 pairs is as likely as any other.
    runs = 3000
    scores = {"1": np.array([[[0, 5, 0, 0], [7, 0, 0, 0]]])}
    counts = dict.fromkeys(combinations([0, 2, 3, 5, 6, 7], 2), 0)
    for run in range(runs):
        kept = selection.exact_k(scores, "0.25", "global", [streams.generator("test", "fair", run)])
        counts[tuple(np.flatnonzero(~kept["1"]))] += 1
    assert sum(counts.values()) == runs
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(value):
    scores = distinct(NETWORKS[0])
    scores["2"][1, 0, 0] = value
    with pytest.raises(ValueError, match="layer 2 has scores that are not finite"):
        selection.exact_k(scores, "0.50", "global", ties(2))
    with pytest.raises(ValueError, match="layer 2 has scores that are not finite"):
        selection.threshold(scores, "0.50")


@pytest.mark.parametrize("level", ["1.01", "-0.10", "half"])
def test_a_level_must_be_a_share(level):
    with pytest.raises(ValueError, match=f"level '?{level}"):
        selection.exact_k(distinct(NETWORKS[0]), level, "global", ties(2))


@pytest.mark.parametrize("scope", SCOPES)
def test_scores_are_left_as_they_were(scope):
    scores = distinct(NETWORKS[1])
    before = {name: value.copy() for name, value in scores.items()}
    previous = selection.exact_k(scores, "0.30", scope, ties(2), floor=1)
    first = {name: mask.copy() for name, mask in previous.items()}
    selection.exact_k(scores, "0.60", scope, ties(2), floor=1, previous=previous)
    for name in scores:
        np.testing.assert_array_equal(scores[name], before[name])
        np.testing.assert_array_equal(previous[name], first[name])


def test_a_threshold_keeps_what_reaches_it():
    scores = {"1": np.array([[[0.25, -1.0], [0.5, 0.75]]], dtype=np.float32)}
    assert selection.threshold(scores, "0.5")["1"].tolist() == [[[False, False], [True, True]]]
    assert selection.threshold(scores, "-1")["1"].all()
    assert not selection.threshold(scores, "326.9")["1"].any()


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(1, 4), st.integers(0, 99))
def test_unpack_undoes_pack(shape, replicates, seed):
    mask = {"1": np.random.default_rng(seed).random((replicates, *shape)) < 0.5}
    packed = selection.pack(mask)
    assert packed["1"].dtype == np.uint8
    assert packed["1"].shape == (replicates, -(-int(np.prod(shape)) // 8))
    back = selection.unpack(packed, {"1": tuple(shape)})
    assert back["1"].dtype == bool
    np.testing.assert_array_equal(back["1"], mask["1"])


def test_a_packed_mask_must_fit_its_network():
    packed = selection.pack({"1": np.ones((2, 5, 5), dtype=bool)})
    assert packed["1"].shape == (2, 4)
    with pytest.raises(ValueError, match="layer 1 doesn't have the 24 weights"):
        selection.unpack(packed, {"1": (6, 4)})
    with pytest.raises(ValueError, match="layer 1 doesn't have the 33 weights"):
        selection.unpack(packed, {"1": (3, 11)})
    with pytest.raises(ValueError, match=r"layers \['1'\], expected \['1', '2'\]"):
        selection.unpack(packed, {"1": (5, 5), "2": (2, 5)})
    with pytest.raises(ValueError, match=r"layers \['1'\], expected \['2'\]"):
        selection.unpack(packed, {"2": (5, 5)})


def test_unpacked_layers_come_in_the_order_of_the_network():
    shapes = {str(number): (2, 2) for number in range(1, 12)}
    packed = selection.pack({name: np.ones((1, 2, 2), dtype=bool) for name in sorted(shapes)})
    assert list(selection.unpack(packed, shapes)) == list(shapes)


def test_dead_units_of_two_linear_layers():
    first = np.ones((3, 3, 4), dtype=bool)
    second = np.ones((3, 2, 3), dtype=bool)
    assert selection.dead_units({"1": first, "2": second}).tolist() == [0, 0, 0]
    first[0, 1] = False  # hidden unit 1 of the first replicate: nothing comes in
    second[0, :, 1] = False  # and nothing goes out: still one unit
    second[1, :, 2] = False  # nothing goes out of a hidden unit
    second[1, 0, :] = False  # nothing comes into an output
    first[2, :, 0] = False  # an input is not a unit
    first[2, 0, 1:3] = False
    assert selection.dead_units({"1": first, "2": second}).tolist() == [1, 2, 0]


def test_dead_filters_of_a_flattened_convolution():
    conv = np.ones((1, 3, 2, 2, 2), dtype=bool)
    linear = np.ones((1, 2, 12), dtype=bool)
    conv[0, 0, 1] = False  # one channel of filter 0 is left
    linear[0, :, 4:7] = False  # of filter 1 one position is left
    assert selection.dead_units({"1": conv, "2": linear}).tolist() == [0]
    linear[0, :, 7] = False
    conv[0, 2] = False
    assert selection.dead_units({"1": conv, "2": linear}).tolist() == [2]


def test_dead_filters_between_convolutions():
    first, second = np.ones((1, 3, 1, 2, 2), dtype=bool), np.ones((1, 2, 3, 2, 2), dtype=bool)
    second[0, :, 1] = False
    second[0, 0, 2] = False
    assert selection.dead_units({"1": first, "2": second}).tolist() == [1]
    second[0, 0, 0] = False  # the output filter 0 has no input left
    assert selection.dead_units({"1": first, "2": second}).tolist() == [2]


def test_dead_units_of_a_single_layer_are_outputs_without_inputs():
    mask = np.ones((2, 4, 3), dtype=bool)
    mask[1, :2] = False
    mask[0, :, 0] = False
    assert selection.dead_units({"1": mask}).tolist() == [0, 2]
