"""What is in a file of weights is told, or what the file is."""

import pickle
import re

import pytest
import torch
from safetensors.torch import save_file

from prunescape.foundations import weight_files

TENSORS = {"b": torch.zeros(100), "a": torch.ones(2, dtype=torch.bfloat16)}


def test_names_are_those_of_all_types(tmp_path):
    save_file(TENSORS, tmp_path / "own.safetensors")
    assert sorted(weight_files.names(tmp_path / "own.safetensors")) == ["a", "b"]


def refusal(path):
    """Return what is said of a file behind its name, in one line."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as told:
        weight_files.names(path)
    assert "\n" not in str(told.value)
    return str(told.value).removeprefix(f"{path}: ")


def test_another_file_is_said_to_be_that(tmp_path):
    path = tmp_path / "own.safetensors"
    save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal(path).startswith("not a whole safetensors file (")
    path.write_bytes(b"")
    assert refusal(path) == "found an empty file; allowed: safetensors"
    for new in (True, False):
        torch.save(TENSORS, path, _use_new_zipfile_serialization=new)
        assert refusal(path) == (
            "found a file of torch.save with another ending; allowed: safetensors, which `python "
            f"tools/convert.py {path} NEW.safetensors` makes of it"
        )
    for protocol in range(2, 6):
        path.write_bytes(pickle.dumps({"1.weight": [1.0]}, protocol))
        assert refusal(path).startswith("found a pickle, which nothing here reads; allowed")
    for length in (0x280, 0x480):  # the first bytes of a header so long are those of a pickle
        path.write_bytes(length.to_bytes(8, "little") + b"{")
        assert refusal(path).startswith("not a whole safetensors file (")


def test_what_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        weight_files.names(tmp_path / "none.safetensors")
    with pytest.raises(OSError, match=str(tmp_path)):
        weight_files.names(tmp_path)
