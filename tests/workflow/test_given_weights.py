"""Networks of plain PyTorch, from a .pt file to the table and back out: docs/your-model.md, run."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from prunescape.data import image_tensors
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks import prunable
from prunescape.networks.scaling import intensities
from prunescape.pruning import arm_masks, effects, selection
from tests.helpers.places import ROOT
from tests.helpers.workplace import Done, Workplace, counts, jobs

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("given_weights")]

PLAIN = ROOT / "tests" / "plain"
SECOND = "mine/digits_sklearn/small/mine/r2-2"
PAGE = (ROOT / "docs" / "your-model.md").read_text(encoding="utf-8")
FIRST, ADDED = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CONFIG = yaml.safe_load(FIRST) | yaml.safe_load(ADDED)
CONFIG["catalogue"]["mine"]["replicates"] = [1, 1]


def test_the_page_shows_the_network_that_was_trained():
    [shown] = re.findall(r"```py\n# net.py\n(.*?)```", PAGE, re.DOTALL)
    written = (PLAIN / "net.py").read_text(encoding="utf-8")
    assert shown.split() == re.sub(r'""".*?"""', "", written).split()


def snakemake(place: Workplace, *arguments: str) -> Done:
    """Run Snakemake on the config of the given networks."""
    command = ["-m", "snakemake", *arguments, "--cores", "2", "--configfile", "mine.yaml"]
    return place.run(sys.executable, *command)


def trained(place: Workplace, seed: int, name: str) -> int:
    """Train a network outside of the library, convert it; return how many images it gets right."""
    done = place.run(sys.executable, str(PLAIN / "train.py"), str(seed), f"{name}.pt")
    assert done.status == 0, done.output
    converted = place.run(sys.executable, "tools/convert.py", f"{name}.pt", f"{name}.safetensors")
    assert converted.status == 0, converted.output
    assert "taken from state_dict" in converted.output
    return int(re.fullmatch(r"(\d+)/540\n", done.output)[1])


@pytest.fixture(scope="module")
def given(
    source: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workplace, list[int]]:
    """A finished run of two given networks, and how many images plain PyTorch says they get right.

    A third network, `three`, is there too.
    """
    place = source.copy(tmp_path_factory.mktemp("given") / "place")
    shutil.copy2(PLAIN / "net.py", place.root)
    right = [trained(place, seed, name) for seed, name in enumerate(("one", "two", "three"), 1)]
    (place.root / "mine.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    done = snakemake(place)
    assert done.status == 0, done.output
    return place, right


def test_unpruned_networks_are_as_good_as_plain_pytorch_says(given):
    place, right = given
    table = pd.read_csv(place.root / "results/mine/scores.csv")
    dense = table[table["criterion"] == "none"].sort_values("replicate")
    assert (dense["accuracy"] * 540).round(6).tolist() == right[:2]
    assert set(table["n_images"]) == {540}
    assert set(table["level"]) == {0.0, 0.5, 0.9}
    assert set(table["effect"]) == {"none", "zero", "recalibrate"}
    log = place.root / "results/mine/logs" / SECOND / "import_weights/checkpoint.log"
    assert "two.safetensors: the weights of this network" in log.read_text(encoding="utf-8")


ALONE = """

import importlib.util

import numpy

