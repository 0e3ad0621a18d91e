"""Forms of a module are what plain torch loads, with the logits of the run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from prunescape.exports import module_forms
from prunescape.exports.onnx_sessions import session
from prunescape.exports.portable_modules import PortableModule
from prunescape.foundations import network_names
from prunescape.networks import module_units
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


GROUPED = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(1, 6, 3, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.two = nn.Conv2d(6, 6, 3, groups=6)
        self.last = nn.Linear(6 * 16, 4)

    def forward(self, images):
        return self.last(self.two(self.norm(self.one(images)).relu()).flatten(1))
"""


def grouped(tmp_path, effect="zero", within=None):
    """Return a module's forms under the scope neuron, half of its six channels removed.

    `within`: the scope's fields, if it is of some layers alone.
    """
    pytest.importorskip("torch_pruning")
    (tmp_path / "own.py").write_text(GROUPED)
    fitted = module_checkpoint(f"{tmp_path}/own.py:Net")
    scores = {f"magnitude/{n}": np.abs(fitted.arrays[f"{n}.weight"]) for n in ("1", "2", "3")}
    units = module_units.found(fitted.network, (1, 8, 8))
    arms = [("magnitude", "neuron", 0, within)]
    root, paths = (1, "s"), {"1": "one", "2": "two", "3": "last"}
    packed = arm_masks.masks(
        scores, arms, "exact_k", "0.50", root, [1, 2], paths=paths, units=units
    )
    with pytest.raises(ValueError, match="found scores without the module's units"):
        arm_masks.masks(scores, arms, "exact_k", "0.50", root, [1, 2], paths=paths)
    origin = MODULE_ORIGIN | {"scope": "neuron", "effect": effect}
    means = {"1": torch.full((1, 1, 1, 3, 3), 0.5), "2": torch.full((1, 1, 1, 3, 3), 0.5)}
    means["3"] = torch.full((1, 1, 96), 0.5)
    return module_forms.forms(fitted, fitted, packed, [1, 2], means, origin, whole_units=True)[0]


@pytest.mark.parametrize("effect", ["zero", "compensate"])
def test_a_smaller_module_is_loaded_by_plain_torch(tmp_path, effect):
    found = grouped(tmp_path, effect)
    module_forms.save(found, tmp_path)
    described = json.loads((tmp_path / "compact.json").read_text())
    assert described["groups"] == {"two": 3}
    model = network_names.load(f"{tmp_path}/own.py:Net")()
    if effect == "compensate":
        model.one.bias = torch.nn.Parameter(torch.zeros(6))
    load_smaller(model, tmp_path / "compact", described)
    assert model.one.weight.shape == (3, 1, 3, 3)
    assert model.last.weight.shape == (4, 48)
    images = found["masked"].scaling(IMAGES)
    logits = model.eval()(images)
    torch.testing.assert_close(logits, found["masked"].logits(IMAGES), rtol=0, atol=1e-5)
    graph = session(tmp_path / "compact.onnx").run(None, {"images": IMAGES.numpy()})
    torch.testing.assert_close(torch.from_numpy(graph[0]), logits, rtol=0, atol=1e-4)
    again = PortableModule.load(tmp_path / "compact")
    assert torch.equal(again.logits(IMAGES), logits)
    counts = {
        form: sum(n for n, _ in each.multiply_adds().values()) for form, each in found.items()
    }
    positions = {"one": 36 * 9, "two": 16 * 9, "last": 16 * 4}
    assert counts["masked"] == 6 * sum(positions.values())
    assert counts["compact"] == 3 * sum(positions.values())


def test_a_smaller_module_without_units_of_some_layers(tmp_path):
    found = grouped(tmp_path, within=["neuron", ["*"], []])
    assert found["compact"].arrays["one.weight"].shape == (3, 1, 3, 3)
    with pytest.raises(ValueError, match="found layers that have no unit for themselves"):
        grouped(tmp_path, within=["neuron", [], ["two"]])


def load_smaller(model, path, described):
    """Load a module with fewer units as docs/your-model.md does."""
    for name, value in load_file(f"{path}.safetensors").items():
        owner, _, own = name.rpartition(".")
        holder = model.get_submodule(owner)
        is_parameter = isinstance(getattr(holder, own), torch.nn.Parameter)
        setattr(holder, own, torch.nn.Parameter(value) if is_parameter else value)
    for name, groups in described["groups"].items():
        model.get_submodule(name).groups = groups


def test_a_smaller_module_that_would_be_another_is_not_written(tmp_path):
    found = grouped(tmp_path)
    wrong = found["compact"].arrays | {"last.bias": found["compact"].arrays["last.bias"] + 1}
    (tmp_path / "compact.onnx").write_bytes(b"of an earlier export")
    lines = module_forms.save(
        found | {"compact": replace(found["compact"], arrays=wrong)}, tmp_path
    )
    assert lines == ["no compact form: it has other logits than the masked one"]
    assert not list(tmp_path.glob("compact.*"))


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
