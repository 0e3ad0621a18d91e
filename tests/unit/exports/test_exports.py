"""Exported networks: smaller where units are gone, the same logits in every form and runtime."""

import json
from itertools import pairwise

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from docutils.core import publish_doctree

from prunescape.exports import compacting, latency, onnx_files, portable, sizes, storage
from prunescape.exports.portable import Portable
from prunescape.networks.scaling import Scaling, intensities
from prunescape.report import front_page
from prunescape.scoring.input_moments import input_moments
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    checkpoint,
    masks,
    uint8_images,
)

CPU = torch.device("cpu")
IMAGES = intensities(uint8_images(20))
POOLED = [  # a filter is constant before it is pooled, flattened, and convolved
    {"kind": "conv", "filters": 6, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "tanh"},
    {"kind": "conv", "filters": 5, "size": 2},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]
NETWORKS = {"logistic": LOGISTIC, "perceptron": PERCEPTRON, "conv": CONVOLUTIONAL, "pooled": POOLED}


def pruned(layers, effect="zero", share=0.6, gone=True):
    """Return the second replicate's network, with and without some units of each hidden layer."""
    fitted = checkpoint(layers)
    kept = masks(fitted.network, 3, share)
    names = list(kept)
    if gone:
        for name, following in pairwise(names):
            units = kept[name].shape[1]
            kept[name][:, 0] = False  # nothing reaches the first unit
            after = kept[following].reshape(3, kept[following].shape[1], units, -1)
            after[:, :, 1] = False  # and the second reaches nothing
    parameters = fitted.parameters(CPU)
    measured = input_moments(fitted.network, parameters, fitted.scaling, uint8_images(50))
    means = {layer: mean for layer, (mean, _) in measured.items()}
    return portable.of_member(fitted, 2, kept, effect, means, {"study": "s"}), fitted, kept


