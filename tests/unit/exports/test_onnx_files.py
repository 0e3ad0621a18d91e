"""The graph of an exported network has its scaling."""

import numpy as np
import onnxruntime
import pytest
import torch

from prunescape.exports import onnx_files
from prunescape.exports.portable import Portable
from prunescape.networks.scaling import Scaling, intensities
from tests.helpers.factories import uint8_images


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
