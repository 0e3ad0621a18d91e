"""A user's module that runs replicate by replicate gives what all as one batch give."""

import pytest
import torch

from prunescape.networks import architectures
from tests.helpers import factories
from tests.helpers.own_networks import MIXED, RESNET20, SHAPES, VIEWING

CONVOLUTIONAL = [MIXED, RESNET20, VIEWING]


def given(named, members=2, many=7):
    """Return a network, images, and parameters that differ between members."""
    network = architectures.network(named, SHAPES[named])
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(members, many, *SHAPES[named], generator=generator)
    starts = [network.start(member) for member in range(members)]
    values = {name: torch.stack([torch.tensor(s[name]) for s in starts]) for name in starts[0]}
    return network, images, values


def shown(network, images, values, **look):
    """Return logits, and layer -> outputs [M, B, ...], put together from what was shown."""
    parts = {}

    def show(layer, outputs, members):
        places = range(len(images))[members]
        for place, own in zip(places, outputs, strict=True):
            parts.setdefault(layer.name, {}).setdefault(place, []).append(own.clone())

    with torch.no_grad():
        logits = network.logits(images, values, outputs=show, **look)
    return logits, {
        name: torch.stack([torch.cat(own) for own in by_member.values()])
        for name, by_member in parts.items()
    }


@pytest.mark.parametrize("named", CONVOLUTIONAL)
@pytest.mark.parametrize("piece", [3, 7, 100])
def test_it_gives_and_shows_what_one_batch_does(monkeypatch, named, piece):
    network, images, values = given(named)
    expected, outputs = shown(network, images, values, observe=lambda *_: None)
    monkeypatch.setattr(network._alone, "piece", piece)
    logits, found = shown(network, images, values)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    assert found.keys() == outputs.keys() == {layer.name for layer in network.weighted}
    # A layer that runs twice shows the calls of each piece together.
    once = [layer.name for layer in network.weighted if layer.calls == 1]
    for name in once:
        torch.testing.assert_close(found[name], outputs[name], atol=1e-5, rtol=1e-4)
    for name in found.keys() - set(once):
        assert found[name].shape == outputs[name].shape
        torch.testing.assert_close(found[name].sum(1), outputs[name].sum(1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("named", CONVOLUTIONAL)
def test_bits_do_not_depend_on_company(named):
    network, images, values = given(named, 3)
    with torch.no_grad():
        together = network.logits(images, values)
        for member in range(3):
            alone = network.logits(images[[member]], factories.member(values, member))
            assert torch.equal(alone[0], together[member])


def test_images_lie_channels_last_where_the_module_takes_them_so():
    layouts = {named: given(named)[0]._alone.layout for named in CONVOLUTIONAL}
    assert layouts == {
        MIXED: torch.channels_last,
        RESNET20: torch.channels_last,
        VIEWING: torch.contiguous_format,
    }


def test_pieces_fit_into_the_cache():
    # 16 filters on 32 x 32 pixels are the largest outputs of a ResNet-20.
    network, images, values = given(RESNET20, 1, 130)
    assert network._alone.piece == 1_000_000 // (16 * 32 * 32)
    sizes = []
    with torch.no_grad():
        network.logits(
            images, values, outputs=lambda layer, x, _: sizes.append((layer.name, x.shape[1]))
        )
    assert [size for name, size in sizes if name == "1"] == [44, 43, 43]


def test_training_takes_a_batch_as_it_is():
    network, images, values = given(RESNET20, 1, 70)
    sizes = []
    network.logits(images, values, training=True, outputs=lambda _, x, __: sizes.append(x.shape[1]))
    assert set(sizes) == {70}
