"""Images of which a job's memory holds only what it uses at a time: from files to rows."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from prunescape.foundations import files, scratch
from tests.helpers.places import WORKFLOW

pytestmark = pytest.mark.slow

COUNT, TESTED, IMAGE = 130_000, 30_000, (32, 32, 3)
BOTH = ["train", "validation"]
# Of memory of their own, which maps of files aren't; 190 MB are Python's and torch's.
ALLOWED = 370_000_000
NETWORK = [{"kind": "linear", "units": 4}, {"kind": "relu"}, {"kind": "linear", "units": 5}]
FIT = {
    "objective": {"kind": "likelihood"},
    "scaling": "unit",
    "dtype": "float32",
    "initial_weights": {"distribution": "torch_default"},
    "optimiser": {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    "batch_size": 1000,
    "epochs": 1,
}
MODEL = {"study": "s", "dataset": "large", "network": "n", "fit": "f"}
ARM = {
    "criterion": "none",
    "scope": "global",
    "within": ["global"],
    "selection": "exact_k",
    "schedule": "none",
    "effects": ["none"],
    "points": [[0, "0"]],
}
CONDITIONS = [["none", "0"], ["gaussian", "0.2"], ["salt_pepper", "0.3"]]


@pytest.fixture
def folder(tmp_path):
    """A folder, in shared memory where there is enough: a slow disk takes minutes."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > 3 << 30
    with tempfile.TemporaryDirectory(dir=shared if roomy else tmp_path) as made:
        yield Path(made)


def write_images(folder):
    """Write arrays of which nothing can be read as a whole: more than `ALLOWED` bytes."""
    generator = np.random.default_rng(1)
    mapped = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (COUNT, *IMAGE))
    assert mapped.nbytes > ALLOWED
    for first in range(0, COUNT, 1000):
        mapped[first : first + 1000] = generator.integers(0, 256, (1000, *IMAGE), np.uint8)
    np.save(folder / "labels.npy", generator.integers(0, 5, COUNT))
    return mapped


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (ALLOWED, ALLOWED))


def run(folder, name, **arguments):
    """Run a script in little memory."""
    command = [sys.executable, str(WORKFLOW / "scripts" / f"{name}.py")]
    for key, value in arguments.items():
        values = value if isinstance(value, list) else [value]
        texts = [json.dumps(each) if isinstance(each, dict) else str(each) for each in values]
        command += [f"--{key.replace('_', '-')}", *texts]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder)},
        preexec_fn=limit_memory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def prepare(folder):
    """Divide the images, and check that every one is somewhere."""
    mapped, parts = write_images(folder), [*BOTH, "test"]
    outputs = {f"{part}_output": f"{part}.safetensors" for part in parts}
    how = {"dataset": "large", "source": "large", "own": "images.npy", "test": TESTED, "seed": 1}
    run(folder, "prepare", **how, **outputs)
    found = [files.map_tensors(folder / f"{part}.safetensors")[0]["images"] for part in parts]
    assert scratch.large(found[0].nbytes + found[1].nbytes)
    assert scratch.large(4 * found[2].nbytes)
    assert sum(map(len, found)) == COUNT
    assert sum(int(part[:, 0, 0, 0].sum()) for part in found) == int(mapped[:, 0, 0, 0].sum())


def test_a_set_larger_than_the_memory_goes_through(folder):
    prepare(folder)
    images = {"images": [f"{part}.safetensors" for part in BOTH]}
    of_fit, checkpoint = {"seed": 1, "study": "s", "fit": FIT}, {"checkpoint": "fit.safetensors"}
    network, replicates = json.dumps(NETWORK), [1, 2]
    made = {"network": network, "replicates": replicates, "output": "fit.safetensors"}
    run(folder, "train", **images, **of_fit, **made)
    run(folder, "measure", **images, **checkpoint, output="moments.safetensors")
    asked = {"moments": "moments.safetensors", "criteria": ["wanda", "gradient_magnitude"]}
    run(folder, "score", **images, **of_fit, **checkpoint, **asked, output="scores.safetensors")
    scores, _ = files.read_tensors(folder / "scores.safetensors")
    assert all(np.isfinite(values).all() for values in scores.values())

    arm = {"arm": ARM, "conditions": json.dumps([CONDITIONS]), "model": MODEL, "seed": 1}
    written = {"output": "rows.json", "outcomes_output": "outcomes.safetensors"}
    run(folder, "evaluate", images="test.safetensors", **checkpoint, **arm, **written)
    rows = files.read_json(folder / "rows.json")["rows"]
    assert [row["noise"] for row in rows] == [kind for kind, _ in CONDITIONS for _ in replicates]
    assert {row["n_images"] for row in rows} == {TESTED}
    assert all(0.15 < row["accuracy"] < 0.25 for row in rows)
