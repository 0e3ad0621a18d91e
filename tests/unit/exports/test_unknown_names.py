"""Layers that nobody knows are refused: what was found, what is allowed."""

from dataclasses import replace

import pytest

from prunescape.exports import onnx_files, portable, runtimes
from tests.helpers.factories import PERCEPTRON, checkpoint, masks

FITTED = checkpoint(PERCEPTRON)
MODEL = portable.of_member(FITTED, 2, masks(FITTED.network, 3), "zero", {}, {"study": "s"})


def test_an_unknown_layer_has_no_operator_of_onnx():
    layers = [*MODEL.layers, {"kind": "wonder"}]
    with pytest.raises(ValueError, match="wonder layer can't be exported; allowed: linear, conv"):
        onnx_files.graph(replace(MODEL, layers=layers))


def test_an_unknown_layer_has_no_module_of_torch():
    # The network of the config refuses it first.
    layers = [*MODEL.layers, {"kind": "wonder"}]
    with pytest.raises(ValueError, match="found 'wonder'; allowed: "):
        runtimes.plain(replace(MODEL, layers=layers))
