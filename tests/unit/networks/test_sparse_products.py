"""Products that skip zeros: the same numbers as dense ones, whatever a member's company."""

import pytest
import torch

from prunescape.networks import sparse_products
from prunescape.networks.network import Network
from tests.helpers.factories import CONVOLUTIONAL, PERCEPTRON, parameters

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
    product = sparse_products._by_compressed_rows
    monkeypatch.setattr(
        sparse_products,
        "_by_compressed_rows",
        lambda layer, *rest: multiplied.append(layer.name) or product(layer, *rest),
    )
    values = thinned(parameters(network, 3), [0.02, 0.02, 0.02], ["1.weight"])
    with torch.no_grad():
        network.logits(images(1), values, sparse_products.affine(network, values))
    assert multiplied == ["1"]


def test_where_nothing_is_to_gain_there_is_no_other_product(monkeypatch):
    network, filters = Network(PERCEPTRON, IMAGE), Network(CONVOLUTIONAL, IMAGE)
    sparse = thinned(parameters(network, 2), [0.01, 0.01])
    assert sparse_products.affine(network, sparse)
    assert sparse_products.affine(network, parameters(network, 2)) is None
    assert sparse_products.affine(filters, parameters(filters, 2)) is None
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


def of_winners(k):
    """Return a convolution's network in whose linear layer k of 2 x 7 x 5 inputs count."""
    layers = [
        {"kind": "conv", "filters": 2, "size": 3},
        {"kind": "k_winners", "k": k},
        {"kind": "linear", "units": 6},
        {"kind": "relu"},
        {"kind": "linear", "units": 4},
    ]
    return Network(layers, IMAGE)


@pytest.mark.parametrize("shared", [1, 3])
def test_few_winners_give_the_logits_of_dense_products(shared):
    network = of_winners(2)
    values = parameters(network, 3)
    affine = sparse_products.affine(network, values)
    with torch.no_grad():
        found = network.logits(images(shared), values, affine)
        expected = network.logits(images(shared), values)
        for r in range(3):
            own = {name: value[r : r + 1] for name, value in values.items()}
            some = images(shared)[r if shared > 1 else 0][None]
            alone = network.logits(some, own, sparse_products.affine(network, own))
            assert torch.equal(found[r : r + 1], alone)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_an_image_without_winners_and_one_that_is_not_a_number_keep_their_places():
    network = of_winners(2)
    values = parameters(network, 1)
    inputs = torch.zeros(1, 4, 2, 7, 5)
    inputs[0, 1, 0, 2, 3], inputs[0, 3] = 0.5, torch.nan
    layer = network.weighted[1]
    with torch.no_grad():
        found = sparse_products.affine(network, values)(layer, inputs)
        expected = layer.affine(inputs, values)
    torch.testing.assert_close(found, expected, equal_nan=True)
    assert found[0, 3].isnan().all()


def test_many_winners_are_multiplied_densely():
    few, many = of_winners(2), of_winners(3)
    assert [layer.winners for layer in few.weighted] == [None, 2, None]
    assert sparse_products.affine(few, parameters(few, 1))
    assert sparse_products.affine(many, parameters(many, 1)) is None


def test_a_member_with_few_weights_left_does_not_change_how_the_others_are_multiplied(monkeypatch):
    network = of_winners(2)
    monkeypatch.delattr(sparse_products, "_by_compressed_rows")  # alone, the others do without
    values = thinned(parameters(network, 3), [0.02, 1, 0.5], ["2.weight"])
    with torch.no_grad():
        found = network.logits(images(1), values, sparse_products.affine(network, values))
        expected = network.logits(images(1), values)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
