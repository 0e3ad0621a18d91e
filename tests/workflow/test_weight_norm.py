"""Networks under torch's weight_norm, old and new, from weights to the table and out again."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch.nn.utils import parametrize, remove_weight_norm

from tests.helpers.workplace import Workplace

# One worker makes the run that all these tests look at.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("weight_norm"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # torch's of the old one
]

NETWORK = """
from torch import nn
from torch.nn.utils import parametrizations, weight_norm


class Net(nn.Module):
    def __init__(self, normed=lambda layer: layer):
        super().__init__()
        self.conv = normed(nn.Conv2d(1, 4, 3))
        self.last = normed(nn.Linear(144, 10))

    def forward(self, images):
        return self.last(self.conv(images).relu().flatten(1))


def old():
    return Net(weight_norm)


def new():
    return Net(parametrizations.weight_norm)
"""
FORMS = ("old", "new")
POINT = {"scope": "global", "effect": "zero", "schedule": "oneshot", "level": "0.50"}
CRITERIA = ["magnitude", "taylor"]
ARM = {"fits": [*FORMS], "scopes": ["global"], "selection": "exact_k", "effects": ["zero"]}
ARM |= {"criteria": CRITERIA, "schedules": ["oneshot"], "levels": ["0.50"]}
CONFIG = {
    "version": 3,
    "run": "wn",
    "studies": ["wn"],
    "sources": {"own": ["file:images.npz"]},
    "datasets": {"own": {"source": "own", "seed": 1, "test": "rest", "train": 10}},
    "networks": {form: f"net.py:{form}" for form in FORMS},
    "catalogue": {
        "wn": {
            "dataset": "own",
            "fits": {
                form: {
                    "kind": "given",
                    "networks": [form],
                    "weights": [f"{form}.safetensors"],
                    "scaling": "unit",
                }
                for form in FORMS
            },
            "arms": [ARM],
            "figures": [],
        }
    },
    "exports": {
        form: POINT
        | {"study": "wn", "network": form, "fit": form, "criterion": "taylor", "replicate": 1}
        for form in FORMS
    },
}


def code(place):
    """Return the user's module with the networks."""
    spec = importlib.util.spec_from_file_location("net_under_weight_norm", place.root / "net.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def user_network(place, form):
    """Return the user's own network with its weights, under weight_norm."""
    module = getattr(code(place), form)()
    module.load_state_dict(load_file(place.root / f"{form}.safetensors"))
    return module.eval()


@pytest.fixture(scope="module")
def place(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A finished run of one network in both forms, with other lengths than it starts with."""
    made = source.copy(tmp_path_factory.mktemp("wn") / "place")
    (made.root / "net.py").write_text(NETWORK, encoding="utf-8")
    torch.manual_seed(1)
    module = code(made).old()
    state = {name: value.clone() for name, value in module.state_dict().items()}
    state |= {n: v * (0.5 + torch.rand_like(v)) for n, v in state.items() if n.endswith("_g")}
    save_file(state, made.root / "old.safetensors")
    called = {"weight_g": "parametrizations.weight.original0"}
    called |= {"weight_v": "parametrizations.weight.original1"}
    renamed = {}
    for name, value in state.items():
        layer, own = name.split(".")
        renamed[f"{layer}.{called.get(own, own)}"] = value
    save_file(renamed, made.root / "new.safetensors")
    images = np.random.default_rng(1).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(made.root / "images.npz", images=images, labels=np.arange(60) % 10)
    (made.root / "wn.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    done = made.snakemake("--configfile", "wn.yaml")
    assert done.status == 0, done.output
    return made


def test_the_run_says_what_was_multiplied(place):
    for form in FORMS:
        logs = place.root / f"results/wn/logs/wn/own/{form}/{form}"
        checked = (logs / "check/network.log").read_text(encoding="utf-8")
        assert "plain weights in place of weight_norm: conv, last" in checked
        read = (logs / "r1-1/import_weights/checkpoint.log").read_text(encoding="utf-8")
        assert "weight_norm's lengths and directions are multiplied: conv.weight, last" in read


def test_both_forms_are_one_network_that_plain_pytorch_measures_alike(place):
    split = load_file(place.root / "data/own/test.safetensors")
    table = pd.read_csv(place.root / "results/wn/scores.csv").set_index(["network", "criterion"])
    for form in FORMS:
        with torch.no_grad():
            log_p = user_network(place, form)(split["images"] / 255).log_softmax(1)
        nll = torch.nn.functional.nll_loss(log_p, split["labels"]).item()
        assert table.loc[(form, "none"), "nll"] == pytest.approx(nll, rel=1e-4)
        for criterion in CRITERIA:
            row = table.loc[(form, criterion)]
            assert row["kept_weights"] == (36 + 1440) // 2
            assert row["nll"] == pytest.approx(table.loc[("old", criterion), "nll"], rel=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_an_export_has_plain_weights_for_a_network_without_weight_norm(place, form):
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    dense, masked = (
        load_file(place.root / f"results/wn/exports/{form}/{each}.safetensors")
        for each in ("dense", "masked")
    )
    with torch.no_grad():
        expected = user_network(place, form)(images)
        plain = code(place).Net().eval()
        plain.load_state_dict(dense)
        torch.testing.assert_close(plain(images), expected, rtol=0, atol=1e-5)
        plain.load_state_dict(masked)
        assert sum(int((plain.get_parameter(f"{n}.weight") == 0).sum()) for n in ("conv", "last"))
        pruned = plain(images)
        # The user's own module takes it once weight_norm is off, and not before.
        own = user_network(place, form)
        with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "conv.weight"'):
            own.load_state_dict(masked)
        for layer in (own.conv, own.last):
            if form == "old":
                remove_weight_norm(layer)
            else:
                parametrize.remove_parametrizations(layer, "weight")
        own.load_state_dict(masked)
        torch.testing.assert_close(own(images), pruned, rtol=0, atol=1e-5)
