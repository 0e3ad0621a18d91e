"""Models of torchvision go from files of weights to the table and out again.

Two as they are; four of torchvision's own parts, but with fewer and narrower layers, since 7 to 129
million weights would take minutes.
"""

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

NARROW = """
from prunescape.foundations import torchvision_hook

torchvision_hook.install()

from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlockConfig


def vgg11_bn():
    features = models.vgg.make_layers([32, "M", 64, "M", 128, "M"], batch_norm=True)
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def vit():
    return models.VisionTransformer(64, 16, 2, 4, 64, 256, num_classes=10)


def convnext():
    blocks = [CNBlockConfig(32, 64, 2), CNBlockConfig(64, None, 1)]
    return models.ConvNeXt(blocks, 0.1, num_classes=10)


def densenet():
    return models.DenseNet(16, (2, 2), 32, num_classes=10)
"""
NETWORKS = {
    "resnet18": "torchvision:resnet18(num_classes=10)",
    "mobilenet_v2": "torchvision:mobilenet_v2(num_classes=10)",
    "densenet": "narrow.py:densenet",
    "convnext": "narrow.py:convnext",
    "vgg11_bn": "narrow.py:vgg11_bn",
    "vit": "narrow.py:vit",
}
CRITERIA = {
    "resnet18": ["lamp"],
    "mobilenet_v2": ["wanda"],
    "densenet": ["taylor"],
    "convnext": ["random"],
    "vgg11_bn": ["obd_empirical"],
    "vit": ["obd", "wanda"],
}
"""Together with UNITS the criteria by which networks of all kinds are ranked."""
UNITS = {"scopes": ["inner"], "criteria": ["magnitude"], "fits": ["resnet18"]}
"""Whole units of all layers but one, whose residual sum then stays."""
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
ARM = {"scopes": ["global"], "selection": "exact_k", "effects": ["zero"]}
ARM |= {"schedules": ["oneshot"], "levels": ["0.50"]}
POINT = {"study": "tv", "scope": "global", "effect": "zero", "schedule": "oneshot", "level": "0.50"}
CONFIG = {
    "version": 3,
    "run": "tv",
    "studies": ["tv"],
    "sources": {"own": ["file:images.npz"]},
    "datasets": {"own": {"source": "own", "seed": 1, "test": "rest", "train": 10}},
    "networks": NETWORKS,
    "catalogue": {
        "tv": {
            "dataset": "own",
            "scopes": {"inner": {"kind": "neuron", "except": ["conv1"]}},
            "fits": {
                name: {
                    "kind": "given",
                    "networks": [name],
                    "weights": [f"{name}.safetensors"],
                    "scaling": {"mean": MEAN, "std": STD},
                }
                for name in NETWORKS
            },
            "arms": [
                *(ARM | {"fits": [name], "criteria": each} for name, each in CRITERIA.items()),
                ARM | UNITS,
            ],
            "figures": [],
        }
    },
    "exports": {
        name: POINT | {"network": name, "fit": name, "criterion": each[-1], "replicate": 1}
        for name, each in CRITERIA.items()
    },
}
CONFIG["exports"]["units"] = CONFIG["exports"]["resnet18"] | {
    "scope": "inner",
    "criterion": "magnitude",
}
TARGETS = [
    "results/tv/scores.csv",
    *(f"results/tv/exports/{name}/export.json" for name in CONFIG["exports"]),
]
"""Without latencies, which would take as long as all else."""


def made(place, name):
    """Return a new module."""
    named = NETWORKS[name]
    own = "" if named.startswith("torchvision:") else f"{place.root}/"
    return network_names.load(f"{own}{named}")()


def weights(place, name, images):
    """Return new weights, with running statistics without which logits would be all alike."""
    torch.manual_seed(1)
    module = made(place, name).train()
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        module(images.permute(0, 3, 1, 2) / 255)
    state = module.state_dict()
    if name == "vit":  # whose last layer starts at 0
        state["heads.head.weight"] = torch.randn_like(state["heads.head.weight"])
    return state


@pytest.fixture(scope="module")
def place(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A finished run."""
    made_up = source.copy(tmp_path_factory.mktemp("tv") / "place")
    (made_up.root / "narrow.py").write_text(NARROW, encoding="utf-8")
    images = np.random.default_rng(1).integers(0, 256, (14, 64, 64, 3), dtype=np.uint8)
    for name in NETWORKS:
        state = weights(made_up, name, torch.from_numpy(images))
        save_file(state, made_up.root / f"{name}.safetensors")
    np.savez(made_up.root / "images.npz", images=images, labels=np.arange(14) % 10)
    (made_up.root / "tv.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    done = made_up.snakemake(*TARGETS, "--configfile", "tv.yaml")
    assert done.status == 0, done.output
    return made_up


def rows(place, name):
    """Return the rows of a network, by scope and criterion."""
    table = pd.read_csv(place.root / "results/tv/scores.csv", keep_default_na=False)
    return table[table["network"] == name].set_index(["scope", "criterion"])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_criterion_prunes_half_of_its_weights(place, name):
    table = rows(place, name)
    assert set(table["n_images"]) == {4}
    found = table.loc["global"]
    assert sorted(found.index) == sorted(CRITERIA[name])
    assert (found["kept_weights"] * 2 - found["total_weights"]).abs().max() <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_plain_pytorch_finds_the_loss_before_and_after(place, name):
    split = load_file(place.root / "data/own/test.safetensors")
    mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
    table, folder = rows(place, name), place.root / "results/tv/exports" / name
    prunable = json.loads((folder / "masked.json").read_text(encoding="utf-8"))["prunable"]
    pruned = "global", CRITERIA[name][-1]
    for form, row, share in (("dense", ("none", "none"), 0), ("masked", pruned, 0.5)):
        state = load_file(folder / f"{form}.safetensors")
        zeros = sum(int((state[each] == 0).sum()) for each in prunable)
        whole = sum(state[each].numel() for each in prunable)
        assert zeros / whole == pytest.approx(share, abs=1e-5)
        module = made(place, name).eval()
        module.load_state_dict(state)
        with torch.no_grad():
            log_p = module((split["images"] / 255 - mean) / std).log_softmax(1)
        nll = torch.nn.functional.nll_loss(log_p, split["labels"]).item()
        assert table.loc[row, "nll"] == pytest.approx(nll, rel=1e-4)


def test_units_outside_of_a_residual_sum_go_as_a_whole(place):
    folder = place.root / "results/tv/exports/units"
    whole, smaller = (load_file(folder / f"{each}.safetensors") for each in ("dense", "compact"))
    shapes = {name: list(value.shape) for name, value in smaller.items()}
    assert shapes["conv1.weight"] == [64, 3, 7, 7]
    assert shapes["layer1.0.conv1.weight"] == [32, 64, 3, 3]  # reads the sum that stays
    assert shapes["layer1.0.conv2.weight"] == [64, 32, 3, 3]
    assert shapes["layer2.0.downsample.0.weight"] == [64, 64, 1, 1]
    assert shapes["fc.weight"] == [10, 256]
    masks = load_file(folder / "masked.safetensors")
    assert torch.equal(masks["conv1.weight"], whole["conv1.weight"])
    log = (place.root / "results/tv/logs/tv/own/resnet18/resnet18/check/network.log").read_text()
    assert "scope inner: 64 units of layer1.0.conv1\n" in log
    row = rows(place, "resnet18").loc[("inner", "magnitude")]
    kept = json.loads((folder / "masked.json").read_text(encoding="utf-8"))["prunable"]
    assert row["kept_weights"] == sum(smaller[name].numel() for name in kept)
