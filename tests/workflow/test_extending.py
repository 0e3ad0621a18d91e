"""The worked examples of docs/extending.md, run as a user would, beside an unchanged workflow."""

import filecmp
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.helpers.places import ROOT
from tests.helpers.workplace import Done, Job, Workplace, counts, jobs

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("extending")]

PAGE = ROOT / "docs" / "extending.md"
LAST = {
    "aggregate": 1,
    "claims": 1,
    "compare_published": 1,
    "explorer": 1,
    "forest": 1,
    "front_page": 1,
    "gather": 1,
    "gather_claims": 1,
    "tabulate": 1,
}
RESNET = {
    "check_network": 2,
    "train": 1,
    "fit_variational": 1,
    "measure": 2,
    "score": 2,
    "prune": 4,
}
RESNET |= {"retrain": 1, "evaluate": 11, "figure": 2, **LAST}


def run(place: Workplace, name: str, *arguments: str) -> Done:
    """Run Snakemake on an example's config."""
    command = [*arguments, "--cores", "2", "--configfile", f"{name}.yaml"]
    return place.run(sys.executable, "-m", "snakemake", *command)


def planned(place: Workplace, name: str, *arguments: str) -> list[Job]:
    """Return the jobs that an example's run would start."""
    done = run(place, name, "--dry-run", *arguments)
    assert done.status == 0, done.output
    return jobs(done.output)


def scores(place: Workplace, name: str) -> pd.DataFrame:
    """Return an example's table."""
    return pd.read_csv(place.root / f"results/{name}/scores.csv")


