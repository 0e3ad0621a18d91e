from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.utils import prune as torch_prune

from prunescape.foundations import streams
from prunescape.pruning import arm_masks, selection
from tests.helpers.factories import PERCEPTRON, checkpoint, scored, uint8_images

ROOT = (2011, "graves")
FITTED = checkpoint(PERCEPTRON, replicates=[1, 2, 3], posterior=True)
SHAPES = {layer.name: layer.shape for layer in FITTED.network.weighted}
SCORES, _ = scored(
    FITTED, ["snr", "magnitude", "magnitude_x_std", "random"], uint8_images(60), ROOT
)
TIED = {f"magnitude/{layer}": np.ones((3, *shape)) for layer, shape in SHAPES.items()}
LEVELS = ["0.25", "0.50", "0.60", "0.70", "0.80", "0.90", "0.95", "0.98", "0.99"]


def prune(scores, arms, level, selection="exact_k", replicates=(1, 2, 3), root=ROOT):
    return arm_masks.masks(scores, arms, selection, level, root, replicates)


def unpacked(packed, criterion, scope):
    return selection.unpack(arm_masks.layers_of(packed, criterion, scope), SHAPES)


def k_of(level, units):
    return round(float(level) * units)


def flat(kept):
    return np.concatenate([mask.reshape(len(mask), -1) for mask in kept.values()], axis=1)


def test_every_arm_gets_its_own_masks():
    arms = [("magnitude", "global", 0), ("snr", "layer", 0), ("snr", "floor", 9)]
    packed = prune(SCORES, arms, "0.80")
    assert packed.keys() == {
        f"{criterion}/{scope}/{layer}" for criterion, scope, _ in arms for layer in SHAPES
    }
    for criterion, scope, floor in arms:
        scores = {layer: SCORES[f"{criterion}/{layer}"] for layer in SHAPES}
        ties = [streams.generator(*ROOT, "ties", criterion, scope, r) for r in (1, 2, 3)]
        expected = selection.exact_k(scores, "0.80", scope, ties, floor=floor)
        for layer, mask in unpacked(packed, criterion, scope).items():
            np.testing.assert_array_equal(mask, expected[layer])
        alone = prune(SCORES, [(criterion, scope, floor)], "0.80")
        assert all(np.array_equal(packed[name], alone[name]) for name in alone)
    assert (unpacked(packed, "snr", "floor")["3"].reshape(3, -1).sum(axis=1) >= 9).all()


