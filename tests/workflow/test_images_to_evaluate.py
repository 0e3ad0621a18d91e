"""Given networks on images of which none, or only some for calibration, may be measured on."""

import json
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from prunescape.data import datasets
from tests.helpers.places import ROOT
from tests.helpers.workplace import Workplace

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("images_to_evaluate")]

PLAIN = ROOT / "tests" / "plain"
CONFIG = yaml.safe_load("""
version: 3
run: seen
studies: [bare, apart, tuned]
networks: {small: "net.py:SmallNet"}
sources: {mine: ["file:images.npz"], only: ["file:only.npz"]}
claims: [claims.yaml]
datasets:
  bare: {source: only, test: official, train: 0, seed: 1}
  apart: {source: only, test: official, train: 0, calibration: 100, seed: 1}
  tuned: {source: mine, test: official, train: 200, calibration: 100, seed: 1}
catalogue:
  bare: &study
    dataset: bare
    fits:
      given:
        kind: given
        networks: [small]
        weights: [one.safetensors]
        scaling: {mean: [0.3055], std: [0.3759]}
    arms:
      - &arm
        fits: [given]
        criteria: [magnitude, lamp, random]
        scopes: [global]
        selection: exact_k
        effects: [zero]
        schedules: [oneshot]
        levels: ["0.50"]
    figures: [accuracy_sparsity]
  apart:
    <<: *study
    dataset: apart
    arms:
      - {<<: *arm, criteria: [wanda, taylor], effects: [recalibrate, compensate]}
    figures: []
  tuned:
    <<: *study
    dataset: tuned
    schedules:
      fine:
        kind: chain
        steps: [["0.30", 1], ["0.50", 1]]
        fit: {optimiser: {kind: adam, learning_rate: 0.001}, batch_size: 64}
    arms:
      - fits: [given]
        criteria: [wanda]
        scopes: [global]
        selection: exact_k
        effects: [zero]
        schedules: [fine]
    figures: []
exports:
  half:
    {study: apart, network: small, fit: given, criterion: wanda, scope: global, effect: recalibrate,
     schedule: oneshot, level: "0.50"}
""")
CLAIMS = """
- id: bare_random
  study: bare
  origin: this project
  source: prunescape
  statement: At 50 % magnitude is better than chance.
  statistic:
    measure: accuracy
    where: {level: "0.50"}
    of: {criterion: magnitude}
    minus: {criterion: random}
  comparison: ">"
  margin: 0
"""


@pytest.fixture(scope="module")
def place(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, int]:
    """A finished run, and how many test images plain PyTorch gets right."""
    made = source.copy(tmp_path_factory.mktemp("seen") / "place")
    for name in ("net.py", "train.py"):
        shutil.copy2(PLAIN / name, made.root)
    trained = made.run(sys.executable, "train.py", "1", "old.pt", "images.npz")
    assert trained.status == 0, trained.output
    converted = made.run(sys.executable, "tools/convert.py", "old.pt", "one.safetensors")
    assert converted.status == 0, converted.output
    whole = np.load(made.root / "images.npz")
    only = {name: whole[name] for name in ("test_images", "test_labels")}
    np.savez(made.root / "only.npz", **only)
    (made.root / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (made.root / "seen.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    command = ["-m", "snakemake", "--cores", "2", "--configfile", "seen.yaml"]
    done = made.run(sys.executable, *command)
    assert done.status == 0, done.output
    return made, int(re.fullmatch(r"(\d+)/540\n", trained.output)[1])


def opened(place: Workplace, study: str) -> list[dict[str, list[str]]]:
    """Return the parts of a data set that each job's networks read, and were evaluated on."""
    found = []
    for path in sorted((place.root / "results/seen" / study).rglob("rows.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        found.append({key: sorted(record[key]) for key in ("fitted_on", "evaluated_on")})
    return found


def images(place: Workplace, dataset: str, part: str) -> list[bytes]:
    """Return the images of a part."""
    split = datasets.load([place.root / f"data/{dataset}/{part}.safetensors"])
    return [image.tobytes() for image in split.images]


def test_weights_alone_are_ranked_without_an_image(place):
    made, right = place
    table = pd.read_csv(made.root / "results/seen/scores.csv")
    bare = table[table["study"] == "bare"]
    assert (bare[bare["criterion"] == "none"]["accuracy"] * 540).round(6).tolist() == [right]
    assert set(bare["criterion"]) == {"none", "magnitude", "lamp", "random"}
    assert set(bare["n_images"]) == {540}
    assert images(made, "bare", "calibration") == []
    assert not (made.root / "data/bare/train.safetensors").exists()
    claims = pd.read_csv(made.root / "results/seen/claims.csv").set_index("id")
    assert claims.loc["bare_random", "estimate"] > 0


def test_calibration_images_are_read_and_never_evaluated(place):
    made, _ = place
    parts = [images(made, "apart", part) for part in ("calibration", "test")]
    assert list(map(len, parts)) == [100, 440]
    assert not set(parts[0]) & set(parts[1])
    assert sorted([*parts[0], *parts[1]]) == sorted(images(made, "bare", "test"))
    jobs = opened(made, "apart")
    assert len(jobs) == 3
    assert all(job == {"fitted_on": ["calibration"], "evaluated_on": ["test"]} for job in jobs)
    table = pd.read_csv(made.root / "results/seen/scores.csv")
    assert set(table[table["study"] == "apart"]["n_images"]) == {440}
    assert (made.root / "results/seen/exports/half/masked.safetensors").is_file()


def test_training_on_reads_other_images_than_criteria(place):
    made, _ = place
    sizes = {"train": 180, "validation": 20, "calibration": 100, "test": 540}
    assert {part: len(images(made, "tuned", part)) for part in sizes} == sizes
    read = [job["fitted_on"] for job in opened(made, "tuned")]
    assert sorted(read) == [["calibration"], *[["calibration", "train", "validation"]] * 2]
