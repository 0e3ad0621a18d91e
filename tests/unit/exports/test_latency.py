"""Every call is timed in turn."""

import pytest
import torch

from prunescape.exports import latency, onnx_files
from tests.helpers.exported import POOLED, pruned
from tests.helpers.factories import PERCEPTRON


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