def test_rounding_is_handed_on():
    arms = [("snr", "layer", 0)]
    packed = arm_masks.masks(SCORES, arms, "exact_k", "0.333", ROOT, (1, 2, 3), rounding="down")
    for layer, mask in unpacked(packed, "snr", "layer").items():
        weights = mask[0].size
        assert (~mask).reshape(3, -1).sum(1).tolist() == [333 * weights // 1000] * 3, layer
    usual = prune(SCORES, arms, "0.333")
    assert any((packed[name] != usual[name]).any() for name in packed)


@pytest.mark.parametrize(("criterion", "scope"), [("random", "global"), ("snr", "layer")])
def test_masks_of_rising_levels_are_nested(criterion, scope):
    steps = [
        flat(unpacked(prune(SCORES, [(criterion, scope, 0)], level), criterion, scope))
        for level in LEVELS
    ]
    for earlier, later in pairwise(steps):
        assert (later <= earlier).all()
        assert (later.sum(axis=1) < earlier.sum(axis=1)).all()


def test_random_masks_are_the_replicates_own():
    kept = flat(unpacked(prune(SCORES, [("random", "global", 0)], "0.50"), "random", "global"))
    weights = kept.shape[1]
    for one, other in pairwise(kept):
        # Two independent halves share a half: deviation about sqrt(weights) / 4.
        assert abs((one == other).sum() - weights / 2) < 4 * np.sqrt(weights) / 2


def test_ties_belong_to_the_study_the_criterion_the_scope_and_the_replicate():
    arm = [("magnitude", "global", 0)]
    kept = flat(unpacked(prune(TIED, arm, "0.50"), "magnitude", "global"))
    assert len(np.unique(kept, axis=0)) == 3
    again = flat(unpacked(prune(TIED, arm, "0.50"), "magnitude", "global"))
    np.testing.assert_array_equal(kept, again)
    one = {name: value[:1] for name, value in TIED.items()}
    alone = flat(unpacked(prune(one, arm, "0.50", replicates=[3]), "magnitude", "global"))
    np.testing.assert_array_equal(alone[0], kept[2])
    for root in [(2012, "graves"), (2011, "magnitude")]:
        other = flat(unpacked(prune(TIED, arm, "0.50", root=root), "magnitude", "global"))
        assert (other != kept).any(axis=1).all()


def test_after_a_step_each_arm_is_pruned_by_its_own_scores_and_what_was_removed_stays():
    arms = [("magnitude", "global", 0), ("magnitude", "layer", 0), ("snr", "floor", 9)]
    before = prune(SCORES, arms, "0.50")
    generator = streams.generator("test", "after a step")
    scores = {
        f"{criterion}/{scope}/{layer}": generator.random((3, *shape))
        for criterion, scope, _ in arms
        for layer, shape in SHAPES.items()
    }
    after = arm_masks.masks(scores, arms, "exact_k", "0.80", ROOT, (1, 2, 3), before)
    assert after.keys() == before.keys()
    total = sum(int(np.prod(shape)) for shape in SHAPES.values())
    for criterion, scope, _ in arms:
        earlier = flat(unpacked(before, criterion, scope))
        later = flat(unpacked(after, criterion, scope))
        own = flat({layer: scores[f"{criterion}/{scope}/{layer}"] for layer in SHAPES})
        assert (later <= earlier).all()
        if scope == "global":
            for r in range(3):
                kept = np.sort(own[r][earlier[r]])[-later[r].sum() :]
                assert later[r].sum() == total - round(0.8 * total)
                np.testing.assert_array_equal(np.sort(own[r][later[r]]), kept)
    # The same level again takes nothing away.
    again = arm_masks.masks(scores, arms, "exact_k", "0.50", ROOT, (1, 2, 3), before)
    assert all(np.array_equal(again[name], before[name]) for name in before)
    with pytest.raises(ValueError, match="levels of a schedule must not fall"):
        arm_masks.masks(scores, arms, "exact_k", "0.40", ROOT, (1, 2, 3), before)
    with pytest.raises(ValueError, match="no entry magnitude/global/<layer>"):
        arm_masks.masks(SCORES, arms, "exact_k", "0.80", ROOT, (1, 2, 3), before)


@pytest.mark.parametrize("level", ["0.25", "0.90"])
def test_one_shot_masks_of_a_checkpoint_are_torchs(level):
    arms = [("magnitude", "global", 0), ("magnitude", "layer", 0), ("magnitude", "input_unit", 0)]
    packed = prune(SCORES, arms, level)
    for r in range(3):
        for scope in ("global", "layer", "input_unit"):
            linears = {}
            for layer, (out, into) in SHAPES.items():
                linears[layer] = torch.nn.Linear(into, out)
                linears[layer].weight.data = torch.from_numpy(FITTED.arrays[f"{layer}.weight"][r])
            if scope == "global":
                torch_prune.global_unstructured(
                    [(linear, "weight") for linear in linears.values()],
                    pruning_method=torch_prune.L1Unstructured,
                    amount=float(level),
                )
            elif scope == "layer":
                for linear in linears.values():
                    torch_prune.l1_unstructured(linear, "weight", amount=float(level))
            else:
                for layer in list(linears)[:-1]:
                    amount = float(level)
                    torch_prune.ln_structured(linears[layer], "weight", amount=amount, n=2, dim=1)
            kept = unpacked(packed, "magnitude", scope)
            for layer, linear in linears.items():
                mask = getattr(linear, "weight_mask", torch.ones_like(linear.weight))
                np.testing.assert_array_equal(kept[layer][r], mask.numpy() == 1)


def test_a_threshold_has_the_units_of_its_score():
    packed = prune(SCORES, [("snr", "global", 0)], "1.5", selection="threshold")
    for layer, mask in unpacked(packed, "snr", "global").items():
        np.testing.assert_array_equal(mask, SCORES[f"snr/{layer}"] >= 1.5)


def test_criteria_whose_names_start_alike_are_kept_apart():
    both = arm_masks.layers_of(SCORES, "magnitude_x_std")
    assert list(both) == list(SHAPES)
    assert both["1"] is SCORES["magnitude_x_std/1"]
    assert arm_masks.layers_of(SCORES, "magnitude")["1"] is SCORES["magnitude/1"]


def test_a_criterion_that_was_not_scored_is_named():
    for path in (["log_alpha"], ["magnitude", "layer"], ["magnitud"]):
        with pytest.raises(ValueError, match=f"no entry {'/'.join(path)}/<layer>"):
            arm_masks.layers_of(SCORES, *path)
    with pytest.raises(ValueError, match="no entry hg/<layer>"):
        prune(SCORES, [("hg", "global", 0)], "0.50")


def test_layers_come_in_the_order_of_the_network():
    names = [str(number) for number in range(1, 12)]
    arrays = {f"snr/{name}": np.zeros(1) for name in sorted(names)}
    assert list(arm_masks.layers_of(arrays, "snr")) == names


INNER = ["global", [], [1, -1]]
PATHS = {"1": "first", "2": "middle", "3": "last"}


@pytest.mark.parametrize("kind", ["global", "layer", "output_unit", "floor"])
def test_a_studys_own_scope_prunes_its_layers_as_if_there_were_no_others(kind):
    arms = [("snr", "inner", 7, [kind, ["middle", 1], []]), ("snr", kind, 7)]
    packed = arm_masks.masks(SCORES, arms, "exact_k", "0.70", ROOT, (1, 2, 3), paths=PATHS)
    kept = unpacked(packed, "snr", "inner")
    assert kept["3"].all()
    scores = {layer: SCORES[f"snr/{layer}"] for layer in ("1", "2")}
    ties = [streams.generator(*ROOT, "ties", "snr", "inner", r) for r in (1, 2, 3)]
    expected = selection.exact_k(scores, "0.70", kind, ties, floor=7)
    for layer, mask in expected.items():
        np.testing.assert_array_equal(kept[layer], mask)
        assert not mask.all()
    # Beside it the library's scope of that kind takes all layers.
    assert not unpacked(packed, "snr", kind)["3"].all()


def test_layers_that_are_left_out_stay_whole_in_chains_and_under_thresholds():
    by_arm = {f"snr/inner/{layer}": SCORES[f"snr/{layer}"] for layer in SHAPES}
    arms, before = [("snr", "inner", 0, INNER)], None
    for level in ("0.50", "0.80"):
        scores = by_arm if before else SCORES
        packed = arm_masks.masks(
            scores, arms, "exact_k", level, ROOT, (1, 2, 3), before, paths=PATHS
        )
        kept = unpacked(packed, "snr", "inner")
        assert kept["1"].all()
        assert kept["3"].all()
        weights = kept["2"][0].size
        left = weights - k_of(level, weights)
        assert kept["2"].reshape(3, -1).sum(1).tolist() == [left] * 3
        if before:
            assert (kept["2"] <= unpacked(before, "snr", "inner")["2"]).all()
        before = packed
    packed = arm_masks.masks(SCORES, arms, "threshold", "1.5", ROOT, (1, 2, 3), paths=PATHS)
    kept = unpacked(packed, "snr", "inner")
    assert kept["1"].all()
    assert kept["3"].all()
    np.testing.assert_array_equal(kept["2"], SCORES["snr/2"] >= 1.5)


def test_a_bias_goes_with_its_layer():
    scores = {f"magnitude/{k}": SCORES[f"magnitude/{k}"] for k in SHAPES}
    scores |= {f"magnitude/{k}.bias": SCORES[f"magnitude/{k}"][:, :, 0] for k in ("1", "2")}
    arms = [("magnitude", "inner", 0, ["layer", [1], []])]
    packed = arm_masks.masks(scores, arms, "exact_k", "0.50", ROOT, (1, 2, 3), paths=PATHS)
    shapes = SHAPES | {f"{k}.bias": SHAPES[k][:1] for k in ("1", "2")}
    kept = selection.unpack(arm_masks.layers_of(packed, "magnitude", "inner"), shapes)
    assert {name for name, mask in kept.items() if not mask.all()} == {"1", "1.bias"}


def test_an_unknown_layer_is_refused_with_its_key():
    arms = [("snr", "inner", 0, ["global", ["midle"], []])]
    with pytest.raises(
        ValueError,
        match=r"^catalogue\.graves\.scopes\.inner\.layers: found 'midle', perhaps middle",
    ):
        arm_masks.masks(SCORES, arms, "exact_k", "0.50", ROOT, (1, 2, 3), paths=PATHS)


def test_groups_that_dont_fill_a_layer_are_named():
    widths = {layer: shape[1] for layer, shape in SHAPES.items()}
    five = ["n_m", [], [1], [2, 5]]
    arms = [("magnitude", "five", 0, five), ("snr", "five", 0, five), ("snr", "global", 0)]
    assert arm_masks.leftovers(SCORES, arms) == [
        f"scope five: layer {layer}: of each {width} inputs the last {width % 5} are a group that "
        f"keeps {min(2, width % 5)}"
        for layer, width in list(widths.items())[1:]
        if width % 5
    ]
    assert arm_masks.leftovers(SCORES, arms)
    chained = {f"snr/all/{layer}": SCORES[f"snr/{layer}"] for layer in SHAPES}
    one = [("snr", "all", 0, ["block", [], [], [1, 1]])]
    assert arm_masks.leftovers(chained, one, chained=True) == []


def test_the_size_of_groups_is_handed_on():
    arms = [("snr", "pairs", 0, ["n_m", [], [], [1, 2]])]
    packed = arm_masks.masks(SCORES, arms, "exact_k", "0.50", ROOT, (1, 2, 3))
    for layer, mask in unpacked(packed, "snr", "pairs").items():
        even = mask[:, :, : mask.shape[2] // 2 * 2].reshape(*mask.shape[:2], -1, 2)
        assert (even.sum(3) == 1).all(), layer


@pytest.mark.parametrize(("only", "but"), [([], [1]), ([2, -1], [])])
def test_neurons_of_some_layers_leave_the_others_whole(only, but):
    arms = [("snr", "late", 0, ["neuron", only, but]), ("snr", "neuron", 0)]
    packed = prune(SCORES, arms, "0.30")
    kept, every = unpacked(packed, "snr", "late"), unpacked(packed, "snr", "neuron")
    (outputs, _), units = SHAPES["3"], SHAPES["2"][0]
    gone = k_of("0.30", units)
    assert kept["1"].all()
    assert (~kept["2"].any(axis=2)).sum(axis=1).tolist() == [gone] * 3
    assert (~kept["2"]).sum(axis=(1, 2)).tolist() == [gone * SHAPES["2"][1]] * 3
    assert (~kept["3"]).sum(axis=(1, 2)).tolist() == [gone * outputs] * 3
    # The same neurons as without a limit, and none of the layer before.
    np.testing.assert_array_equal(kept["3"], every["3"])
    assert not every["1"].all()


def test_a_chain_of_neurons_of_some_layers_is_nested():
    own = ["neuron", [], [1]]
    before = prune(SCORES, [("snr", "late", 0, own)], "0.30")
    scores = {f"snr/late/{layer}": SCORES[f"snr/{layer}"] for layer in SHAPES}
    arms = [("snr", "late", 0, own)]
    after = arm_masks.masks(scores, arms, "exact_k", "0.60", ROOT, (1, 2, 3), before)
    earlier, later = (unpacked(each, "snr", "late") for each in (before, after))
    assert all((later[layer] <= earlier[layer]).all() for layer in SHAPES)
    expected = [k_of("0.60", SHAPES["2"][0])] * 3
    assert (~later["2"].any(axis=2)).sum(axis=1).tolist() == expected


def test_layers_without_a_neuron_for_themselves_are_refused():
    arms = [("snr", "ends", 0, ["neuron", [1, 3], []])]
    line = r"^catalogue\.graves\.scopes\.ends: found layers that have no unit for themselves"
    with pytest.raises(ValueError, match=line):
        prune(SCORES, arms, "0.30")
