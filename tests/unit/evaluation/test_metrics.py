import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss

from prunescape.evaluation import calibration, metrics
from prunescape.foundations import streams
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers.factories import CONVOLUTIONAL, LOGISTIC, PERCEPTRON, classes, member, parameters

UNIT = Scaling(torch.tensor(0.0), torch.tensor(1.0))


def measure(logits, labels):
    """Measure networks [M, N, classes] that say `logits`: the identity of their images."""
    found = []
    for each in torch.as_tensor(logits, dtype=torch.float32):
        many = each.shape[1]
        network = Network([{"kind": "linear", "units": many, "bias": False}], (1, 1, many))
        identity = {"1.weight": torch.eye(many)[None]}
        images = each.view(-1, 1, 1, many)
        found.append(metrics.measure(network, identity, UNIT, images, torch.as_tensor(labels)))
    return {name: [each[name][0] for each in found] for name in found[0]}


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def plain_ece(p, labels, bins=15):
    """Guo et al. (2017), equation 3, a loop over bins (low, high]."""
    total = 0.0
    confidences, predictions = p.max(axis=1), p.argmax(axis=1)
    for i in range(bins):
        inside = [
            n for n, confidence in enumerate(confidences) if i / bins < confidence <= (i + 1) / bins
        ]
        if inside:
            accuracy = sum(predictions[n] == labels[n] for n in inside) / len(inside)
            confidence = sum(confidences[n] for n in inside) / len(inside)
            total += len(inside) / len(labels) * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("sharpness", [0.3, 3.0])
@pytest.mark.parametrize(("n", "many"), [(2345, 10), (1000, 3), (17, 2)])
def test_metrics_equal_plain_references(n, many, sharpness):
    generator = streams.generator("test", "logits", n)
    labels = generator.integers(0, many, n)
    logits = (generator.normal(0, sharpness, (2, n, many)) + 2 * np.eye(many)[labels]).astype("f4")
    found = measure(logits, labels)
    for r in range(2):
        p = softmax(logits[r].astype(np.float64))
        assert found["n_correct"][r] == round(accuracy_score(labels, p.argmax(axis=1)) * n)
        bits = np.unpackbits(np.frombuffer(found["outcomes"][r], np.uint8), count=n)
        assert bits.tolist() == (p.argmax(axis=1) == labels).tolist()
        assert found["accuracy"][r] == found["n_correct"][r] / n
        assert found["nll"][r] == pytest.approx(log_loss(labels, p, labels=range(many)), rel=1e-9)
        brier = np.mean([np.sum((p[i] - np.eye(many)[labels[i]]) ** 2) for i in range(n)])
        assert found["brier"][r] == pytest.approx(brier, rel=1e-9)
        assert found["ece"][r] == pytest.approx(plain_ece(p, labels), rel=1e-9)
        images, right, sure = np.array(found["bins"][r])
        assert (images.sum(), right.sum()) == (n, found["n_correct"][r])
        assert sure.sum() == pytest.approx(p.max(axis=1).sum(), rel=1e-9)
        sure, right = p.max(axis=1)[None], (p.argmax(axis=1) == labels)[None]
        expected = calibration.equal_mass_error(sure, right)
        assert found["ece_equal_mass"][r] == pytest.approx(expected[0], rel=1e-9)


def test_perfect_networks():
    labels = classes(1500)
    found = measure(1000 * torch.eye(4)[labels][None], labels)
    assert found == {
        "n_correct": [1500],
        "accuracy": [1.0],
        "nll": [0.0],
        "ece": [0.0],
        "ece_equal_mass": [0.0],
        "brier": [0.0],
        "silent_by_layer": ["0"],
        "outcomes": [np.packbits(np.ones(1500, bool)).tobytes()],
        "bins": [[[0.0] * 14 + [1500.0]] * 3],
    }
    assert isinstance(found["n_correct"][0], int)


def test_networks_that_are_sure_and_wrong():
    labels = classes(1500)
    found = measure(1000 * torch.eye(4)[(labels + 1) % 4][None], labels)
    assert found["n_correct"] == [0]
    assert found["nll"] == [1000.0]
    assert (found["ece"], found["ece_equal_mass"], found["brier"]) == ([1.0], [1.0], [2.0])


def test_networks_that_know_nothing():
    labels = np.repeat([0, 1, 2, 3, 4], [300, 500, 400, 100, 200])
    found = measure(np.zeros((1, 1500, 5)), labels)
    assert found["nll"][0] == pytest.approx(math.log(5), rel=1e-12)
    assert found["brier"][0] == pytest.approx(0.8, rel=1e-12)
    # All classes tie: any may be predicted, and confidence 0.2 is compared with its share.
    assert found["n_correct"][0] in {300, 500, 400, 100, 200}
    assert found["ece"][0] == pytest.approx(abs(0.2 - found["accuracy"][0]), abs=1e-12)


