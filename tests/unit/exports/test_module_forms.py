"""Forms of a module are what plain torch loads, with the logits of the run."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from prunescape.exports import module_forms
from prunescape.pruning import arm_masks
from tests.helpers.exported import IMAGES, MODULE_ORIGIN, module_checkpoint, pruned_module
from tests.helpers.factories import checkpoint, masks, uint8_images
from tests.plain.net import SmallNet

HIDING = """
import torch
from torch import nn


class Shift(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("shift", torch.randn(4), persistent=False)

    def forward(self, values):
        return values + self.shift


def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), Shift())
"""


def test_both_forms_are_loaded_by_plain_torch(tmp_path):
    fitted = module_checkpoint()
    weights = {n: fitted.arrays[f"{n}.weight"] for n in ("1", "2", "3")}
    scores = {f"magnitude/{name}": np.abs(weight) for name, weight in weights.items()}
    packed = arm_masks.masks(
        scores, [("magnitude", "global", 0)], "exact_k", "0.60", (1, "s"), [1, 2], None
    )

    found, removed = module_forms.forms(fitted, fitted, packed, [1, 2], {}, MODULE_ORIGIN)
    lines = module_forms.save(found, tmp_path)

    assert (list(found), lines) == (["dense", "masked"], [])
    assert removed == round(0.6 * 4488) / 4488
    parameters = {name: torch.as_tensor(value[1:]) for name, value in fitted.arrays.items()}
    for form in found:
        model = SmallNet()
        model.load_state_dict(load_file(tmp_path / f"{form}.safetensors"))  # all names, no others
        scaling = json.loads((tmp_path / f"{form}.json").read_text())["scaling"]
        images = (IMAGES - torch.tensor(scaling["mean"])) / torch.tensor(scaling["std"])
        logits = model.eval()(images)
        expected = fitted.network.logits(fitted.scaling(IMAGES)[None], parameters)[0]
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
        assert model.norm.num_batches_tracked == 3
        cut = np.sort(np.concatenate([np.abs(weight[1]).ravel() for weight in weights.values()]))
        for name, weight in weights.items():  # from dense to masked
            parameters[f"{name}.weight"] *= torch.as_tensor(
                np.abs(weight[1:]) >= cut[round(0.6 * 4488)]
            )
    assert int((model.hidden.weight == 0).sum()) > 0.3 * 4096


def test_biases_that_compensation_adds_are_named(tmp_path):
    model, *_ = pruned_module(effect="compensate")
    assert model.added == ("conv.bias",)
    [line] = module_forms.save({"masked": model}, tmp_path)
    assert "SmallNet has no conv.bias: load_state_dict takes the file once each" in line
    plain = SmallNet().eval()
    plain.conv.bias = torch.nn.Parameter(torch.zeros(8))
    plain.load_state_dict(load_file(tmp_path / "masked.safetensors"))
    torch.testing.assert_close(plain(model.scaling(IMAGES)), model.logits(IMAGES))


def test_recalibrated_statistics_are_those_of_torchs_update_bn():
    fitted, images = module_checkpoint(), uint8_images(40)
    kept = masks(fitted.network, 2, 0.6)
    zeros = module_forms.of_member(fitted, 2, kept, "zero", {}, MODULE_ORIGIN)
    anew = module_forms.of_member(fitted, 2, kept, "recalibrate", {}, MODULE_ORIGIN, images)
    model = SmallNet()
    model.load_state_dict({name: torch.as_tensor(each) for name, each in zeros.arrays.items()})
    torch.optim.swa_utils.update_bn([fitted.scaling(images)], model)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(torch.as_tensor(anew.arrays[name]), value)
    assert not np.array_equal(anew.arrays["norm.running_mean"], zeros.arrays["norm.running_mean"])


def test_a_module_that_reads_what_no_state_dict_has_is_refused(tmp_path):
    (tmp_path / "own.py").write_text(HIDING)
    with pytest.raises(ValueError, match=r"own\.py:net, made anew with its exported state_dict"):
        pruned_module(f"{tmp_path}/own.py:net")


def test_a_network_of_layers_is_refused():
    with pytest.raises(ValueError, match="found a network that is a list of layers"):
        module_forms.of_member(checkpoint(), 1, None, "none", {}, {})
