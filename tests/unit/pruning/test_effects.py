import pytest
import torch

from prunescape.networks import architectures, prunable
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.pruning import effects
from prunescape.scoring.input_moments import input_moments
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    masks,
    parameters,
    uint8_images,
)
from tests.helpers.own_networks import MIXED, SHAPES

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
UNIT = Scaling(torch.tensor(0.0), torch.tensor(1.0))
NETWORKS = pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])


def ensemble(layers, replicates=3):
    network = Network(layers, (1, 8, 8))
    kept = {n: torch.from_numpy(mask) for n, mask in masks(network, replicates).items()}
    return network, parameters(network, replicates), kept


def pre_activations(network, values, images):
    """Return layer -> weight times inputs plus bias [R, N, out, positions]."""
    found = {}

    def observe(layer, inputs):
        outputs = layer.affine(inputs, values)
        found[layer.name] = outputs.flatten(3) if outputs.dim() > 3 else outputs[..., None]
        return outputs

    network.logits(UNIT(images)[None], values, observe)
    return found


@NETWORKS
def test_compensation_leaves_mean_pre_activations_unchanged(layers):
    network, before, kept = ensemble(layers)
    images = uint8_images(333)
    means = {n: m for n, (m, _) in input_moments(network, before, UNIT, images).items()}
    expected = pre_activations(network, before, images)
    for layer in network.weighted:
        # One layer at a time: what it is fed with is then what its means were measured on.
        only = {
            name: mask if name == layer.name else torch.ones_like(mask)
            for name, mask in kept.items()
        }
        after = effects.apply("compensate", network, before, only, means)
        found = pre_activations(network, after, images)[layer.name]
        torch.testing.assert_close(
            found.mean((1, 3)), expected[layer.name].mean((1, 3)), atol=2e-5, rtol=0
        )
        zeroed = effects.apply("zero", network, before, only, means)
        moved = pre_activations(network, zeroed, images)[layer.name] - expected[layer.name]
        assert moved.mean((1, 3)).abs().max() > 0.05
        assert (found - expected[layer.name]).abs().max() > 0.05


@NETWORKS
def test_compensation_gives_every_layer_a_bias(layers):
    network, before, kept = ensemble(layers)
    means = {layer.name: torch.full((1, 1, *layer.shape[1:]), 0.25) for layer in network.weighted}
    after = effects.apply("compensate", network, before, kept, means)
    for layer in network.weighted:
        weight = before[f"{layer.name}.weight"]
        lost = 0.25 * torch.where(kept[layer.name], 0, weight).flatten(2).sum(2)
        bias = before.get(f"{layer.name}.bias", torch.zeros(3, layer.shape[0]))
        torch.testing.assert_close(after[f"{layer.name}.bias"], bias + lost)
        assert layer.bias == (f"{layer.name}.bias" in before)
    # The network takes the new bias: a constant for the same inputs.
    images = uint8_images(5)
    last = network.weighted[-1].name
    moved = after | {f"{last}.bias": after[f"{last}.bias"] + 1}
    torch.testing.assert_close(
        network.logits(UNIT(images)[None], moved),
        network.logits(UNIT(images)[None], after) + 1,
    )


def test_means_of_each_replicate_go_with_its_weights():
    network, before, _ = ensemble(LOGISTIC, replicates=2)
    nothing = {"1": torch.zeros(2, 4, 64, dtype=torch.bool)}
    means = {"1": torch.stack([torch.zeros(1, 64), torch.ones(1, 64)])}
    after = effects.apply("compensate", network, before, nothing, means)
    torch.testing.assert_close(after["1.bias"][0], torch.zeros(4))
    torch.testing.assert_close(after["1.bias"][1], before["1.weight"][1].sum(1))


@NETWORKS
@pytest.mark.parametrize("effect", ["zero", "compensate"])
def test_removed_weights_are_exactly_zero_and_kept_ones_untouched(layers, effect):
    network, before, kept = ensemble(layers)
    means = {layer.name: torch.ones(1, 1, *layer.shape[1:]) for layer in network.weighted}
    after = effects.apply(effect, network, before, kept, means)
    for name, mask in kept.items():
        weight = after[f"{name}.weight"]
        assert (weight[~mask] == 0).all()
        assert torch.equal(weight[mask], before[f"{name}.weight"][mask])
    if effect == "zero":
        assert after.keys() == before.keys()
        for name in before.keys() - {f"{name}.weight" for name in kept}:
            assert torch.equal(after[name], before[name])


@NETWORKS
def test_freezing_changes_no_value(layers):
    network, before, kept = ensemble(layers)
    after = effects.apply("freeze", network, before, kept, {})
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


@NETWORKS
@pytest.mark.parametrize("effect", ["zero", "compensate", "freeze"])
def test_what_goes_in_is_left_as_it_was(layers, effect):
    network, before, kept = ensemble(layers)
    means = {layer.name: torch.ones(1, 1, *layer.shape[1:]) for layer in network.weighted}
    inputs = [before, kept, means]
    copies = [{name: tensor.clone() for name, tensor in each.items()} for each in inputs]
    effects.apply(effect, network, before, kept, means)
    for each, copy in zip(inputs, copies, strict=True):
        assert each.keys() == copy.keys()
        assert all(torch.equal(each[name], copy[name]) for name in copy)