def test_calibration_by_hand():
    # Confidences 0.9 (right), 0.9 (wrong), 0.55 (right): bins 14 and 9 of 15.
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.45, 0.55]])
    found = measure(np.log(p)[None], [0, 1, 1])
    assert found["ece"][0] == pytest.approx((2 * 0.4 + 0.45) / 3, rel=1e-6)
    # One bin takes sums before it takes the difference: 0.9 right and 0.88 wrong share bin 14.
    p = np.array([[0.9, 0.1], [0.88, 0.12]])
    assert measure(np.log(p)[None], [0, 1])["ece"][0] == pytest.approx(0.78 / 2, rel=1e-6)


def test_long_sums_are_taken_in_double():
    # 40,000 equal losses: a float32 sum would be off in the fifth digit.
    labels = np.zeros(40_000, dtype=np.int64)
    logits = np.tile(np.array([0.1, 0.3, -0.2], dtype=np.float32), (1, 40_000, 1))
    expected = -np.log(softmax(logits[0, :1].astype(np.float64))[0, 0])
    assert measure(logits, labels)["nll"][0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
@pytest.mark.parametrize("n", [1, 7, 63, 1001])
def test_a_networks_numbers_do_not_depend_on_its_company(layers, n):
    network = Network(layers, (1, 9, 7))
    ensemble = parameters(network, 5)
    images = torch.from_numpy(streams.generator("test", n).random((n, 1, 9, 7), np.float32))
    together = metrics.measure(network, ensemble, UNIT, images, classes(n))
    for r in range(5):
        alone = metrics.measure(network, member(ensemble, r), UNIT, images, classes(n))
        assert {name: [value[r]] for name, value in together.items()} == alone
    pair = {name: value[[4, 1]] for name, value in ensemble.items()}
    found = metrics.measure(network, pair, UNIT, images, classes(n))
    assert found == {name: [value[4], value[1]] for name, value in together.items()}


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL])
@pytest.mark.parametrize("chunk", [1, 7, 100, 101, 5000])
def test_chunks_add_up(monkeypatch, layers, chunk):
    network = Network(layers, (1, 9, 7))
    ensemble = parameters(network, 2)
    images = torch.from_numpy(streams.generator("test", "x").random((101, 1, 9, 7), np.float32))
    whole = metrics.measure(network, ensemble, UNIT, images, classes(101))
    monkeypatch.setattr(metrics, "CHUNK", chunk)
    monkeypatch.setattr(metrics, "CHUNK_OF_FILTERS", chunk)
    found = metrics.measure(network, ensemble, UNIT, images, classes(101))
    assert found["n_correct"] == whole["n_correct"]
    assert found["outcomes"] == whole["outcomes"]
    for name in ("nll", "ece", "ece_equal_mass", "brier"):
        assert found[name] == pytest.approx(whole[name], rel=1e-6)


def test_images_are_scaled_once():
    network = Network(LOGISTIC, (1, 8, 8))
    ensemble = parameters(network, 1)
    images = torch.from_numpy(streams.generator("test", "x").random((50, 1, 8, 8), np.float32))
    signed = Scaling(torch.tensor(0.5), torch.tensor(0.5))
    found = metrics.measure(network, ensemble, signed, images, classes(50))
    logits = ((images.flatten(1) - 0.5) / 0.5) @ ensemble["1.weight"][0].T
    expected = torch.nn.functional.cross_entropy(logits.double(), classes(50)).item()
    assert found["nll"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("activation", [{"kind": "relu"}, {"kind": "k_winners", "k": 9}])
def test_silent_units_are_those_that_no_image_moves(activation):
    layers = [
        {"kind": "conv", "filters": 5, "size": 3},
        {"kind": "max_pool", "size": 2},
        activation,
        {"kind": "linear", "units": 12},
        activation,
        {"kind": "linear", "units": 4},
    ]
    network = Network(layers, (1, 8, 8))
    generator = torch.Generator().manual_seed(1)
    ensemble = {
        name: torch.randn(2, *shape, generator=generator) for name, shape in network.shapes.items()
    }
    ensemble["1.bias"][0, :2] = -100.0  # two filters of the first network
    ensemble["2.bias"][1, 3:6] = -100.0  # three units of the second
    ensemble["3.weight"][1, 2] = ensemble["3.bias"][1, 2] = 0.0
    images = torch.rand(1501, 1, 8, 8, generator=generator)
    scaling = Scaling.fit("unit", images)
    found = metrics.measure(network, ensemble, scaling, images, classes(1501))
    inputs = []
    logits = network.logits(
        scaling(images)[None], ensemble, observe=lambda _, values: inputs.append(values)
    )
    silent = [
        (values.flatten(3).abs().sum(3) if values.dim() > 3 else values.abs()).sum(1) == 0
        for values in [*inputs[1:], logits]
    ]
    for zero, r, units in zip(silent, (0, 1, 1), ([0, 1], [3, 4, 5], [2]), strict=True):
        assert zero[r, units].all()
        assert not zero.all()
    expected = [" ".join(str(int(s[r].sum())) for s in silent) for r in range(2)]
    assert found["silent_by_layer"] == expected
