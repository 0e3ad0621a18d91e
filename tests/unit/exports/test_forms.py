import numpy as np

from prunescape.exports import forms
from prunescape.exports.portable import Portable
from prunescape.pruning import arm_masks
from tests.helpers.factories import PERCEPTRON, checkpoint

ARM = {"criterion": "magnitude", "scope": "global", "effect": "zero", "level": "0.60"}


def test_a_network_in_three_forms(tmp_path):
    fitted = checkpoint(PERCEPTRON)
    weights = {
        layer.name: fitted.arrays[f"{layer.name}.weight"] for layer in fitted.network.weighted
    }
    scores = {f"magnitude/{name}": np.abs(weight) for name, weight in weights.items()}
    packed = arm_masks.masks(
        scores, [("magnitude", "global", 0)], "exact_k", "0.60", (1, "s"), fitted.replicates, None
    )
    origin = {"study": "s", "replicate": fitted.replicates[1], **ARM}

    found, removed = forms.forms(fitted, fitted, packed, fitted.replicates, {}, origin)
    forms.save(found, tmp_path)

    assert list(found) == ["dense", "masked", "compact"]
    total = sum(weight[1].size for weight in weights.values())
    assert removed == round(0.6 * total) / total
    cut = np.sort(np.concatenate([np.abs(weight[1]).ravel() for weight in weights.values()]))
    for name, weight in weights.items():
        assert np.array_equal(found["dense"].arrays[f"{name}.weight"], weight[1])
        expected = np.where(np.abs(weight[1]) >= cut[round(0.6 * total)], weight[1], 0)
        assert np.array_equal(found["masked"].arrays[f"{name}.weight"], expected)
    for form, model in found.items():
        again = Portable.load(tmp_path / form)
        assert all(np.array_equal(again.arrays[name], each) for name, each in model.arrays.items())
        assert (tmp_path / f"{form}.onnx").stat().st_size