@pytest.mark.parametrize("effect", ["zero", "compensate"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_form_has_the_logits_of_the_pruned_ensemble(network, effect, tmp_path):
    masked, fitted, kept = pruned(NETWORKS[network], effect)
    if effect == "zero":
        parameters = fitted.parameters(CPU)
        for layer, mask in kept.items():
            parameters[f"{layer}.weight"] = parameters[f"{layer}.weight"] * torch.from_numpy(mask)
        scaled = fitted.scaling(IMAGES)[None]
        expected = fitted.network.logits(scaled, parameters)[1]
        torch.testing.assert_close(masked.logits(IMAGES), expected)
    for form in (masked, compacting.compact(masked)):
        form.save(tmp_path / "form")
        onnx_files.write(form, tmp_path / "form.onnx")
        found = [
            Portable.load(tmp_path / "form").logits(IMAGES),
            latency.plain(form)(form.scaling(IMAGES)),
            torch.from_numpy(
                latency.session(tmp_path / "form.onnx").run(None, {"images": IMAGES.numpy()})[0]
            ),
        ]
        if sparse := latency.sparse(form):
            found.append(sparse(form.scaling(IMAGES)))
        assert (latency.sparse(form) is None) == (network in ("conv", "pooled"))
        for logits in found:
            torch.testing.assert_close(logits, masked.logits(IMAGES), rtol=0, atol=1e-5)


@pytest.mark.parametrize("network", ["perceptron", "conv", "pooled"])
def test_units_that_do_nothing_are_gone(network):
    masked, *_ = pruned(NETWORKS[network], share=0.1)
    small = compacting.compact(masked)
    for before, after in zip(masked.network.weighted[:-1], small.network.weighted, strict=False):
        assert after.shape[0] <= before.shape[0] - 2
    assert small.network.weighted[-1].shape[0] == masked.network.weighted[-1].shape[0]
    whole, *_ = pruned(NETWORKS[network], share=0.0, gone=False)
    assert [layer["kind"] for layer in small.layers] == [layer["kind"] for layer in whole.layers]
    assert compacting.compact(whole).arrays.keys() == whole.arrays.keys()
    assert compacting.compact(whole).network.shapes == whole.network.shapes


@pytest.mark.parametrize(
    ("layers", "cut", "left"),
    [
        (PERCEPTRON, "1", [1, 1, 4]),
        (PERCEPTRON, "2", [1, 1, 4]),
        (CONVOLUTIONAL, "1", [1, 1, 1, 4]),
        (CONVOLUTIONAL, "2", [1, 1, 1, 4]),
        (CONVOLUTIONAL, "3", [1, 1, 1, 4]),
    ],
)
def test_what_is_cut_off_is_followed_through_all_layers(layers, cut, left):
    masked, *_ = pruned(layers, share=0.0, gone=False)
    masked.arrays[f"{cut}.weight"][:] = 0  # nothing of the images reaches the output
    small = compacting.compact(masked)
    assert [weight.shape[0] for weight in small.weights.values()] == left
    torch.testing.assert_close(small.logits(IMAGES), masked.logits(IMAGES), rtol=0, atol=1e-5)


def test_units_that_compete_stay():
    layers = [PERCEPTRON[0], {"kind": "k_winners", "k": 3}, *PERCEPTRON[2:]]
    masked, *_ = pruned(layers)
    small = compacting.compact(masked)
    assert small.weights["1"].shape == masked.weights["1"].shape
    torch.testing.assert_close(small.logits(IMAGES), masked.logits(IMAGES), rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="a k_winners layer can't be exported"):
        onnx_files.graph(masked)


@pytest.mark.parametrize("kind", ["unit", "signed", "normalised", "raw", "standardised"])
def test_the_scaling_is_part_of_the_graph(kind, tmp_path):
    images = uint8_images(30)
    images[:, 0, :2] = 7  # pixels that never change
    scaling = Scaling.fit(kind, images)
    inputs = int(np.prod(scaling.shape((1, 8, 8))))
    arrays = {"1.weight": np.random.default_rng(0).normal(0, 0.1, (4, inputs)).astype("f4")}
    layers = [{"kind": "linear", "units": 4, "bias": False}]
    model = Portable(layers, (1, 8, 8), scaling, arrays, {})
    onnx_files.write(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (found,) = session.run(None, {"images": intensities(images).numpy()})
    expected = model.logits(intensities(images))
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not an exported network of format 1"),
        ({"layers": [{"kind": "linear", "units": 5, "bias": False}]}, "1.weight is missing or not"),
    ],
)
def test_a_faulty_file_is_named(change, message, tmp_path):
    model, *_ = pruned(LOGISTIC)
    model.save(tmp_path / "model")
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=f"model.*{message}"):
        Portable.load(tmp_path / "model")


def test_bytes_by_hand():
    weight = np.zeros((3, 10), "f4")
    weight[0, 3] = weight[2, 9] = 1.5
    found = storage.sizes({"1.weight": weight, "1.bias": np.ones(3, "f4")})
    # 4 bytes a number; csr: 4 beginnings and 2 columns; bit-mask: 30 bits.
    plain = {way: size for way, (size, _) in found.items()}
    assert plain == {"dense": 132, "csr": 16 + 8 + 8 + 12, "bit-mask": 4 + 8 + 12}
    assert found["dense"][1] < 132


def test_multiply_adds_by_hand():
    model, *_ = pruned(POOLED, share=0.0, gone=False)
    model.arrays["1.weight"][0] = 0
    # 6 x 6 positions of 3 x 3 weights, then 3 x 3 pixels, of which 2 x 2 positions.
    first, second, last = 36 * 6 * 9, 4 * 5 * 6 * 4, 4 * 5 * 4
    assert model.multiply_adds() == {
        "1": (first, 36 * 5 * 9),
        "2": (second, second),
        "3": (last, last),
    }


def test_every_call_is_timed_and_quartiles_surround_the_median(monkeypatch):
    monkeypatch.setattr(latency, "SECONDS", 0.001)
    calls = {
        ("fast", 1): lambda: None,
        ("slow", 1): lambda: torch.rand(300, 300) @ torch.rand(300, 300),
    }
    found = latency.measure(calls)
    assert found.keys() == calls.keys()
    assert all(0 < low <= median <= high for median, low, high in found.values())
    assert found["fast", 1][0] < found["slow", 1][0]


