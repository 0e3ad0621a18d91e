"""Exported modules are read back as they were written, and only with the same code."""

import hashlib
import json
from importlib import metadata

import numpy as np
import pytest
import torch

from prunescape.exports import portable_modules
from prunescape.exports.portable_modules import PortableModule
from prunescape.networks.scaling import Scaling, intensities
from tests.helpers.exported import IMAGES, SMALL_NET, pruned_module
from tests.helpers.factories import uint8_images
from tests.helpers.own_networks import MIXED, SHAPES


def test_what_is_written_is_read(tmp_path):
    model, *_ = pruned_module()
    model.save(tmp_path / "masked")
    again = PortableModule.load(tmp_path / "masked")
    assert again.arrays.keys() == model.arrays.keys()
    assert all(np.array_equal(again.arrays[name], each) for name, each in model.arrays.items())
    assert torch.equal(again.logits(IMAGES), model.logits(IMAGES))
    assert (again.named, again.origin, again.added) == (SMALL_NET, model.origin, ())
    described = json.loads((tmp_path / "masked.json").read_text())
    path = SMALL_NET.removesuffix(":SmallNet")
    with open(path, "rb") as opened:
        assert described["code"] == {"net.py": hashlib.sha256(opened.read()).hexdigest()}
    assert described["prunable"] == ["conv.weight", "hidden.weight", "last.weight"]
    assert torch.tensor(described["scaling"]["mean"]).shape == (1, 1, 1)


@pytest.mark.parametrize("kind", ["unit", "signed", "raw", "standardised"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_scaling_is_the_same_bits_after_json(kind, dtype):
    images = uint8_images(30)
    images[:, 0, :2] = 7  # pixels that never change
    scaling = Scaling.fit(kind, images, dtype)
    described = json.loads(json.dumps(portable_modules._described(scaling)))
    again = portable_modules._scaling(described)
    assert torch.equal(again(intensities(images)), scaling(intensities(images)))


def test_multiply_adds_by_hand():
    model, *_ = pruned_module(MIXED, SHAPES[MIXED], share=0.0)
    model.arrays["grouped.weight"][0] = 0
    # 5 x 4 positions of every convolution and of the layer that is called twice.
    assert model.multiply_adds() == {
        "1": (20 * 4 * 2 * 9, 20 * 4 * 2 * 9),
        "2": (20 * 4 * 2 * 6, 20 * 3 * 2 * 6),
        "3": (2 * 20 * 16, 2 * 20 * 16),
        "4": (80 * 3, 80 * 3),
    }


def test_code_that_has_changed_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("from parts import Net\n")
    source = "import torch\n\n\nclass Net(torch.nn.Sequential):\n    def __init__(self):\n"
    source += "        super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, 4))\n"
    (tmp_path / "parts.py").write_text(source)
    model, *_ = pruned_module("own.py:Net")
    assert model.code.keys() == {"own.py", "parts.py"}
    model.save(tmp_path / "masked")
    PortableModule.load(tmp_path / "masked")
    (tmp_path / "parts.py").write_text(source + "\n\nraise SystemExit\n")
    with pytest.raises(ValueError, match=r"masked\.json: parts\.py of own\.py:Net is another than"):
        PortableModule.load(tmp_path / "masked")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not an exported network of format 1"),
        ({"image": None}, "exported network with values of another kind"),
        ({"scaling": {"mean": 0.0, "dtype": "float32"}}, "exported network without 'std'"),
    ],
)
def test_a_faulty_file_is_named(change, message, tmp_path):
    model, *_ = pruned_module()
    model.save(tmp_path / "masked")
    path = tmp_path / "masked.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=rf"masked\.json: {message}"):
        PortableModule.load(tmp_path / "masked")


def test_the_code_of_a_torchvision_network_is_its_version():
    found = portable_modules.code("torchvision:resnet18(num_classes=10)")
    assert found == {"torchvision": metadata.version("torchvision")}
