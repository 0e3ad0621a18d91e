"""What was chosen is measured on the networks themselves: against plain loops over one network."""

import json

import numpy as np
import pytest
import torch

from prunescape.evaluation import input_noise
from prunescape.exports import portable, stored_bytes
from prunescape.foundations import files
from prunescape.label import comparing, measuring, reading
from prunescape.networks import prunable
from prunescape.networks.scaling import intensities
from prunescape.pruning import arm_masks, selection
from tests.helpers import own_networks
from tests.helpers.factories import (
    CONVOLUTIONAL,
    PERCEPTRON,
    checkpoint,
    classes,
    scored,
    uint8_images,
)
from tests.helpers.own_networks import MIXED, SHAPES

IMAGES, LABELS = uint8_images(90, name="test"), classes(90)
STREAM = (7, "digits")
CONDITIONS = [("gaussian", "0.20"), ("occlusion", "0.10")]
ARM = {
    "criterion": "snr",
    "scope": "global",
    "within": ["global"],
    "selection": "exact_k",
    "schedule": "oneshot",
    "effects": ["zero"],
    "points": [[0, "0.60"]],
}


def block(layers, replicates=(4, 5)):
    """Return fitted networks, their masks, and the masks unpacked."""
    fitted = checkpoint(layers, replicates=list(replicates), posterior=True)
    scores, _ = scored(fitted, ["snr"], uint8_images(60), (7, "label"))
    packed = arm_masks.masks(
        scores, [("snr", "global", 0)], "exact_k", "0.60", (7, "label"), fitted.replicates
    )
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    kept = selection.unpack(arm_masks.layers_of(packed, "snr", "global"), shapes)
    return measuring.Block(fitted, None, (packed, fitted.replicates), {}), kept


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL])
def test_noise_before_and_after_pruning_one_network_at_a_time(layers):
    found, kept = block(layers)
    measured = measuring.under_noise([found], ARM, CONDITIONS, IMAGES, LABELS, STREAM, {})
    assert json.loads(json.dumps(measured)) == measured
    raw = intensities(IMAGES).numpy()
    for (kind, level), told in zip(CONDITIONS, measured, strict=True):
        noisy = torch.from_numpy(input_noise.corrupt(raw, kind, level, *STREAM))
        for side, masks in (("unpruned", None), ("pruned", kept)):
            right = [
                portable.of_member(found.checkpoint, replicate, masks, "zero", {}, {})
                .logits(noisy)
                .argmax(1)
                .eq(LABELS)
                for replicate in (4, 5)
            ]
            bits = [np.packbits(each.numpy()).tobytes().hex() for each in right]
            assert told[side] == bits
    [first, _] = comparing.under_noise(measured, 90)
    assert 0 <= first["pruned"] <= 1


def test_processes_that_share_the_conditions_give_the_same():
    found, _ = block(CONVOLUTIONAL)
    conditions = [*CONDITIONS, ("none", "0")]
    given = [found], ARM, conditions, IMAGES, LABELS, STREAM, {}
    assert measuring.under_noise(*given, processes=2) == measuring.under_noise(*given)


def test_normalisation_is_measured_anew_where_that_was_chosen():
    images, labels = uint8_images(16, SHAPES[MIXED]), classes(16, 3)
    fitted = own_networks.fitted(MIXED, images, labels, own_networks.LIKELIHOOD)
    shapes = prunable.shapes(fitted.network)
    kept = {name: np.ones((2, *shape), dtype=bool) for name, shape in shapes.items()}
    packed = {f"snr/global/{name}": bits for name, bits in selection.pack(kept).items()}
    found = measuring.Block(fitted, None, (packed, [1, 2]), {})
    arm = ARM | {"effects": ["recalibrate"]}
    asked = ([found], arm, CONDITIONS[:1], images, labels, STREAM, {})
    [told] = measuring.under_noise(*asked, images)
    assert len(told["pruned"]) == 2
    with pytest.raises(ValueError, match="effect: recalibrate: found no training images"):
        measuring.under_noise(*asked)


def test_blocks_are_put_together():
    first, second = block(PERCEPTRON)[0], block(PERCEPTRON, (6, 7, 8))[0]
    told = measuring.under_noise([first, second], ARM, CONDITIONS, IMAGES, LABELS, STREAM, {})
    assert [len(each["pruned"]) for each in told] == [5, 5]


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL])
def test_sizes_of_the_first_network(layers):
    found, kept = block(layers)
    pair = measuring.first(found, ARM)
    plain = portable.of_member(found.checkpoint, 4, None, "none", {}, {})
    pruned = portable.of_member(found.checkpoint, 4, kept, "zero", {}, {})
    assert (
        pair.logits(intensities(IMAGES), "pruned") - pruned.logits(intensities(IMAGES))
    ).abs().max() < 1e-5
    sizes = measuring.sizes(pair)
    stored = stored_bytes.sizes(pruned.arrays, pruned.prunable)
    assert sizes["unpruned"] == stored_bytes.sizes(plain.arrays, plain.prunable)["dense"][0]
    assert sizes["pruned"] == min(size for size, _ in stored.values()) < sizes["unpruned"]
    assert stored[sizes["way"]][0] == sizes["pruned"]
    every, nonzero = zip(*pruned.multiply_adds().values(), strict=True)
    assert measuring.multiply_adds(pair) == {"all": sum(every), "nonzero": sum(nonzero)}


def test_times_are_of_both_at_every_number_of_images():
    found, _ = block(PERCEPTRON)
    times = measuring.times(measuring.first(found, ARM), 1000)
    assert list(times) == ["1", "256"]
    for sides in times.values():
        assert list(sides) == ["unpruned", "pruned"]
        assert all(0 < each["low"] <= each["median"] <= each["high"] for each in sides.values())


def test_the_arm_that_was_chosen_is_read(tmp_path):
    found, _ = block(PERCEPTRON)
    found.checkpoint.save(str(tmp_path / "checkpoint.safetensors"))
    packed, replicates = found.packed
    files.write_tensors(tmp_path / "masks.safetensors", packed, {"replicates": replicates})
    arm = {name: ARM[name] for name in ("criterion", "scope", "within", "selection", "schedule")}
    arm |= {"points": [[0, "0.50"], [0, "0.60"]], "retrained": [[], []]}
    arm["masks"] = [str(tmp_path / "none"), str(tmp_path / "masks.safetensors")]
    described = [
        {"checkpoint": str(tmp_path / "checkpoint.safetensors"), "moments": None, "arms": [arm]}
    ]
    method = {name: arm[name] for name in ("criterion", "scope", "selection", "schedule")}
    choice = {
        "methods": [{}, method | {"effect": "zero"}],
        "detail": {"method": 1, "step": 0, "level": 0.6},
    }
    wanted = reading.chosen(choice)
    read, [again] = reading.blocks(described, wanted, torch.device("cpu"))
    assert read == ARM
    told = [
        measuring.under_noise([each], ARM, CONDITIONS, IMAGES, LABELS, STREAM, {})
        for each in (found, again)
    ]
    assert told[0] == told[1]
    with pytest.raises(ValueError, match="no arm other / global / exact_k / oneshot in a block"):
        reading.blocks(described, wanted | {"criterion": "other"}, torch.device("cpu"))
    assert reading.chosen({"methods": [], "detail": None}) is None
