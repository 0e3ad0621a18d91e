"""Modules as ONNX: with their scaling, for batches of any size, or not at all."""

import re

import torch

from prunescape.exports import module_onnx
from prunescape.exports.onnx_sessions import session
from prunescape.networks.scaling import Scaling, intensities
from tests.helpers.exported import IMAGES, pruned_module
from tests.helpers.own_networks import ATTENTION

BY_NUMBER = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 4)

    def forward(self, images):
        return self.layer(images.reshape(len(images), 64))
"""


def test_the_graph_has_the_modules_logits_for_unscaled_images(tmp_path):
    model, *_ = pruned_module()
    assert module_onnx.write(model, tmp_path / "masked.onnx") == ""
    [found] = session(tmp_path / "masked.onnx").run(None, {"images": IMAGES.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), model.logits(IMAGES), rtol=0, atol=1e-4)
    assert module_onnx.graph(model) == (tmp_path / "masked.onnx").read_bytes()


def test_the_graph_takes_the_pixels_that_a_scaling_keeps():
    images = (intensities(IMAGES) * 255).to(torch.uint8)
    images[:, 0, :2] = 7  # pixels that never change
    scaling = Scaling.fit("standardised", images)
    values = torch.linspace(0, 1, 4 * 64).view(4, 1, 8, 8)
    found = module_onnx._Whole(scaling, torch.nn.Identity())(values)
    torch.testing.assert_close(found, scaling(values), rtol=1e-4, atol=1e-4)


def test_the_graph_of_an_attention_has_torchs_logits():
    model, *_ = pruned_module(ATTENTION)
    [found] = session(module_onnx.graph(model)).run(None, {"images": IMAGES.numpy()})
    assert type(model.module().attention) is torch.nn.MultiheadAttention
    torch.testing.assert_close(torch.from_numpy(found), model.logits(IMAGES), rtol=0, atol=1e-5)


def test_a_graph_for_one_number_of_images_is_not_written(tmp_path):
    (tmp_path / "own.py").write_text(BY_NUMBER)
    model, *_ = pruned_module(f"{tmp_path}/own.py:Net")
    path = tmp_path / "masked.onnx"
    path.write_bytes(b"of an earlier export")
    why_not = module_onnx.write(model, path)
    assert re.match("(Value|UnsupportedOperator)Error: ", why_not)
    assert "\n" not in why_not
    assert not path.exists()