assert importlib.util.find_spec("prunescape") is None
numpy.save("logits.npy", logits(torch.from_numpy(numpy.load("images.npy"))).numpy())
"""


def masked_logits(images: torch.Tensor) -> torch.Tensor:
    """Return the logits of the network that the page exports, as evaluation computes them."""
    folder = Path("results/mine/mine/digits_sklearn/small/mine/r1-1")
    fitted = Checkpoint.load(str(folder / "import_weights/checkpoint.safetensors"))
    shapes = prunable.shapes(fitted.network)
    packed, _ = arm_masks.read(folder / "prune/exact_k/0.50/masks.safetensors", shapes)
    kept = selection.unpack(arm_masks.layers_of(packed, "obd_empirical", "global"), shapes)
    masks = {name: torch.from_numpy(mask) for name, mask in kept.items()}
    parameters = fitted.parameters(torch.device("cpu"))
    splits = [f"data/digits_sklearn/{split}.safetensors" for split in ("train", "validation")]
    training = effects.Training(image_tensors.load(splits).images, fitted.scaling)
    network = fitted.network
    parameters = effects.apply("recalibrate", network, parameters, masks, {}, training)
    return fitted.network.logits(fitted.scaling(images)[None], parameters)[0]


def test_the_pruned_network_is_loaded_as_the_page_says_without_this_project(
    given, tmp_path, monkeypatch
):
    place = given[0].copy(tmp_path / "copy")
    monkeypatch.chdir(place.root)
    split = image_tensors.load(["data/digits_sklearn/test.safetensors"])
    np.save("images.npy", intensities(split.images).numpy())
    [shown] = re.findall(r"```py\n(# out.py\n.*?)```", PAGE, re.DOTALL)
    (place.root / "out.py").write_text(shown + ALONE, encoding="utf-8")
    done = place.run(sys.executable, "out.py")
    assert done.status == 0, done.output
    found = torch.from_numpy(np.load("logits.npy"))
    torch.testing.assert_close(found, masked_logits(split.images), rtol=0, atol=1e-5)
    key = ["criterion", "effect", "level", "replicate"]
    table = pd.read_csv("results/mine/scores.csv").set_index(key)
    right = int((found.argmax(1) == split.labels).sum())
    assert round(540 * table.loc[("obd_empirical", "recalibrate", 0.5, 1), "accuracy"]) == right
    forms = {path.name for path in Path("results/mine/exports/half").iterdir()} - {"export.json"}
    kinds = ("safetensors", "json", "onnx")
    assert forms == {f"{form}.{kind}" for form in ("dense", "masked") for kind in kinds}
    assert set(pd.read_csv("results/mine/sizes.csv")["form"]) == {"dense", "masked"}


def test_a_replaced_file_reruns_what_depends_on_it_and_nothing_else(given, tmp_path):
    place, right = given
    place = place.copy(tmp_path / "copy")
    assert jobs(snakemake(place, "--dry-run").output) == []
    shutil.copyfile(place.root / "three.safetensors", place.root / "two.safetensors")
    planned = jobs(snakemake(place, "--dry-run").output)
    of_blocks = [job for job in planned if re.search("/r[0-9]+-", job.outputs[0])]
    assert counts(of_blocks) == {"import_weights": 1, "score": 1, "prune": 2, "evaluate": 3}
    outputs = [each for job in of_blocks for each in job.outputs]
    assert all(each.startswith(f"results/mine/{SECOND}/") for each in outputs)
    done = snakemake(place)
    assert done.status == 0, done.output
    table = pd.read_csv(place.root / "results/mine/scores.csv")
    dense = table[table["criterion"] == "none"].sort_values("replicate")
    assert (dense["accuracy"] * 540).round(6).tolist() == [right[0], right[2]]


def damaged(place: Workplace, kind: str, path: Path) -> None:
    """Replace a file of weights by one that is wrong."""
    state = load_file(path)
    match kind:
        case "half":
            path.write_bytes(path.read_bytes()[:2000])
        case "pickle":
            shutil.copyfile(place.root / "two.pt", path)
        case "nan":
            state["last.bias"][3] = np.nan
            save_file(state, path)
        case "name":
            save_file({name.replace("hidden", "hiden"): v for name, v in state.items()}, path)
        case "shape":
            save_file(state | {"last.weight": torch.zeros(10, 16)}, path)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("half", "not a whole safetensors file ("),
        ("pickle", "found a file of torch.save with another ending; allowed: safetensors, which "),
        ("nan", "last.bias: 1 of 10 numbers are NaN or infinite"),
        ("name", "not this network's tensors: hidden."),
        ("shape", "last.weight is [10, 16], expected [10, 32]"),
    ],
)
def test_a_wrong_file_ends_the_run_with_one_line(given, tmp_path, kind, line):
    place = given[0].copy(tmp_path / "copy")
    damaged(place, kind, place.root / "two.safetensors")
    done = snakemake(place)
    assert done.status != 0
    failed = [text for text in done.output.splitlines() if text.startswith("failed: ")]
    assert len(failed) == 1, done.output
    assert f": import_weights.py: two.safetensors: {line}" in failed[0]
