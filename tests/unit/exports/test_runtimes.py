"""A network is timed in every runtime that has its layers; its logits: test_portable.py."""

import pytest

from prunescape.exports import onnx_files, runtimes
from tests.helpers.exported import POOLED, pruned, pruned_module
from tests.helpers.factories import PERCEPTRON


@pytest.mark.parametrize(("layers", "sparse"), [(PERCEPTRON, True), (POOLED, False)])
def test_a_network_is_timed_in_every_runtime_that_has_its_layers(layers, sparse, tmp_path):
    model, *_ = pruned(layers)
    onnx_files.write(model, tmp_path / "model.onnx")
    calls = runtimes.runs(model, tmp_path / "model.onnx", 2)
    assert set(calls) == {"torch dense", "onnxruntime"} | ({"torch CSR"} if sparse else set())
    for call in calls.values():
        call()


def test_a_module_is_timed_by_torch_and_by_onnxruntime_where_there_is_a_file():
    model, *_ = pruned_module()
    assert set(runtimes.runs(model, None, 2)) == {"torch dense"}
