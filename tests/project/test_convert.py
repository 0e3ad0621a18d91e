"""The tool that turns a file of torch.save into safetensors."""

import argparse
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from prunescape.foundations import files
from tests.helpers.places import ROOT
from tools import convert

STATE = {"conv.weight": torch.arange(6.0).view(2, 3), "conv.bias": torch.ones(2)}


@pytest.fixture
def new(tmp_path):
    return tmp_path / "new.safetensors"


def converted(tmp_path, new, contents, **how):
    """Save contents, convert them; return the arrays and the lines that were printed."""
    torch.save(contents, tmp_path / "old.pt", **how)
    lines = list(convert.convert(tmp_path / "old.pt", new))
    return files.read_tensors(new)[0], lines


@pytest.mark.parametrize("zipped", [True, False])
def test_names_and_numbers_stay(tmp_path, new, zipped):
    found, lines = converted(tmp_path, new, STATE, _use_new_zipfile_serialization=zipped)
    assert found.keys() == STATE.keys()
    np.testing.assert_array_equal(found["conv.weight"], STATE["conv.weight"])
    assert lines == [f"{new}: 2 tensors, 8 numbers: conv.bias, conv.weight"]


def test_a_state_among_other_things_is_found_and_told(tmp_path, new):
    optimizer = torch.optim.Adam(nn.Linear(2, 2).parameters()).state_dict()
    trained = {"epoch": 3, "optimizer": optimizer, "model": {"state_dict": STATE, "depth": 2}}
    found, lines = converted(tmp_path, new, trained)
    assert found.keys() == STATE.keys()
    assert lines[1:] == ["taken from model.state_dict"]
    mixed = STATE | {"extra": 3, "config": {"width": 2}}
    found, lines = converted(tmp_path, new, mixed)
    assert found.keys() == STATE.keys()
    assert lines[1:] == ["left out, as they are no tensors: extra, config"]


@pytest.mark.parametrize(
    ("prefix", "kept"), [("module.", ""), ("_orig_mod.module.", ""), ("model.", "model.")]
)
def test_prefixes_of_wrappers_are_left_out_and_told(tmp_path, new, prefix, kept):
    found, lines = converted(tmp_path, new, {f"{prefix}{name}": v for name, v in STATE.items()})
    assert found.keys() == {f"{kept}{name}" for name in STATE}
    heads = [f"{head}." for head in prefix.split(".")[:-1] if not kept]
    assert lines[1:] == [f"{head} before all names is left out" for head in heads]


def test_shared_strided_and_half_tensors_are_written_whole_and_told(tmp_path, new):
    square = torch.arange(9.0).view(3, 3)
    state = {
        "a": square,
        "b": square,
        "turned": square.t(),
        "row": square[1],
        "half": torch.tensor([0.1, 2.0], dtype=torch.float16),
        "brain": torch.tensor([0.1, 2.0], dtype=torch.bfloat16),
        "seen": torch.tensor(7),
    }
    found, lines = converted(tmp_path, new, state)
    assert all(np.array_equal(found[name], value.float()) for name, value in state.items())
    assert found["half"].dtype == found["brain"].dtype == np.float32
    assert found["seen"].dtype == np.int64
    assert found["seen"].shape == ()
    assert lines[1:] == [
        "bfloat16, float16 written as float32: half, brain",
        "laid out row by row: turned",
        "one tensor under several names, written as copies: b is a",
    ]


@pytest.mark.parametrize(
    ("contents", "place", "over"),
    [
        ({"step": torch.tensor(3), "model_state_dict": STATE}, "model_state_dict", ""),
        ({"mean": torch.ones(3), "state_dict": STATE}, "state_dict", "mean"),
        ({"ema": STATE, "model": {"width": 3}, "rng": torch.get_rng_state()}, "ema", ""),
        ({"ema": STATE, "model": STATE, "other": {1: STATE}}, "model", "ema, other"),
        ({"best": {"loss": torch.tensor(0.1), "of": STATE}}, "best.of", ""),
        ({"ema": STATE, "last": {"state": {0: STATE}, "param_groups": []}}, "ema", ""),
    ],
)
def test_the_weights_win_over_other_tensors(tmp_path, new, contents, place, over):
    found, lines = converted(tmp_path, new, contents)
    assert found.keys() == STATE.keys()
    passed = [f"passed over, though it has numbers too: {over}"] if over else []
    assert lines[1:] == [f"taken from {place}", *passed]


@pytest.mark.parametrize("zipped", [True, False])
def test_what_scripts_keep_beside_the_weights_is_passed_over(tmp_path, new, zipped):
    beside = {
        "best": np.float64(0.3),
        "epoch": np.int64(3),
        "losses": np.arange(3.0),
        "kind": np.dtype("float32"),
        "args": argparse.Namespace(rate=0.1, folder=tmp_path, seeds=np.arange(2)),
    }
    checkpoint = {"state_dict": STATE} | beside
    found, lines = converted(tmp_path, new, checkpoint, _use_new_zipfile_serialization=zipped)
    assert found.keys() == STATE.keys()
    assert lines[1:] == ["taken from state_dict"]
    found, lines = converted(tmp_path, new, STATE | beside)
    assert lines[1:] == ["left out, as they are no tensors: best, epoch, losses, kind, args"]
    loaded = convert.loaded(tmp_path / "old.pt")
    assert {type(loaded[name]) for name in beside} == {convert.StandIn}


