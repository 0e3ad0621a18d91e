"""Kinds that the library doesn't know are refused: what was found, what is allowed."""

import re

import pytest
import torch

from prunescape.pruning import arm_masks, effects, retraining, selection
from prunescape.pruning.retraining import Trained
from tests.helpers.factories import checkpoint, masks, parameters, ties, uint8_images

FITTED = checkpoint(replicates=[1])
NETWORK = FITTED.network
PARAMETERS = parameters(NETWORK, 1)
MASKS = {name: torch.from_numpy(mask) for name, mask in masks(NETWORK, 1).items()}
SCORES = {f"magnitude/{name}": mask.astype(float) for name, mask in masks(NETWORK, 1).items()}
LAYERS = {name.split("/")[1]: value for name, value in SCORES.items()}
PACKED = {
    "0.5": arm_masks.masks(SCORES, [("magnitude", "global", 0)], "exact_k", "0.5", (1, "s"), [1])
}


def retrained(effect, **settings):
    """Begin to train an arm under masks."""
    arm = Trained("magnitude", "global", effect, "0.5")
    labels = torch.zeros(4, dtype=torch.long)
    retraining.retrain(FITTED, [arm], PACKED, uint8_images(4), labels, settings, (1, "s"), 0)


@pytest.mark.parametrize(
    ("call", "key", "allowed"),
    [
        (
            lambda: effects.apply("wonder", NETWORK, PARAMETERS, MASKS, {}),
            "effect",
            "zero, compensate, freeze, recalibrate, reconstruct",
        ),
        (
            lambda: selection.exact_k(LAYERS, "0.5", "wonder", ties(1)),
            "scope",
            "global, layer, output_unit, floor, erdos_renyi, erk, allocation, input_unit, "
            "neuron, n_m, block",
        ),
        (
            lambda: arm_masks.masks(SCORES, [], "wonder", "0.5", (1, "s"), [1]),
            "selection",
            "exact_k, threshold",
        ),
        (lambda: retrained("wonder"), "effect", "zero, freeze, none"),
        (
            lambda: retrained("zero", start="wonder"),
            "start",
            "initial, redrawn, rewound, rewound_rate",
        ),
    ],
    ids=["effect", "scope", "selection", "effect in training", "start of training"],
)
def test_an_unknown_name_is_refused(call, key, allowed):
    with pytest.raises(ValueError, match=re.escape(f"{key}: found 'wonder'; allowed: {allowed}")):
        call()


def test_compensation_needs_mean_inputs():
    with pytest.raises(ValueError, match="effect: compensate: found no mean inputs of a layer"):
        effects.apply("compensate", NETWORK, PARAMETERS, MASKS, {})
