"""Masks of an arm, and how much they remove, by hand."""

import numpy as np

from prunescape.exports import member_masks
from prunescape.pruning import selection
from tests.helpers.factories import PERCEPTRON, checkpoint, masks

FITTED = checkpoint(PERCEPTRON)
ORIGIN = {"criterion": "snr", "scope": "global"}


def test_masks_of_an_arm_are_those_of_the_pruned_ensembles_replicates():
    made = masks(FITTED.network, 3)
    other = {name: ~mask for name, mask in made.items()}
    packed = selection.pack({f"snr/global/{name}": mask for name, mask in made.items()})
    packed |= selection.pack({f"snr/layer/{name}": mask for name, mask in other.items()})

    found = member_masks.kept(checkpoint(PERCEPTRON, replicates=(3, 1)), packed, [1, 2, 3], ORIGIN)

    assert all(np.array_equal(found[name], made[name][[2, 0]]) for name in made)


def test_the_removed_share_is_a_replicates():
    made = {"1": np.ones((3, 2, 5), bool), "2": np.ones((3, 2, 2), bool)}
    made["1"][1, 0] = False  # 5 of the second replicate's 14
    assert member_masks.removed(made, FITTED, 2) == 5 / 14
    assert member_masks.removed(made, FITTED, 1) == 0
