"""Networks of the config and of a user's module offer what the library asks of a network."""

import numpy as np
import pytest
import torch

from prunescape.networks import architectures
from prunescape.networks.interfaces import ReplicatedNetwork
from tests.helpers import factories
from tests.helpers.fits import SPARSE
from tests.helpers.own_networks import IMAGE, MIXED, PERCEPTRON, SHAPES, UNUSUAL, refusal

NETWORKS = {
    "layers": (factories.PERCEPTRON, IMAGE),
    "filters": (factories.CONVOLUTIONAL, IMAGE),
    "winners": (SPARSE, IMAGE),
    "module": (PERCEPTRON, SHAPES[PERCEPTRON]),
    "module with buffers": (MIXED, SHAPES[MIXED]),
    "module with frozen parts": (f"{UNUSUAL}:Frozen", IMAGE),
}


@pytest.fixture(params=NETWORKS)
def given(request):
    """Return a network, and an image's shape."""
    definition, shape = NETWORKS[request.param]
    return architectures.network(definition, shape), shape


def started(network, members):
    """Return parameters and buffers [members, ...]; a member's don't depend on the others'."""
    values = network.initial_buffers(members)
    for name, shape in network.shapes.items():
        streams = factories.ties(members, name)
        drawn = [np.asarray(stream.normal(0, 0.5, shape), np.float32) for stream in streams]
        values[name] = torch.from_numpy(np.stack(drawn))
    starts = [network.start(member) for member in range(members)]
    for name in starts[0]:
        values[name] = torch.stack([torch.as_tensor(start[name]) for start in starts])
    return values


def pictures(shape, members=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(members, 4, *shape, generator=generator)


def test_it_has_every_member_of_the_interface(given):
    network, _ = given
    members = [name for name in vars(ReplicatedNetwork) if not name.startswith("_")]
    assert len(members) > 8
    assert [name for name in members if not hasattr(network, name)] == []


def test_names_and_shapes_agree_with_each_other(given):
    network, _ = given
    numbers = [int(layer.name) for layer in network.weighted]
    assert numbers == sorted(set(numbers))
    for layer in network.weighted:
        assert network.shapes[f"{layer.name}.weight"] == layer.shape
    assert not network.shapes.keys() & network.buffers.keys()
    assert set(network.frozen) <= network.buffers.keys()
    assert set(network.input_major) <= network.shapes.keys()
    buffers = network.initial_buffers(2)
    assert {n: tuple(value.shape) for n, value in buffers.items()} == {
        name: (2, *shape) for name, shape in network.buffers.items()
    }


def test_it_starts_what_nothing_else_starts(given):
    network, _ = given
    start = network.start(3)
    layers = {f"{layer.name}.{part}" for layer in network.weighted for part in ("weight", "bias")}
    assert network.shapes.keys() - layers <= start.keys()
    assert set(network.frozen) <= start.keys()
    every = network.shapes | network.buffers
    assert {name: value.shape for name, value in start.items()} == {n: every[n] for n in start}
    again = network.start(3)
    assert all(np.array_equal(again[name], value) for name, value in start.items())


@pytest.mark.parametrize("training", [False, True])
def test_a_members_logits_are_its_own_to_the_bit(given, training):
    network, shape = given
    images = pictures(shape)
    together = network.logits(images, started(network, 3), training=training)
    assert together.shape == (3, 4, network.outputs)
    only = factories.member(started(network, 3), 1)
    alone = network.logits(images[1:2], only, training=training)
    assert torch.equal(alone[0], together[1])


def test_layers_show_inputs_and_outputs_in_order_and_may_be_computed_elsewhere(given):
    network, shape = given
    images, values = pictures(shape, 1), started(network, 2)
    inputs, outputs, asked = {}, {}, []
    logits = network.logits(
        images,
        values,
        lambda layer, _: asked.append(layer.name),  # None: the layer computes itself
        observe=lambda layer, found: inputs.setdefault(layer.name, found),
        outputs=lambda layer, found, _: outputs.setdefault(layer.name, found),
    )
    names = [layer.name for layer in network.weighted]
    assert list(dict.fromkeys(asked)) == list(inputs) == list(outputs) == names
    for layer in network.weighted:
        assert outputs[layer.name].shape[:3] == (2, 4, layer.shape[0])
    doubled = network.logits(images, values, lambda layer, x: 2 * layer.affine(x, values))
    torch.testing.assert_close(network.logits(images, values), logits, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(doubled, logits)


def test_a_module_whose_replicates_decide_for_each_other_is_refused():
    assert "decides by the numbers of all images" in refusal("Deciding")
