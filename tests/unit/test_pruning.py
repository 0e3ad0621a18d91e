from itertools import pairwise

import numpy as np
import pytest
from factories import PERCEPTRON, checkpoint, uint8_images

from prunescape import masks, pruning, scoring, streams

ROOT = (2011, "graves")
FITTED = checkpoint(PERCEPTRON, replicates=[1, 2, 3], posterior=True)
SHAPES = {layer.name: layer.shape for layer in FITTED.network.weighted}
SCORES, _ = scoring.scores(
    FITTED, ["snr", "magnitude", "magnitude_x_std", "random"], uint8_images(60), ROOT
)
TIED = {f"magnitude/{layer}": np.ones((3, *shape)) for layer, shape in SHAPES.items()}
LEVELS = ["0.25", "0.50", "0.60", "0.70", "0.80", "0.90", "0.95", "0.98", "0.99"]


def prune(scores, arms, level, selection="exact_k", replicates=(1, 2, 3), root=ROOT):
    return pruning.masks(scores, arms, selection, level, root, replicates)


def unpacked(packed, criterion, scope):
    return masks.unpack(pruning.layers_of(packed, criterion, scope), SHAPES)


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
        expected = masks.exact_k(scores, "0.80", scope, ties, floor=floor)
        for layer, mask in unpacked(packed, criterion, scope).items():
            np.testing.assert_array_equal(mask, expected[layer])
        alone = prune(SCORES, [(criterion, scope, floor)], "0.80")
        assert all(np.array_equal(packed[name], alone[name]) for name in alone)
    assert (unpacked(packed, "snr", "floor")["3"].reshape(3, -1).sum(axis=1) >= 9).all()


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


def test_a_threshold_has_the_units_of_its_score():
    packed = prune(SCORES, [("snr", "global", 0)], "1.5", selection="threshold")
    for layer, mask in unpacked(packed, "snr", "global").items():
        np.testing.assert_array_equal(mask, SCORES[f"snr/{layer}"] >= 1.5)


def test_criteria_whose_names_start_alike_are_kept_apart():
    both = pruning.layers_of(SCORES, "magnitude_x_std")
    assert list(both) == list(SHAPES)
    assert both["1"] is SCORES["magnitude_x_std/1"]
    assert pruning.layers_of(SCORES, "magnitude")["1"] is SCORES["magnitude/1"]


def test_a_criterion_that_was_not_scored_is_named():
    for path in (["log_alpha"], ["magnitude", "layer"], ["magnitud"]):
        with pytest.raises(ValueError, match=f"no entry {'/'.join(path)}/<layer>"):
            pruning.layers_of(SCORES, *path)
    with pytest.raises(ValueError, match="no entry hg/<layer>"):
        prune(SCORES, [("hg", "global", 0)], "0.50")


def test_layers_come_in_the_order_of_the_network():
    names = [str(number) for number in range(1, 12)]
    arrays = {f"snr/{name}": np.zeros(1) for name in sorted(names)}
    assert list(pruning.layers_of(arrays, "snr")) == names
