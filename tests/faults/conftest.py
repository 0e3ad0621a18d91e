"""An undisturbed run with a job of every rule, made once for all tests and all workers."""

import shutil
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import save_file

from tests.faults.network import network
from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, EVERY_RULE, LIMIT, Job, Workplace, jobs

NETWORK = "tests/faults/network.py"


@pytest.fixture(scope="session")
def source(shared: Path) -> Workplace:
    """The workflow as it was when the tests began, with a config that has a job of every rule."""
    root = shared / "source"
    with FileLock(shared / "source.lock", timeout=LIMIT):
        if root.exists():
            return Workplace(root)
        place = Workplace.fresh(root)
        for name in (EVERY_RULE, NETWORK):
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
        for seed, name in enumerate(("one", "two")):
            torch.manual_seed(seed)
            save_file(network().state_dict(), root / f"tests/faults/{name}.safetensors")
        return place


@pytest.fixture(scope="session")
def planned(source: Workplace) -> list[Job]:
    """All jobs of a run."""
    done = source.snakemake("--dry-run", "--configfile", CONFIG, EVERY_RULE)
    assert done.status == 0, done.output
    return jobs(done.output)


@pytest.fixture(scope="session")
def reference(shared: Path, source: Workplace) -> Workplace:
    """An undisturbed run."""
    root = shared / "reference"
    with FileLock(shared / "reference.lock", timeout=LIMIT):
        if not (root / "done").exists():
            done = source.copy(root).make(f"CONFIG={CONFIG} {EVERY_RULE}", "run")
            assert done.status == 0, done.output
            (root / "done").touch()
    return Workplace(root)
