"""A label is put together from what was measured and from which files."""

import hashlib
from pathlib import Path

import numpy as np

from prunescape.data import datasets
from prunescape.label import composing, losses
from tests.helpers.label import N, compared

SAID = {"run": "mine", "network": "net.py:Net", "fit": "given", "dataset": "own"}
GIVEN = SAID | {"origins": {"old.pt": "5" * 64}}


def split(path, name, images):
    part = np.zeros((images, 1, 2, 2), np.uint8), np.arange(images) % 4
    datasets.write(path, part, "own", name, "own", 4)
    return str(path)


def test_files_are_told_by_their_hashes_and_noise_by_its_cost(tmp_path):
    training = [split(tmp_path / f"{n}.safetensors", n, 30) for n in ("train", "validation")]
    bits = np.packbits(np.arange(N) % 10 != 0).tobytes().hex()
    noise = {"noise": "gaussian", "level": 0.2, "unpruned": [bits], "pruned": [bits]}
    measured = {"noise": [noise], "bytes": {}, "multiply_adds": {}, "latency": {}}
    label = composing.label(
        GIVEN, compared(), measured, training, training[0], [*training, *training]
    )
    assert label["images"]["calibration"] == 60
    assert label["images"]["repeated"] == 0
    [told] = label["measured"]["noise"]
    right = np.arange(N)[None] % 10 != 0
    assert told["unpruned"] == told["pruned"] == 0.9
    assert told["at_most"] == losses.loss(right, right).at_most
    assert list(label["files"].values()) == [
        "5" * 64,
        *(hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in training),
    ]
    assert "origins" not in label
    assert {key: label[key] for key in SAID} == SAID
    assert label["choices"] == compared()["choices"]


def test_a_network_that_nothing_may_be_taken_from(tmp_path):
    training = [split(tmp_path / "train.safetensors", "train", 30)]
    assert composing.label(GIVEN, compared(), {}, training, training[0], [])["measured"] == {}
