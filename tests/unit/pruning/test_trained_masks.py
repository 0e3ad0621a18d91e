"""Masks that training has changed leave its checkpoint, packed like others."""

from dataclasses import replace

import numpy as np
import torch

from prunescape.networks import prunable
from prunescape.pruning import arm_masks, retraining, selection, trained_masks
from prunescape.pruning.retraining import Trained
from tests.helpers.factories import checkpoint, classes, masks, scored, uint8_images

ROOT, IMAGES, LABELS = (1, "study"), uint8_images(60), classes(60)
FITTED = checkpoint()
SHAPES = prunable.shapes(FITTED.network)
ARMS = [("random", "erk"), ("magnitude", "global")]
SETTINGS = {
    "objective": {"kind": "likelihood"},
    "optimiser": {"kind": "adam", "learning_rate": 0.01},
    "batch_size": 10,
    "epochs": 2,
    "rewiring": {"growth": "random", "every": 2, "until": 1.0, "fraction": 0.5},
}


def test_each_arm_has_its_masks_and_the_control_none():
    network = FITTED.network
    named = {arm: masks(network, 3, name="/".join(arm)) for arm in ARMS}
    every = {layer: np.ones((3, *shape), dtype=bool) for layer, shape in SHAPES.items()}
    parts = [every, *named.values()]
    trained = replace(
        FITTED,
        arrays={name: np.concatenate([value] * 3) for name, value in FITTED.arrays.items()}
        | {f"{k}.weight.kept": np.concatenate([part[k] for part in parts]) for k in SHAPES},
        replicates=[1, 2, 3] * 3,
        arms=[(*arm, "zero", "0.50") for arm in [("none", "none"), *ARMS] for _ in range(3)],
    )
    bare, packed = trained_masks.split(trained)
    assert list(bare.arrays) == list(FITTED.arrays)
    assert list(packed) == ["/".join([*arm, layer]) for arm in ARMS for layer in SHAPES]
    for arm, expected in named.items():
        found = selection.unpack(arm_masks.layers_of(packed, *arm), SHAPES)
        assert all(np.array_equal(found[layer], expected[layer]) for layer in SHAPES)


def test_arms_that_are_retrained_keep_their_numbers_of_weights(tmp_path):
    scores, _ = scored(FITTED, ["random", "magnitude"], IMAGES, ROOT)
    first = arm_masks.masks(scores, ARMS, "exact_k", "0.80", ROOT, FITTED.replicates)
    arms = [Trained("none", "none", "none", "0"), *(Trained(*arm, "zero", "0.80") for arm in ARMS)]
    after = retraining.retrain(FITTED, arms, {"0.80": first}, IMAGES, LABELS, SETTINGS, ROOT, 3)
    bare, packed = trained_masks.split(after)
    bare.save(str(tmp_path / "checkpoint.safetensors"))
    assert packed.keys() == first.keys()
    for arm in ARMS:
        old, new = (
            selection.unpack(arm_masks.layers_of(each, *arm), SHAPES) for each in (first, packed)
        )
        weights = bare.of_arm(*arm).tensors(".weight", torch.device("cpu"))
        for layer in SHAPES:
            assert (new[layer] != old[layer]).any()
            assert new[layer].reshape(3, -1).sum(1).tolist() == (
                old[layer].reshape(3, -1).sum(1).tolist()
            )
            assert not weights[layer][~torch.from_numpy(new[layer])].any()


def test_arms_change_their_masks_alone_and_in_company():
    scores, _ = scored(FITTED, ["random", "magnitude"], IMAGES, ROOT)
    first = arm_masks.masks(scores, ARMS, "exact_k", "0.80", ROOT, FITTED.replicates)
    arms = [Trained(*arm, "zero", "0.80") for arm in ARMS]
    data = ({"0.80": first}, IMAGES, LABELS, SETTINGS, ROOT, 3)
    together = retraining.retrain(FITTED, arms, *data)
    for arm in arms:
        alone = retraining.retrain(FITTED, [arm], *data)
        own = together.of_arm(*arm).arrays
        assert own.keys() == alone.arrays.keys()
        assert all(np.array_equal(own[name], alone.arrays[name]) for name in own)