@pytest.fixture(scope="module")
def examples(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workplace with what the page's examples make, before anything is run."""
    place = source.copy(tmp_path_factory.mktemp("extending") / "examples")
    shutil.copytree(ROOT / "docs" / "examples", place.root / "docs" / "examples")
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        if "prunescape" not in block:  # others need no workflow: test_docs.py runs them
            done = place.run(sys.executable, "-c", block)
            assert done.status == 0, done.output
    for block, name in re.findall(r"```yaml\n(# (\w+)\.yaml\n.*?)```", text, re.DOTALL):
        (place.root / f"{name}.yaml").write_text(block, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def ran(examples: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The same after the runs: tables of the data's examples, everything of the network's."""
    place = examples.copy(tmp_path_factory.mktemp("extending") / "ran")
    tables = [(name, f"results/{name}/scores.csv") for name in ("bars", "pictures")]
    for arguments in (("resnet",), ("sensor",), *tables):
        done = run(place, *arguments)
        assert done.status == 0, done.output
    return place


@pytest.fixture
def copy(ran: Workplace, tmp_path: Path) -> Iterator[Workplace]:
    """A copy of the finished examples, to be changed."""
    yield ran.copy(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")


def test_no_line_under_workflow_changes(ran):
    names = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "workflow").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(names) > 100
    same, *others = filecmp.cmpfiles(ROOT, ran.root, names, shallow=False)
    assert others == [[], []]
    here = {name for name in ran.files("workflow") if "__pycache__" not in name}
    assert here == set(same)


def test_images_in_a_file_are_learnt_pruned_and_evaluated(ran):
    table = scores(ran, "bars")
    assert set(table["n_images"]) == {100}
    dense = table[table["criterion"] == "none"]
    assert (dense["accuracy"] > 0.6).all()  # three classes; bars are there to be found
    half = table[(table["criterion"] == "magnitude") & (table["level"] == 0.5)]
    assert (half["kept_weights"] * 2 == half["total_weights"]).all()
    assert len(table) == 2 * (1 + 2 * 2)


def test_a_folder_of_class_folders_is_learnt_pruned_and_evaluated(ran):
    table = scores(ran, "pictures")
    assert set(table["n_images"]) == {30}
    assert (table[table["criterion"] == "none"]["accuracy"] > 0.8).all()
    assert set(table["total_weights"]) == {200}


def test_a_network_in_a_file_goes_through_every_stage(ran):
    table = scores(ran, "resnet")
    assert set(table["criterion"]) == {"none", "magnitude", "magnitude_x_std", "g", "snr"}
    assert set(table["schedule"]) == {"none", "oneshot", "finetune"}
    assert set(table["effect"]) == {"none", "zero", "compensate", "recalibrate"}
    assert np.isfinite(table["nll"]).all()
    pruned = table[table["criterion"] != "none"]
    inner = pruned["scope"] == "inner"
    whole = pruned[~inner]
    expected = whole["total_weights"] * (1 - whole["level"])
    assert ((whole["kept_weights"] - expected).abs() <= 5).all()  # layer by layer, rounded
    (dense,) = set(table[table["criterion"] == "none"]["kept_by_layer"])
    sizes = [int(size) for size in dense.split()]
    for row in pruned[inner].itertuples():
        first, *kept, last = map(int, row.kept_by_layer.split())
        assert (first, last) == (sizes[0], sizes[-1])
        assert kept == [size - round(row.level * size) for size in sizes[1:-1]]
    folder = ran.root / "results/resnet"
    assert (folder / "resnet/figures/layer_allocation.svg").exists()
    assert (folder / "explorer.html").exists()
    assert planned(ran, "resnet") == []


def test_an_edited_network_reruns_exactly_its_users(copy):
    copy.append("docs/examples/resnet.py", "# A comment.")
    assert counts(planned(copy, "resnet")) == RESNET
    assert planned(copy, "bars", "results/bars/scores.csv") == []


def test_an_edited_criterion_reruns_exactly_its_users(examples, tmp_path):
    place = examples.copy(tmp_path / "copy")
    config = yaml.safe_load((place.root / "bars.yaml").read_text(encoding="utf-8"))
    study = config["catalogue"].pop("bars")
    study["arms"][0] |= {"criteria": ["mine"], "levels": ["0.50"]}
    config |= {"run": "mine", "studies": ["mine"], "catalogue": {"mine": study}}
    config["criteria"] = {"mine": "mine.py:score"}
    (place.root / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (place.root / "powers").mkdir()
    (place.root / "powers/__init__.py").write_text("from .cubic import POWER\n", encoding="utf-8")
    (place.root / "powers/cubic.py").write_text("POWER = 3\n", encoding="utf-8")
    source = "from powers import POWER\n\n\ndef score(weight):\n    return weight.abs() ** POWER\n"
    (place.root / "mine.py").write_text(source, encoding="utf-8")
    target = "results/mine/scores.csv"
    done = run(place, "mine", target)
    assert done.status == 0, done.output
    assert planned(place, "mine", target) == []

    # Not the training, nor the dense networks' evaluation.
    users = {"score": 1, "prune": 1, "evaluate": 1}
    users |= {"aggregate": 1, "gather": 1}
    for name in ("mine.py", "powers/cubic.py"):
        before = (place.root / name).read_bytes()
        place.append(name, "# A comment.")
        assert counts(planned(place, "mine", target)) == users
        (place.root / name).write_bytes(before)
    assert planned(place, "mine", target) == []


def test_noise_and_a_claim_in_files(ran):
    table = scores(ran, "sensor")
    assert set(table["noise"]) == {"none", "dead_rows"}
    means = table.groupby("noise")["accuracy"].mean()
    assert means["dead_rows"] < means["none"] - 0.01
    [claim] = pd.read_csv(ran.root / "results/sensor/claims.csv").to_dict("records")
    assert (claim["id"], claim["n"]) == ("d1", 3)
    assert claim["verdict"] in ("holds", "fails", "undecided")
    assert planned(ran, "sensor") == []


def test_edited_noise_and_claims_rerun_exactly_their_users(copy):
    claims = copy.root / "sensor_claims.yaml"
    claims.write_text(claims.read_text().replace("margin: 5", "margin: 6"), encoding="utf-8")
    pages = {"explorer": 1, "forest": 1, "front_page": 1}
    assert counts(planned(copy, "sensor")) == {"claims": 1, "gather_claims": 1, **pages}
    copy.append("docs/examples/sensor.py", "# A comment.")
    users = {"evaluate": 2, "figure": 1, **LAST}
    assert counts(planned(copy, "sensor")) == users


def test_a_pruned_network_is_exported(copy):
    config = yaml.safe_load((copy.root / "sensor.yaml").read_text(encoding="utf-8"))
    export = {"study": "sensor", "network": "tanh_32", "fit": "adam", "criterion": "magnitude"}
    export |= {"scope": "global", "effect": "zero", "schedule": "oneshot", "level": "0.90"}
    text = yaml.safe_dump(config | {"exports": {"tenth": export}})
    (copy.root / "share.yaml").write_text(text, encoding="utf-8")
    sizes = "results/sensor/sizes.csv"
    assert counts(planned(copy, "share", sizes)) == {"export": 1, "sizes": 1}
    done = run(copy, "share", sizes)
    assert done.status == 0, done.output
    found = pd.read_csv(copy.root / sizes)
    assert set(found["form"]) == {"dense", "masked", "compact"}
    assert set(found["quantity"]) == {"bytes", "bytes, zstd", "multiply-adds", "latency"}
    folder = copy.root / "results/sensor/exports/tenth"
    for form in set(found["form"]):
        kinds = {path.suffix for path in folder.glob(f"{form}.*")}
        assert kinds == {".json", ".onnx", ".safetensors"}


def test_other_bytes_in_a_file_of_images_rerun_exactly_its_users(copy):
    path = copy.root / "bars.npz"
    with np.load(path) as opened:
        images, labels = opened["images"].copy(), opened["labels"]
    images[0, 0, 0, 0] ^= 1
    np.savez(path, images=images, labels=labels)
    assert counts(planned(copy, "resnet")) == {"prepare": 1, **RESNET}
    assert planned(copy, "pictures", "results/pictures/scores.csv") == []


def test_a_picture_that_is_added_reruns_exactly_its_users(copy):
    folder = copy.root / "pictures/dark"
    shutil.copy(folder / "1.png", folder / "another.png")
    found = planned(copy, "pictures", "results/pictures/scores.csv")
    assert counts(found) == {
        "prepare": 1,
        "train": 1,
        "score": 1,
        "prune": 1,
        "evaluate": 2,
        "aggregate": 1,
        "gather": 1,
    }
    assert planned(copy, "bars", "results/bars/scores.csv") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("resnet", "def resnet8_narrow", "def resnet8", "networks.resnet: found 'docs/examples/"),
        ("resnet", "import nn", "import", "networks.resnet: found 'docs/examples/resnet.py:"),
    ],
    ids=["name", "syntax"],
)
def test_a_wrong_file_stops_before_any_job(examples, tmp_path, name, old, new, line):
    place = examples.copy(tmp_path / "copy")
    path = place.root / "docs/examples/resnet.py"
    path.write_text(path.read_text().replace(old, new))
    done = run(place, name)
    assert done.status != 0
    assert [found for found in done.output.splitlines() if found.startswith(line)]
    assert "Traceback" not in done.output
    assert "Building DAG" not in done.output


def test_a_network_of_another_shape_stops_before_training(examples, tmp_path):
    place = examples.copy(tmp_path / "copy")
    path = place.root / "docs/examples/resnet.py"
    path.write_text(
        path.read_text().replace("width=4, classes=3", "width=4, channels=1, classes=3")
    )
    target = "results/resnet/resnet/bars/resnet/adam/r1-2/train/checkpoint.safetensors"
    done = run(place, "resnet", target)
    assert done.status != 0
    [log] = place.root.glob("results/resnet/logs/**/check/network.log")
    [line] = log.read_text().split("\n")[1:-1]  # it begins on a line of its own
    assert "networks: docs/examples/resnet.py:resnet8_narrow can't take " in line
    assert "conv (Conv2d): docs/examples/resnet.py, line " in line
    assert "images of 3 x 12 x 12" in line
    assert not list(place.root.glob("results/resnet/**/*.safetensors"))
