"""Products that skip zeros: the same numbers as dense ones, for each member by its own weights."""

import pytest
import torch
from factories import CONVOLUTIONAL, PERCEPTRON, parameters

from prunescape import sparse_products
from prunescape.networks import Network

IMAGE = (1, 9, 7)


@pytest.fixture(autouse=True)
def small_layers_count(monkeypatch):
    monkeypatch.setattr(sparse_products, "LARGE", 10)


def thinned(values, shares, layers=("1.weight", "2.weight")):
    """Return parameters of which each member keeps a share of the weights of these layers."""
    generator = torch.Generator().manual_seed(2)
    shares = torch.tensor(shares)[:, None, None]
    return values | {
        name: values[name] * (torch.rand(values[name].shape, generator=generator) < shares)
        for name in layers
    }


def images(members, n=17):
    return torch.rand(members, n, *IMAGE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shared", [1, 3])
@pytest.mark.parametrize("shares", [[0.02, 0.02, 0.02], [0.02, 0.5, 0.0]])
def test_logits_are_those_of_dense_products(shares, shared):
    network = Network(PERCEPTRON, IMAGE)
    values = thinned(parameters(network, 3), shares)
    affine = sparse_products.affine(network, values)
    with torch.no_grad():
        found = network.logits(images(shared), values, affine)
        expected = network.logits(images(shared), values)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_a_members_bits_do_not_depend_on_its_company():
    network = Network(PERCEPTRON, IMAGE)
    values = thinned(parameters(network, 3), [0.02, 0.5, 0.03])
    with torch.no_grad():
        together = network.logits(images(1), values, sparse_products.affine(network, values))
        for r in range(3):
            own = {name: value[r : r + 1] for name, value in values.items()}
            alone = network.logits(images(1), own, sparse_products.affine(network, own))
            assert torch.equal(together[r : r + 1], alone)


def test_only_layers_with_few_weights_left_are_multiplied_in_compressed_rows(monkeypatch):
    network = Network(PERCEPTRON, IMAGE)
    multiplied = []
    product = sparse_products._product
    monkeypatch.setattr(
        sparse_products,
        "_product",
        lambda layer, *rest: multiplied.append(layer.name) or product(layer, *rest),
    )
    values = thinned(parameters(network, 3), [0.02, 0.02, 0.02], ["1.weight"])
    with torch.no_grad():
        network.logits(images(1), values, sparse_products.affine(network, values))
    assert multiplied == ["1"]


def test_where_nothing_is_to_gain_there_is_no_other_product(monkeypatch):
    network, filters = Network(PERCEPTRON, IMAGE), Network(CONVOLUTIONAL, IMAGE)
    sparse = thinned(parameters(network, 2), [0.01, 0.01])
    empty = {name: torch.zeros_like(value) for name, value in parameters(filters, 2).items()}
    assert sparse_products.affine(network, sparse)
    assert sparse_products.affine(network, parameters(network, 2)) is None
    assert sparse_products.affine(filters, empty) is None
    monkeypatch.setattr(sparse_products, "LARGE", 10_000)
    assert sparse_products.affine(network, sparse) is None


def test_winners_are_chosen_of_sparse_products_too():
    layers = [PERCEPTRON[0], {"kind": "k_winners", "k": 2}, {"kind": "linear", "units": 4}]
    network = Network(layers, IMAGE)
    values = thinned(parameters(network, 3), [0.03, 0.5, 0.03], ["1.weight"])
    affine = sparse_products.affine(network, values)
    with torch.no_grad():
        found = network.logits(images(3), values, affine)
        expected = network.logits(images(3), values)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