@pytest.mark.parametrize("effect", ["zero", "compensate"])
def test_nothing_removed_changes_nothing(effect):
    network, before, kept = ensemble(CONVOLUTIONAL)
    everything = {name: torch.ones_like(mask) for name, mask in kept.items()}
    means = {layer.name: torch.ones(1, 1, *layer.shape[1:]) for layer in network.weighted}
    after = effects.apply(effect, network, before, everything, means)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_recalibration_measures_pruned_networks_over_batches_of_nearly_one_size(monkeypatch):
    network = architectures.network(MIXED, SHAPES[MIXED])
    starts = [network.start(seed) for seed in (1, 2)]
    before = {name: torch.stack([torch.as_tensor(s[name]) for s in starts]) for name in starts[0]}
    shapes = prunable.shapes(network)
    kept = {
        name: torch.rand(2, *shape, generator=torch.Generator().manual_seed(3)) > 0.5
        for name, shape in shapes.items()
    }
    images = uint8_images(31, SHAPES[MIXED])
    monkeypatch.setattr(effects, "BATCH", 10)
    training = effects.Training(images, UNIT)
    after = effects.apply("recalibrate", network, before, kept, {}, training)
    zeroed = effects.apply("zero", network, before, kept, {}, training)
    moved = {name for name in before if not torch.equal(after[name], zeroed[name])}
    assert after.keys() == before.keys()
    assert moved == {f"own.norm.{each}" for each in STATISTICS}
    # The first layer feeds the norm: 8, 8, 8 and 7 images, each batch with the same weight.
    first = next(layer for layer in network.weighted if layer.path == "first")
    for member in range(2):
        values = {k: v[[member]] for k, v in zeroed.items()}
        parts = [images[start:stop] for start, stop in [(0, 8), (8, 16), (16, 24), (24, 31)]]
        outputs = [first.affine(UNIT(part)[None], values)[0] for part in parts]
        for name, moments in (
            ("running_mean", [each.mean((0, 2, 3)) for each in outputs]),
            ("running_var", [each.var((0, 2, 3)) for each in outputs]),
        ):
            expected = torch.stack(moments).mean(0)
            torch.testing.assert_close(after[f"own.norm.{name}"][member], expected)
    assert after["own.norm.num_batches_tracked"].tolist() == [4, 4]


def test_recalibration_needs_training_images_and_something_to_measure():
    network, before, kept = ensemble(PERCEPTRON)
    with pytest.raises(ValueError, match="effect: recalibrate: found no training images"):
        effects.apply("recalibrate", network, before, kept, {})
    training = effects.Training(uint8_images(5), UNIT)
    with pytest.raises(ValueError, match="found a network without running statistics"):
        effects.apply("recalibrate", network, before, kept, {}, training)


def test_a_bias_that_is_pruned_is_zeroed_like_weights_but_not_when_it_is_frozen():
    layers = [{"kind": "linear", "units": 4, "prune_bias": True}]
    network = Network(layers, (1, 8, 8))
    values = parameters(network, 2)
    shapes = prunable.shapes(network)
    assert list(shapes) == ["1", "1.bias"]
    kept = {name: torch.ones(2, *shape, dtype=torch.bool) for name, shape in shapes.items()}
    kept["1.bias"][:, 1] = False
    zeroed = effects.apply("zero", network, values, kept, {})["1.bias"]
    assert (zeroed == 0).tolist() == [[False, True, False, False]] * 2
    frozen = effects.apply("freeze", network, values, kept, {})["1.bias"]
    assert torch.equal(frozen, values["1.bias"])


@NETWORKS
def test_reconstruction_brings_every_layers_outputs_back(layers):
    network, before, kept = ensemble(layers)
    images = uint8_images(80)
    training = effects.Training(images, UNIT)
    after = effects.apply("reconstruct", network, before, kept, {}, training)
    zeroed = effects.apply("zero", network, before, kept, {})
    assert after.keys() == zeroed.keys()
    inputs = {}
    network.logits(
        UNIT(images)[None], before, observe=lambda layer, x: inputs.update({layer.name: x})
    )
    for layer in network.weighted:
        name = f"{layer.name}.weight"
        assert (after[name][~kept[layer.name]] == 0).all()
        if layer.bias:
            assert torch.equal(after[f"{layer.name}.bias"], before[f"{layer.name}.bias"])

        def changed(values, layer=layer):
            difference = layer.affine(inputs[layer.name], values)
            difference = difference - layer.affine(inputs[layer.name], before)
            return difference.square().mean()

        assert changed(after) < 0.9 * changed(zeroed)


def test_reconstruction_needs_training_images_and_measures_them_once(monkeypatch):
    network, before, kept = ensemble(PERCEPTRON)
    with pytest.raises(ValueError, match="effect: reconstruct: found no training images"):
        effects.apply("reconstruct", network, before, kept, {})
    training = effects.Training(uint8_images(20), UNIT)
    first = effects.apply("reconstruct", network, before, kept, {}, training)
    monkeypatch.setattr(effects.second_moments, "second_moments", None)  # not called again
    again = effects.apply("reconstruct", network, before, kept, {}, training)
    assert all(torch.equal(first[name], again[name]) for name in first)
