"""An export on disk is measured form by form."""

import numpy as np
import pytest

from prunescape.exports import (
    compacting,
    forms,
    latency,
    measuring,
    module_forms,
    portable,
    savings,
)
from prunescape.foundations import files
from tests.helpers.exported import ORIGIN, module_checkpoint, pruned, pruned_module
from tests.helpers.factories import PERCEPTRON

FORMS = ("dense", "masked", "compact")


@pytest.fixture
def export(tmp_path):
    masked, fitted, _ = pruned(PERCEPTRON)
    dense = portable.of_member(fitted, 2, None, "none", {}, ORIGIN)
    models = {"dense": dense, "masked": masked, "compact": compacting.compact(masked)}
    forms.save(models, tmp_path / "small")
    files.write_json(tmp_path / "small" / "export.json", ORIGIN | {"nominal": 0.6})
    return tmp_path / "small", models


@pytest.fixture
def hasty(monkeypatch):
    """Time next to nothing."""
    monkeypatch.setattr(latency, "SECONDS", 0.0)
    monkeypatch.setattr(latency, "ROUNDS", 1)
    monkeypatch.setattr(latency, "MOST_IMAGES", 2)


def test_rows_are_those_of_the_networks_in_the_files(export, hasty):
    folder, models = export
    found = list(measuring.rows(folder))
    assert all(list(row) == savings.COLUMNS for row in found)
    assert {row["form"] for row in found} == set(FORMS)
    assert {(row["export"], row["nominal_sparsity"]) for row in found} == {("small", 0.6)}
    multiply_adds = {
        (row["form"], row["way"]): row["value"]
        for row in found
        if row["quantity"] == savings.MULTIPLY_ADDS
    }
    for form, model in models.items():
        weights = list(model.weights.values())
        assert multiply_adds[form, "all weights"] == sum(weight.size for weight in weights)
        nonzero = sum(np.count_nonzero(weight) for weight in weights)
        assert multiply_adds[form, "nonzero weights"] == nonzero
    ways = {(row["form"], row["way"]) for row in found if row["quantity"] == savings.LATENCY}
    assert ways == {(f, way) for f in FORMS for way in ("torch dense", "torch CSR", "onnxruntime")}


def test_a_damaged_form_is_named(export):
    folder, _ = export
    (folder / "masked.safetensors").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"masked\.safetensors: n"):
        list(measuring.rows(folder))


def test_a_module_has_two_forms_and_is_measured_with_its_own_names(tmp_path, hasty):
    masked, *_ = pruned_module()
    dense = module_forms.of_member(module_checkpoint(), 2, None, "none", {}, ORIGIN)
    module_forms.save({"dense": dense, "masked": masked}, tmp_path / "small")
    files.write_json(tmp_path / "small" / "export.json", ORIGIN | {"nominal": 0.6})
    found = {
        (row["form"], row["quantity"], row["way"]): row["value"]
        for row in measuring.rows(tmp_path / "small")
    }
    # 72 + 4 x 8 + 128 x 32 + 32 + 320 + 10 numbers in 32 bits, one of 64.
    assert found["dense", savings.BYTES, "dense"] == 4562 * 4 + 8
    assert found["masked", savings.BYTES, "csr"] < 0.9 * 4562 * 4
    # The convolution has 8 x 8 positions.
    assert found["dense", savings.MULTIPLY_ADDS, "all weights"] == 64 * 72 + 4096 + 320
    ways = {key[::2] for key in found if key[1] == savings.LATENCY}
    forms_and_ways = [(f, w) for f in ("dense", "masked") for w in ("torch dense", "onnxruntime")]
    assert ways == set(forms_and_ways)
