"""A network that plain PyTorch trained gets its label, whose numbers a plain script finds too."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits

from tests.helpers.places import ROOT
from tests.helpers.workplace import Done, Workplace

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("label")]

PLAIN = ROOT / "tests" / "plain"
SETTINGS = ["NETWORK=net.py:SmallNet", "WEIGHTS=old.pt", "DATA=images.npz"]
SETTINGS += ["MEAN=0.3055", "STD=0.3759", "RUN=mine"]


def label(place: Workplace, *settings: str) -> Done:
    """Run `make label` in the environment of the tests."""
    return place.run("make", f"USE_VENV={sys.prefix}", "CORES=2", "label", *settings)


@pytest.fixture(scope="module")
def place(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A folder with a trained network, its images and its label."""
    made = source.copy(tmp_path_factory.mktemp("label") / "place")
    for name in ("net.py", "train.py"):
        shutil.copy2(PLAIN / name, made.root)
    trained = made.run(sys.executable, "train.py", "1", "old.pt")
    assert trained.status == 0, trained.output
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)
    # Images to evaluate alone, of which the label sets some apart.
    np.savez(made.root / "images.npz", test_images=images, test_labels=digits.target)
    done = label(made, *SETTINGS)
    assert done.status == 0, done.output
    assert "to lose less than 1 point" in done.output
    return made


def recomputed(place: Workplace) -> Done:
    """Compare the label with what plain programs find, which can't import the library."""
    return place.run(sys.executable, str(PLAIN / "label" / "recompute.py"), "mine.yaml")


def test_every_number_is_found_by_plain_pytorch(place):
    done = recomputed(place)
    assert done.status == 0, done.output
    assert int(re.fullmatch(r"all (\d+) numbers agree\n", done.output)[1]) > 500
    label = json.loads((place.root / "results/mine/label.json").read_text(encoding="utf-8"))
    assert len(label["methods"]) == 8  # two criteria with BatchNorm as it was, and anew


def test_a_wrong_number_and_one_that_nobody_recomputes_are_named(place, tmp_path):
    copy = place.copy(tmp_path / "copy")
    path = copy.root / "results/mine/label.json"
    label = json.loads(path.read_text(encoding="utf-8"))
    label["unpruned"]["nll"] += 0.001
    label["methods"][2]["points"][1]["broken"] += 1
    label["measured"]["bytes"]["compressed"][1] -= 1
    label["measured"]["latency"]["1"]["pruned"]["low"] /= 100
    label["measured"]["energy"] = 3.5
    path.write_text(json.dumps(label), encoding="utf-8")
    done = recomputed(copy)
    assert done.status
    assert [line.partition(":")[0] for line in done.output.splitlines()] == [
        ".measured.energy",
        ".measured.bytes.compressed.1",
        ".measured.latency.1.pruned.low",
        ".methods.2.points.1.broken",
        ".unpruned.nll",
    ]


def test_the_config_is_kept_and_another_command_is_refused(place):
    edited = (place.root / "mine.yaml").read_text(encoding="utf-8").replace("- 2\n", "- 5\n")
    (place.root / "mine.yaml").write_text(edited, encoding="utf-8")
    done = label(place, *SETTINGS)
    assert done.status == 0, done.output
    assert "to lose less than 5 points" in done.output
    other = label(place, *SETTINGS, "STD=0.4")
    assert other.status
    assert "mine.yaml: it is there, written by make label" in other.output


def damaged(place: Workplace, kind: str) -> str:
    """Write a wrong file of weights; return its name."""
    state = load_file(place.root / "mine-1.safetensors")
    path = place.root / f"{kind}.safetensors"
    match kind:
        case "nan":
            state["last.bias"][3] = np.nan
        case "other":
            state = {name.replace("hidden", "hiden"): value for name, value in state.items()}
        case "shape":
            state["last.weight"] = state["last.weight"][:, :16].clone()
    save_file(state, path)
    match kind:
        case "half":
            path.write_bytes(path.read_bytes()[:5000])
        case "pickle":
            shutil.copyfile(place.root / "old.pt", path)
        case "empty":
            path.write_bytes(b"")
    return path.name


