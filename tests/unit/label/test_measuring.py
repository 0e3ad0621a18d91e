"""What was chosen is measured on the networks themselves: against plain loops over one network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from prunescape.evaluation import input_noise
from prunescape.exports import portable, stored_bytes
from prunescape.foundations import files
from prunescape.label import comparing, measuring, reading
from prunescape.networks import prunable
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import intensities
from prunescape.pruning import arm_masks, effects, selection
from prunescape.scoring import input_moments
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
NONE = measuring.Own({}, {})
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
    shapes = prunable.shapes(fitted.network)
    kept = selection.unpack(arm_masks.layers_of(packed, "snr", "global"), shapes)
    return measuring.Block(fitted, None, (packed, fitted.replicates), {}), kept


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL])
def test_noise_before_and_after_pruning_one_network_at_a_time(layers):
    found, kept = block(layers)
    measured = measuring.under_noise([found], ARM, CONDITIONS, IMAGES, LABELS, STREAM, NONE)
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
    given = [found], ARM, conditions, IMAGES, LABELS, STREAM, NONE
    assert measuring.under_noise(*given, processes=2) == measuring.under_noise(*given)


def test_normalisation_is_measured_anew_where_that_was_chosen():
    images, labels = uint8_images(16, SHAPES[MIXED]), classes(16, 3)
    fitted = own_networks.fitted(MIXED, images, labels, own_networks.LIKELIHOOD)
    shapes = prunable.shapes(fitted.network)
    kept = {name: np.ones((2, *shape), dtype=bool) for name, shape in shapes.items()}
    packed = {f"snr/global/{name}": bits for name, bits in selection.pack(kept).items()}
    found = measuring.Block(fitted, None, (packed, [1, 2]), {})
    arm = ARM | {"effects": ["recalibrate"]}
    asked = ([found], arm, CONDITIONS[:1], images, labels, STREAM)
    own = NONE._replace(trained_on=images)
    [told] = measuring.under_noise(*asked, own)
    assert len(told["pruned"]) == 2
    with pytest.raises(ValueError, match="effect: recalibrate: found no training images"):
        measuring.under_noise(*asked, NONE)


def test_blocks_are_put_together():
    first, second = block(PERCEPTRON)[0], block(PERCEPTRON, (6, 7, 8))[0]
    told = measuring.under_noise([first, second], ARM, CONDITIONS, IMAGES, LABELS, STREAM, NONE)
    assert [len(each["pruned"]) for each in told] == [5, 5]


@pytest.mark.parametrize("effect", ["zero", "compensate", "reconstruct"])
@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL])
def test_sizes_of_the_first_network(layers, effect):
    found, kept = block(layers)
    given = found.checkpoint.parameters(torch.device("cpu")), found.checkpoint.scaling, IMAGES
    moments = input_moments.input_moments(found.checkpoint.network, *given)
    found = found._replace(means=input_moments.means(moments))
    own = NONE._replace(trained_on=IMAGES)
    pair = measuring.first(found, ARM | {"effects": [effect]}, own)
    masks = {name: torch.from_numpy(mask) for name, mask in kept.items()}
    training = effects.Training(IMAGES, found.checkpoint.scaling)
    network = found.checkpoint.network
    changed = effects.apply(effect, network, given[0], masks, found.means, training)
    scaled = found.checkpoint.scaling(intensities(IMAGES))[None]
    expected = network.logits(scaled, {k: v[:1] for k, v in changed.items()})[0]
    assert (pair.pruned.logits(intensities(IMAGES)) - expected).abs().max() < 1e-5
    assert effect != "compensate" or "2.bias" in pair.pruned.arrays
    sizes = measuring.sizes(pair)
    for side, form in (("unpruned", pair.unpruned), ("pruned", pair.pruned)):
        stored = stored_bytes.sizes(form.arrays, form.prunable)
        way = "dense" if side == "unpruned" else sizes["way"]
        assert sizes[side] == stored[way][0]
    assert (
        sizes["pruned"]
        < sizes["unpruned"]
        == 4 * sum(x.size for x in pair.unpruned.arrays.values())
    )
    every, nonzero = zip(*pair.pruned.multiply_adds().values(), strict=True)
    assert measuring.multiply_adds(pair) == {"all": sum(every), "nonzero": sum(nonzero)}


def test_an_effect_of_the_user_is_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text("def halve(weight, mask):\n    return weight * mask / 2\n")
    found, _ = block(PERCEPTRON)
    own = NONE._replace(effects={"halve": "own.py:halve"})
    arm = ARM | {"effects": ["halve"]}
    assert measuring.under_noise([found], arm, CONDITIONS, IMAGES, LABELS, STREAM, own)
    halved, zero = (measuring.first(found, each, own).pruned for each in (arm, ARM))
    assert np.array_equal(2 * halved.arrays["1.weight"], zero.arrays["1.weight"])


def test_biases_that_go_too_are_zero():
    biased = {"bias": True, "prune_bias": True}
    layers = [each | biased if "units" in each else each for each in PERCEPTRON]
    fitted = checkpoint(layers, replicates=[4, 5])
    shapes = prunable.shapes(fitted.network)
    kept = {name: np.zeros((2, *shape), dtype=bool) for name, shape in shapes.items()}
    kept["1.bias"][:, 0] = True
    packed = {f"snr/global/{name}": bits for name, bits in selection.pack(kept).items()}
    found = measuring.Block(fitted, None, (packed, [4, 5]), {})
    pair = measuring.first(found, ARM, NONE)
    assert pair.unpruned.arrays["1.bias"].all()
    assert pair.pruned.arrays["1.bias"].astype(bool).tolist() == kept["1.bias"][0].tolist()


def test_times_are_of_both_at_every_number_of_images():
    found, _ = block(PERCEPTRON)
    times = measuring.times(measuring.first(found, ARM, NONE), 1000)
    assert list(times) == ["1", "256"]
    for sides in times.values():
        assert list(sides) == ["unpruned", "pruned"]
        assert all(0 < each["low"] <= each["median"] <= each["high"] for each in sides.values())


def test_a_module_is_measured_as_its_users_run_it(monkeypatch):
    images, labels = uint8_images(16, SHAPES[MIXED]), classes(16, 3)
    fitted = own_networks.fitted(MIXED, images, labels, own_networks.LIKELIHOOD)
    shapes = prunable.shapes(fitted.network)
    kept = {
        name: np.arange(2 * np.prod(shape)).reshape(2, *shape) % 2 == 0
        for name, shape in shapes.items()
    }
    packed = {f"snr/global/{name}": bits for name, bits in selection.pack(kept).items()}
    found = measuring.Block(fitted, None, (packed, [1, 2]), {})
    own = NONE._replace(trained_on=images)
    pair = measuring.first(found, ARM | {"effects": ["recalibrate"]}, own)
    state = pair.pruned.module().state_dict()
    assert pair.pruned.arrays.keys() == state.keys()
    assert any(
        "running_mean" in name and not np.array_equal(value, pair.unpruned.arrays[name])
        for name, value in pair.pruned.arrays.items()
    )
    assert measuring.sizes(pair)["unpruned"] == sum(
        x.numel() * x.element_size() for x in state.values()
    )
    ran = []
    monkeypatch.setattr(ModuleNetwork, "logits", lambda *_, **__: ran.append(1))
    measuring.times(pair, 2**40)
    assert not ran  # the module itself runs, without what the library wraps around it


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
        measuring.under_noise([each], ARM, CONDITIONS, IMAGES, LABELS, STREAM, NONE)
        for each in (found, again)
    ]
    assert told[0] == told[1]
    with pytest.raises(ValueError, match="no arm other / global / exact_k / oneshot in a block"):
        reading.blocks(described, wanted | {"criterion": "other"}, torch.device("cpu"))
    assert reading.chosen({"methods": [], "detail": None}) is None
