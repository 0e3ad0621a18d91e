"""One replicate of three diverges: the run ends, says so, and has the others."""

import csv
import sys

import numpy as np
import pytest

from prunescape.foundations import files
from tests.helpers.workplace import Workplace, jobs

pytestmark = pytest.mark.slow

# Where few weights start large, a cube makes them explode within some steps; else they learn.
NETWORK = """
import torch
from torch import nn


class Cube(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)
        if torch.rand(()) < 0.3:
            with torch.no_grad():
                self.linear.weight *= 1e4

    def forward(self, images):
        return self.linear(images.flatten(1)) ** 3
"""
CONFIG = """
run: cubes
studies: [cubes]
seed: 2011
replicates: [3]
networks: {cube: "cube.py:Cube"}
catalogue:
  cubes:
    dataset: digits
    fits:
      sgd:
        networks: [cube]
        scaling: unit
        objective: {kind: likelihood}
        initial_weights: {distribution: own}
        optimiser: {kind: sgd, learning_rate: 0.05, momentum: 0.9}
        batch_size: 64
        epochs: 3
    arms:
      - fits: [sgd]
        criteria: [magnitude]
        scopes: [global]
        selection: exact_k
        effects: [zero]
        schedules: [oneshot]
        levels: ["0.50"]
    figures: [accuracy_sparsity]
"""
MODEL = "results/cubes/cubes/digits/cube/sgd"
TARGETS = ("results/cubes/verdicts.rst", "results/cubes/cubes/figures/accuracy_sparsity.svg")


def run(place: Workplace, *arguments: str):
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
    return place.run(*command, "--configfile", "cubes.yaml")


def test_a_replicate_that_diverges_is_reported_and_the_others_are_kept(fresh):
    (fresh.root / "cube.py").write_text(NETWORK)
    (fresh.root / "cubes.yaml").write_text(CONFIG)

    done = run(fresh, *TARGETS)

    assert done.status == 0, done.output
    checkpoint = f"{MODEL}/r1-3/train/checkpoint.safetensors"
    lines = [line for line in done.output.splitlines() if "diverged" in line]
    [line] = [line for line in lines if not line.startswith(("    ", "output"))]
    start = f"cubes / digits / cube / sgd: replicate 3 of {checkpoint} diverged in epoch 1: loss "
    assert line.startswith(start)
    assert line.endswith("likely setting: optimiser.learning_rate 0.05 (lower it)")
    folder = fresh.root / "results/cubes"
    log = (folder / f"logs/{checkpoint.removeprefix('results/cubes/')}").with_suffix(".log")
    assert "replicate 3 diverged in epoch 1" in log.read_text()
    with (folder / "scores.csv").open() as opened:
        assert [row["replicate"] for row in csv.DictReader(opened)] == ["1", "2"] * 2
    assert "replicate 3 of" in (folder / "verdicts.rst").read_text().replace("\\", "")
    assert "n = 2" in (folder / "cubes/figures/accuracy_sparsity.svg").read_text()
    again = run(fresh, "--dry-run", *TARGETS)
    assert jobs(again.output) == []

    (fresh.root / "cubes.yaml").write_text(CONFIG.replace("replicates: [3]", "replicates: [2]"))
    alone = checkpoint.replace("r1-3", "r1-2")
    done = run(fresh, alone)
    assert done.status == 0, done.output
    arrays, metadata = files.read_tensors(fresh.root / checkpoint)
    expected, _ = files.read_tensors(fresh.root / alone)
    assert metadata["replicates"] == [1, 2]
    assert arrays.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(arrays[name], values), name