BEFORE, IN_RUN = "make: WEIGHTS: ", "failed: "


@pytest.mark.parametrize(
    ("kind", "begin", "line"),
    [
        ("half", BEFORE, "not a whole safetensors file ("),
        ("pickle", BEFORE, "found a file of torch.save with another ending; allowed: "),
        ("empty", BEFORE, "found an empty file; allowed: safetensors"),
        ("nan", IN_RUN, "last.bias: 1 of 10 numbers are NaN or infinite"),
        ("other", IN_RUN, "not this network's tensors: hidden."),
        ("shape", IN_RUN, "last.weight is [10, 16], expected [10, 32]"),
    ],
)
def test_wrong_weights_are_one_line(place, tmp_path, kind, begin, line):
    copy = place.copy(tmp_path / "copy")
    weights = damaged(copy, kind)
    done = label(copy, SETTINGS[0], f"WEIGHTS={weights}", *SETTINGS[2:5], f"RUN={kind}")
    assert done.status
    [told] = [each for each in done.output.splitlines() if each.startswith(begin)]
    assert f"{weights}: {line}" in told
    assert "Traceback" not in done.output
    assert (copy.root / f"{kind}.yaml").exists() == (begin == IN_RUN)


def test_weights_in_bfloat16_are_seen_to_have_batchnorm(place, tmp_path):
    copy = place.copy(tmp_path / "copy")
    state = load_file(copy.root / "mine-1.safetensors")
    state = {k: v.bfloat16() if v.is_floating_point() else v for k, v in state.items()}
    save_file(state, copy.root / "half.safetensors")
    write = (
        "import sys; sys.path.insert(0, 'workflow/commands'); import labelling as l; l.written()"
    )
    settings = {"NETWORK": "net.py:SmallNet", "WEIGHTS": "half.safetensors", "DATA": "images.npz"}
    done = copy.run(
        *(sys.executable, "-c", write),
        **{f"PRUNESCAPE_{name}": value for name, value in settings.items()},
    )
    assert done.status == 0, done.output
    written = (copy.root / "label_smallnet.yaml").read_text(encoding="utf-8")
    assert "recalibrate" in written


def test_a_replaced_file_of_weights_is_converted_and_labelled_anew(place, tmp_path):
    copy = place.copy(tmp_path / "copy")
    assert copy.run(sys.executable, "train.py", "2", "old.pt").status == 0
    done = label(copy, *SETTINGS)
    assert done.status == 0, done.output
    assert "old.pt: another file than before" in done.output
    again = recomputed(copy)
    assert again.status == 0, again.output  # it reads old.pt
    assert "another file than before" not in label(copy, *SETTINGS).output


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ([], "NETWORK: found nothing; needed: NETWORK="),
        (["NETWORK=net.py:Other", *SETTINGS[1:3]], "net.py defines no Other"),
        ([*SETTINGS[:3], "WEIGHTS=none.pt"], "WEIGHTS: none.pt: no such file"),
        ([*SETTINGS[:3], "WEIGHTS=net.pt"], "WEIGHTS: convert.py: net.pt: not a whole file"),
        ([*SETTINGS[:3], "MEAN=0.1"], "MEAN, STD: found 1 and 0 numbers"),
        ([*SETTINGS[:3], "MEAN=x", "STD=1"], "MEAN: found 'x'; allowed: numbers"),
        ([*SETTINGS[:3], "CROP=0"], "CROP: found '0'; allowed: a number of pixels"),
        ([*SETTINGS[:3], "FINETUNE=-1"], "FINETUNE: found '-1'; allowed: a number of epochs"),
    ],
)
def test_a_wrong_setting_is_one_line(place, settings, what):
    shutil.copyfile(place.root / "net.py", place.root / "net.pt")
    done = label(place, *settings)
    assert done.status
    assert what in done.output
    assert "Traceback" not in done.output
    assert not (place.root / "label_smallnet.yaml").exists()
