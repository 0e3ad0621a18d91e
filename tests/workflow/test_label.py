"""A network that plain PyTorch trained gets its label, whose numbers a plain script finds too."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
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
    np.savez(made.root / "images.npz", images=images, labels=digits.target)
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
