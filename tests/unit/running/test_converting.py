"""Weights are converted by the program that does it, in a process of its own."""

import numpy as np
import pytest
import torch

from prunescape.foundations import files
from prunescape.running import converting


def test_a_file_of_torch_becomes_safetensors(tmp_path):
    old, new = tmp_path / "old.pt", tmp_path / "new.safetensors"
    torch.save({"state_dict": {"weight": torch.arange(3.0)}}, old)
    said = converting.convert(old, new)
    assert said == f"{new}: 1 tensors, 3 numbers: weight\ntaken from state_dict\n"
    np.testing.assert_array_equal(files.read_tensors(new)[0]["weight"], [0, 1, 2])


def test_what_cannot_be_read_is_the_programs_line(tmp_path):
    old, new = tmp_path / "old.pt", tmp_path / "new.safetensors"
    old.write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"^convert\.py: .*old\.pt: not a whole file") as raised:
        converting.convert(old, new)
    assert "\n" not in str(raised.value)
    assert not new.exists()
