"""A model of torchvision goes from a file of weights to the table and out again."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from prunescape.foundations import network_names
from tests.helpers.workplace import Workplace

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("torchvision_models")]

NAMED = "torchvision:mobilenet_v2(num_classes=10)"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CRITERIA = ["taylor", "obd", "wanda"]
ARM = {"fits": ["given"], "scopes": ["global"], "selection": "exact_k", "effects": ["zero"]}
POINT = {"scope": "global", "effect": "zero", "schedule": "oneshot", "level": "0.50"}
MODEL = {"study": "tv", "network": "model", "fit": "given"}
GIVEN = {
    "kind": "given",
    "networks": ["model"],
    "weights": ["model.safetensors"],
    "scaling": {"mean": MEAN, "std": STD},
}
CONFIG = {
    "version": 3,
    "run": "tv",
    "studies": ["tv"],
    "replicates": [1],
    "sources": {"own": ["file:images.npz"]},
    "datasets": {"own": {"source": "own", "seed": 1, "test": "rest", "train": 10}},
    "networks": {"model": NAMED},
    "catalogue": {
        "tv": {
            "dataset": "own",
            "fits": {"given": GIVEN},
            "arms": [ARM | {"criteria": CRITERIA, "schedules": ["oneshot"], "levels": ["0.50"]}],
            "figures": [],
        }
    },
    "exports": {"half": MODEL | POINT | {"criterion": "wanda", "replicate": 1}},
}


def weights(images):
    """Return new weights, with running statistics without which logits would be all alike."""
    torch.manual_seed(1)
    module = network_names.load(NAMED)().train()
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        module(images.permute(0, 3, 1, 2) / 255)
    return module.state_dict()


@pytest.fixture(scope="module")
def place(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A finished run of a network whose convolutions are in groups, or of one pixel."""
    made = source.copy(tmp_path_factory.mktemp("tv") / "place")
    images = np.random.default_rng(1).integers(0, 256, (14, 64, 64, 3), dtype=np.uint8)
    save_file(weights(torch.from_numpy(images)), made.root / "model.safetensors")
    np.savez(made.root / "images.npz", images=images, labels=np.arange(14) % 10)
    (made.root / "tv.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    done = made.snakemake("--configfile", "tv.yaml")
    assert done.status == 0, done.output
    return made


def test_every_criterion_prunes_half_of_its_weights(place):
    table = pd.read_csv(place.root / "results/tv/scores.csv").set_index("criterion")
    assert set(table.index) == {*CRITERIA, "none"}
    assert set(table["n_images"]) == {4}
    assert table.loc[CRITERIA, "sparsity_actual"].round(5).tolist() == [0.5] * len(CRITERIA)


def test_plain_pytorch_finds_the_accuracy_before_and_after(place):
    split = load_file(place.root / "data/own/test.safetensors")
    mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
    table = pd.read_csv(place.root / "results/tv/scores.csv").set_index("criterion")
    folder = place.root / "results/tv/exports/half"
    prunable = json.loads((folder / "masked.json").read_text(encoding="utf-8"))["prunable"]
    for form, criterion, share in (("dense", "none", 0), ("masked", "wanda", 0.5)):
        state = load_file(folder / f"{form}.safetensors")
        zeros = sum(int((state[name] == 0).sum()) for name in prunable)
        assert zeros / sum(state[name].numel() for name in prunable) == pytest.approx(
            share, abs=1e-5
        )
        module = network_names.load(NAMED)().eval()
        module.load_state_dict(state)
        with torch.no_grad():
            log_p = module((split["images"] / 255 - mean) / std).log_softmax(1)
        nll = torch.nn.functional.nll_loss(log_p, split["labels"]).item()
        assert table.loc[criterion, "nll"] == pytest.approx(nll, rel=1e-4)