@pytest.mark.parametrize(("layers", "sparse"), [(PERCEPTRON, True), (POOLED, False)])
def test_a_network_is_timed_in_every_runtime_that_has_its_layers(layers, sparse, tmp_path):
    model, *_ = pruned(layers)
    onnx_files.write(model, tmp_path / "model.onnx")
    calls = latency.runs(model, tmp_path / "model.onnx", 2)
    assert set(calls) == {"torch dense", "onnxruntime"} | ({"torch CSR"} if sparse else set())
    for call in calls.values():
        call()


ORIGIN = dict.fromkeys(sizes.COLUMNS[1:13], "x") | {"step": 0, "replicate": 1, "level": "0.90"}


def measured():
    stored = {
        "dense": {"dense": (100, 90), "csr": (200, 150)},
        "masked": {"dense": (100, 40), "csr": (50, 30)},
        "compact": {"dense": (80, 35), "csr": (50, 30)},
    }
    computed = {"dense": (1000, 1000), "masked": (1000, 100), "compact": (800, 100)}
    times = {
        ("dense", "torch dense", 1): (2.0, 1.8, 2.2),
        ("dense", "onnxruntime", 1): (1.0, 0.9, 1.1),
        ("dense", "torch CSR", 1): (0.5, 0.4, 0.6),
        ("masked", "torch CSR", 1): (1.5, 1.4, 1.6),
        ("compact", "onnxruntime", 1): (0.8, 0.7, 0.95),
        ("compact", "torch dense", 1): (0.5, 0.4, 0.6),
    }
    rows = list(sizes.rows("small", ORIGIN, 0.9, stored, computed, times))
    return pd.DataFrame(rows, columns=sizes.COLUMNS)


def test_sizes_are_beside_the_dense_networks():
    found = measured().set_index(["form", "quantity", "way", "batch"])[["relative", "buys"]]
    assert found.loc[("masked", sizes.BYTES, "dense", 0)].tolist() == [1, False]
    assert found.loc[("masked", sizes.BYTES, "csr", 0)].tolist() == [0.5, True]
    # Latency is compared with the faster dense runtime; quartiles that overlap buy nothing.
    assert found.loc[("masked", sizes.LATENCY, "torch CSR", 1)].tolist() == [1.5, False]
    assert not found.loc[("compact", sizes.LATENCY, "onnxruntime", 1)]["buys"]
    assert found.loc[("compact", sizes.LATENCY, "torch dense", 1)]["buys"]
    assert found.loc[("masked", sizes.MULTIPLY_ADDS, "all weights", 1)]["relative"] == 1


def test_the_front_page_says_where_sparsity_buys_nothing(tmp_path):
    measured().to_csv(tmp_path / "sizes.csv", index=False)
    text = front_page.savings(sizes.read(tmp_path / "sizes.csv"))
    document = publish_doctree(text, settings_overrides={"report_level": 1, "halt_level": 2})
    said = document.astext().replace("\n", " ")
    bought, nothing = said.split("It buys nothing in: ")
    assert "small (x, 90 % of the weights removed). It buys: " in bought
    assert "bytes (masked, csr) 50 %" in bought
    assert "latency (masked, torch CSR, batch 1) 150 %" in nothing
    assert "multiply-adds (masked, all weights) 100 %" in nothing


def test_sizes_with_other_columns_are_refused(tmp_path):
    (tmp_path / "sizes.csv").write_text("export,value\n")
    with pytest.raises(ValueError, match=r"sizes.csv: expected the columns"):
        sizes.read(tmp_path / "sizes.csv")


def test_a_replicate_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"replicate 9: not in the checkpoint; it has \[1, 2, 3\]"):
        portable.of_member(checkpoint(LOGISTIC), 9, None, "none", {}, {})
