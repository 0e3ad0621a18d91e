"""Exported networks: the same logits in every form and runtime."""

import json

import pytest
import torch

from prunescape.exports import compacting, onnx_files, portable, runtimes
from prunescape.exports.onnx_sessions import session
from prunescape.exports.portable import Portable
from tests.helpers.exported import CPU, IMAGES, NETWORKS, POOLED, pruned
from tests.helpers.factories import LOGISTIC, checkpoint


@pytest.mark.parametrize("effect", ["zero", "compensate"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_form_has_the_logits_of_the_pruned_ensemble(network, effect, tmp_path):
    masked, fitted, kept = pruned(NETWORKS[network], effect)
    if effect == "zero":
        parameters = fitted.parameters(CPU)
        for layer, mask in kept.items():
            parameters[f"{layer}.weight"] = parameters[f"{layer}.weight"] * torch.from_numpy(mask)
        scaled = fitted.scaling(IMAGES)[None]
        expected = fitted.network.logits(scaled, parameters)[1]
        torch.testing.assert_close(masked.logits(IMAGES), expected)
    for form in (masked, compacting.compact(masked)):
        form.save(tmp_path / "form")
        onnx_files.write(form, tmp_path / "form.onnx")
        found = [
            Portable.load(tmp_path / "form").logits(IMAGES),
            runtimes.plain(form)(form.scaling(IMAGES)),
            torch.from_numpy(
                session(tmp_path / "form.onnx").run(None, {"images": IMAGES.numpy()})[0]
            ),
        ]
        if sparse := runtimes.sparse(form):
            found.append(sparse(form.scaling(IMAGES)))
        assert (runtimes.sparse(form) is None) == (network in ("conv", "pooled"))
        for logits in found:
            torch.testing.assert_close(logits, masked.logits(IMAGES), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not an exported network of format 1"),
        ({"layers": [{"kind": "linear", "units": 5, "bias": False}]}, "1.weight is missing or not"),
    ],
)
def test_a_faulty_file_is_named(change, message, tmp_path):
    model, *_ = pruned(LOGISTIC)
    model.save(tmp_path / "model")
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=f"model.*{message}"):
        Portable.load(tmp_path / "model")


def test_multiply_adds_by_hand():
    model, *_ = pruned(POOLED, share=0.0, gone=False)
    model.arrays["1.weight"][0] = 0
    # 6 x 6 positions of 3 x 3 weights, then 3 x 3 pixels, of which 2 x 2 positions.
    first, second, last = 36 * 6 * 9, 4 * 5 * 6 * 4, 4 * 5 * 4
    assert model.multiply_adds() == {
        "1": (first, 36 * 5 * 9),
        "2": (second, second),
        "3": (last, last),
    }


def test_a_replicate_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"replicate 9: not in the checkpoint; it has \[1, 2, 3\]"):
        portable.of_member(checkpoint(LOGISTIC), 9, None, "none", {}, {})
