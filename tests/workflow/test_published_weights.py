"""Weights that torchvision publishes, named in a config: downloaded once, verified, imported."""

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from prunescape.foundations import network_names
from tests.helpers import publishing, servers
from tests.helpers.workplace import Done, Workplace, counts, jobs

pytestmark = pytest.mark.slow

NAMED = "torchvision:squeezenet1_1"
FILE = "data/torchvision-weights/squeezenet1_1.safetensors"
CHECKPOINT = "results/tv/tv/own/model/given/r1-1/import_weights/checkpoint.safetensors"
GIVEN = {"kind": "given", "networks": ["model"], "weights": [NAMED], "scaling": "unit"}
CONFIG = {
    "version": 3,
    "run": "tv",
    "studies": ["tv"],
    "sources": {"own": ["file:images.npz"]},
    "datasets": {"own": {"source": "own", "seed": 1, "test": "rest", "train": 1000}},
    "networks": {"model": NAMED},
    "catalogue": {"tv": {"dataset": "own", "fits": {"given": GIVEN}, "arms": [], "figures": []}},
}


def point(place: Workplace, address: str) -> None:
    """Put an address on this machine in place of torchvision's."""
    text = f"def _address(_: str) -> str:\n    return {address!r}"
    place.append("workflow/prunescape/data/published_weights.py", text)


def imported(place: Workplace, *arguments: str) -> Done:
    """Import the weights, and do what that needs."""
    return place.snakemake(CHECKPOINT, "--configfile", "tv.yaml", *arguments)


def test_published_weights_are_downloaded_once_and_are_the_networks(fresh):
    images = np.random.default_rng(1).integers(0, 256, (1500, 32, 32, 3), dtype=np.uint8)
    np.savez(fresh.root / "images.npz", images=images, labels=np.arange(1500) % 1000)
    (fresh.root / "tv.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    torch.manual_seed(1)
    state = network_names.load(NAMED)().state_dict()
    name, content = publishing.file(state)

    point(fresh, f"http://127.0.0.1:9/{name}")
    done = imported(fresh)
    assert done.status != 0
    [line] = [line for line in done.output.splitlines() if line.startswith("failed: ")]
    assert f"fetch_weights.py: http://127.0.0.1:9/{name}: " in line
    assert f"`python tools/convert.py {NAMED} NEW.safetensors` makes a file" in line
    assert not (fresh.root / FILE).exists()

    with servers.running({name: content}) as server:
        point(fresh, f"{server.address('good')}{name}")
        done = imported(fresh)
        assert done.status == 0, done.output
        assert len(server.asked) == 1
    assert {path.name for path in (fresh.root / FILE).parent.glob("*.*")} == {
        "squeezenet1_1.safetensors"
    }
    arrays = load_file(fresh.root / CHECKPOINT)
    network = network_names.load(NAMED)()
    assert sum(value.numel() for value in network.parameters()) == sum(
        arrays[each].numel() for each in arrays if each.partition(".")[0].isdigit()
    )
    torch.testing.assert_close(arrays["1.weight"][0], state["features.0.weight"], rtol=0, atol=0)
    assert counts(jobs(imported(fresh, "--dry-run").output)) == {}
