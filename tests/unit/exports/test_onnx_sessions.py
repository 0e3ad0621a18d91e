"""A session runs a file, or the bytes of one."""

import numpy as np

from prunescape.exports import onnx_files
from prunescape.exports.onnx_sessions import session
from tests.helpers.exported import IMAGES, pruned
from tests.helpers.factories import LOGISTIC


def test_a_file_and_its_bytes_are_one_network(tmp_path):
    model, *_ = pruned(LOGISTIC)
    onnx_files.write(model, tmp_path / "model.onnx")
    found = [
        session(source).run(None, {"images": IMAGES.numpy()})[0]
        for source in (tmp_path / "model.onnx", (tmp_path / "model.onnx").read_bytes())
    ]
    assert np.array_equal(*found)
    np.testing.assert_allclose(found[0], model.logits(IMAGES), rtol=0, atol=1e-5)
