"""Networks as ONNX, which other runtimes read (needs onnx).

The input `images` is [N, C, H, W], float32 intensities in [0, 1]; the output is `logits`. The input
scaling is part of the graph.
"""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from prunescape.exports.portable import Portable
from prunescape.foundations import files

OPSET = 18
IR_VERSION = 10  # runtimes read files of their version and older ones


def write(model: Portable, path: str | os.PathLike) -> None:
    """Write a network, checked by ONNX's own checker."""
    made = graph(model)
    onnx.checker.check_model(made, full_check=True)
    with files.replacing(path) as temporary:
        temporary.write_bytes(made.SerializeToString(deterministic=True))


def graph(model: Portable) -> onnx.ModelProto:
    """Return the network as ONNX; ValueError for a layer without an ONNX operator."""
    tape = _Tape()
    values = _scaled(model, tape, "images")
    flat, number = model.scaling.features is not None, 0
    for layer in model.layers:
        kind = layer["kind"]
        if kind in ("linear", "conv"):
            number += 1
            if kind == "linear" and not flat:
                values, flat = tape.add("Flatten", values, axis=1), True
            weight, bias = f"{number}.weight", f"{number}.bias"
            given = [tape.constant(weight, model.arrays[weight])]
            if layer["bias"]:
                given.append(tape.constant(bias, model.arrays[bias]))
            settings = {"transB": 1} if kind == "linear" else {}
            values = tape.add("Gemm" if kind == "linear" else "Conv", values, *given, **settings)
        elif kind == "max_pool":
            window = [layer["size"]] * 2
            values = tape.add("MaxPool", values, kernel_shape=window, strides=window)
        elif kind in ("relu", "tanh"):
            values = tape.add(kind.capitalize(), values)
        else:
            allowed = "linear, conv, max_pool, relu, tanh"
            raise ValueError(f"networks: a {kind} layer can't be exported; allowed: {allowed}")
    tape.nodes[-1].output[0] = "logits"
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", *model.image])
    classes = len(model.arrays[f"{number}.weight"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes])
    made = helper.make_graph(tape.nodes, "prunescape", [images], [logits], tape.constants)
    return helper.make_model(
        made,
        producer_name="prunescape",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )


class _Tape:
    """The nodes and constants of a graph that is being built."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **settings: int | list[int]) -> str:
        """Append a node and return the name of its output."""
        output = f"{operator.lower()}_{len(self.nodes) + 1}"
        node = helper.make_node(operator, list(inputs), [output])
        node.attribute.extend(helper.make_attribute(*each) for each in sorted(settings.items()))
        self.nodes.append(node)
        return output


def _scaled(model: Portable, tape: _Tape, values: str) -> str:
    """Append the input scaling: (intensity - shift) / scale, for all pixels or a choice."""
    arrays = model.scaling.arrays()
    if "scaling.features" in arrays:
        positions = tape.constant("scaling.features", arrays["scaling.features"])
        values = tape.add("Gather", tape.add("Flatten", values, axis=1), positions, axis=1)
    if arrays["scaling.shift"].any():
        shift = tape.constant("scaling.shift", arrays["scaling.shift"].astype(np.float32))
        values = tape.add("Sub", values, shift)
    if (arrays["scaling.scale"] != 1).any():
        scale = tape.constant("scaling.scale", arrays["scaling.scale"].astype(np.float32))
        values = tape.add("Div", values, scale)
    return values