def test_stand_ins_are_for_one_reading(tmp_path, new):
    before = set(torch.serialization.get_safe_globals())
    converted(tmp_path, new, STATE | {"best": np.float64(0.3)})
    assert set(torch.serialization.get_safe_globals()) == before


def test_states_of_modules_that_are_no_tensors_stay_out(tmp_path, new):
    found, lines = converted(tmp_path, new, STATE | {"fp8._extra_state": {"a": torch.ones(2)}})
    assert found.keys() == STATE.keys()
    assert lines[1:] == ["left out, as they are no tensors: fp8._extra_state"]


CIRCLE: dict[str, object] = {"weight": torch.ones(2)}
CIRCLE["model"] = CIRCLE


class Own(nn.Linear):
    """What only its own code can make again."""


@pytest.mark.parametrize(
    ("contents", "line"),
    [
        (Own(2, 2), "found tests.project.test_convert.Own in it, which only running its code"),
        ({"a": STATE, "b": {Own}}, "found tests.project.test_convert.Own in it, which only runni"),
        (torch.ones(3), "found Tensor; allowed: what torch.save(model.state_dict(), PATH) writes"),
        ([1, 2], "found list; allowed"),
        (np.ones(3), "found something of numpy, argparse or pathlib; allowed"),
        ({}, "found no tensors (nothing); allowed"),
        ({"epoch": 3, "other": {"a": 1}}, "found no tensors (epoch, other); allowed"),
        ({"step": torch.tensor(3), "loss": torch.tensor(0.1)}, "found no tensors (step, loss)"),
        ({"a": STATE, "b": STATE}, "found several things that may be the weights: a, b; allowed:"),
        ({"mean": torch.ones(3), "b": STATE}, "found several things that may be the weights: mean"),
        ({"net": STATE, "model": STATE}, "found several things that may be the weights: net, mod"),
        (CIRCLE, "found more than 5 mappings in each other; allowed"),
        ({1: torch.tensor(2), "a": torch.ones(2)}, "found tensors under keys that are no text"),
        ({1: torch.ones(2)}, "found tensors under keys that are no text; allowed"),
        ({"a": torch.ones(2).to_sparse()}, "a is sparse, quantised, complex or without numbers"),
        ({"a": torch.ones(2) * 1j}, "a is sparse, quantised, complex or without numbers"),
    ],
)
def test_anything_else_is_one_line(tmp_path, new, contents, line):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (the line is compared)
        converted(tmp_path, new, contents)
    assert str(raised.value).startswith(f"{tmp_path / 'old.pt'}: {line}")
    assert "\n" not in str(raised.value)
    assert not new.exists()


def test_files_that_are_none_of_torch_are_one_line(tmp_path, new):
    old = tmp_path / "old.pt"
    torch.save(STATE | {"large": torch.ones(100, 100)}, old)
    whole = old.read_bytes()
    other = pickle.dumps({"a": 1}, protocol=4)
    for contents in (whole[: len(whole) // 2], b"", b"no weights at all", other):
        old.write_bytes(contents)
        with pytest.raises(ValueError, match=r"old.pt: not a whole file of torch.save, or one of"):
            list(convert.convert(old, new))
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), old)
    with pytest.raises(ValueError, match=r"old.pt: found a program of torch.jit; allowed"):
        list(convert.convert(old, new))
    with pytest.raises(ValueError, match=r"found the ending '.pt'; allowed: .safetensors"):
        list(convert.convert(old, tmp_path / "new.pt"))
    assert not new.exists()


def test_code_in_a_file_does_not_run(tmp_path, new):
    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"a": Attack()}, tmp_path / "old.pt")
    command = [sys.executable, ROOT / "tools/convert.py", tmp_path / "old.pt", new]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"convert.py: {tmp_path / 'old.pt'}: found ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "ran").exists()


def test_nothing_else_of_the_project_unpickles():
    loading = ("torch.load(", "pickle.load", "joblib.load", "allow_pickle=True")
    places = [*(ROOT / "workflow").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
    users = [p for p in places if any(word in p.read_text(encoding="utf-8") for word in loading)]
    assert [path.name for path in users] == ["convert.py"]


def test_names_that_densenets_had_are_those_that_they_have_now(tmp_path, new):
    old = {
        "features.denseblock1.denselayer2.norm.1.weight": torch.ones(2),
        "features.denseblock1.denselayer2.conv.2.weight": torch.ones(2, 2),
        "features.norm0.weight": torch.ones(2),
    }
    found, lines = converted(tmp_path, new, old)
    assert found.keys() == {
        "features.denseblock1.denselayer2.norm1.weight",
        "features.denseblock1.denselayer2.conv2.weight",
        "features.norm0.weight",
    }
    assert lines[1].startswith("of DenseNet's dense layers, norm.1 is now norm1, and so on: ")
    now = {name.replace("norm.1", "norm1").replace("conv.2", "conv2"): v for name, v in old.items()}
    assert converted(tmp_path, new, now)[1][1:] == []


def test_what_torchvision_publishes_is_got_by_its_name(tmp_path, new, monkeypatch, capsys):
    def download(named, folder):
        torch.save(STATE, folder / f"{named.partition(':')[2]}.pth")
        return folder / "net.pth"

    monkeypatch.setattr(convert.published_weights, "download", download)
    monkeypatch.setattr(sys, "argv", ["convert.py", "torchvision:net", str(new)])
    convert.main()
    assert files.read_tensors(new)[0].keys() == STATE.keys()
    assert capsys.readouterr().out == f"{new}: 2 tensors, 8 numbers: conv.bias, conv.weight\n"
