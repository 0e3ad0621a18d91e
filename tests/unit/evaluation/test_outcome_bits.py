import re

import numpy as np
import pytest

from prunescape.evaluation import calibration, outcome_bits
from prunescape.foundations import files

N = 21  # images: three bytes, the last of them not full
HASHES = {"test": "abc"}


def test_files_of_outcomes_are_the_same_bytes_and_checked(tmp_path):
    path, again = tmp_path / "outcomes.safetensors", tmp_path / "again.safetensors"
    correct = np.random.default_rng(0).random((4, N)) < 0.7
    packed = [bits.tobytes() for bits in np.packbits(correct, axis=1)]
    bins = calibration.binned(np.random.default_rng(1).random((4, N)), correct)
    outcome_bits.write(path, packed, bins.tolist(), N, HASHES)
    found = outcome_bits.read(path)
    assert (np.unpackbits(found.bits, axis=1, count=N).view(bool) == correct).all()
    assert (found.bins == bins).all()
    assert (found.n_images, found.evaluated_on) == (N, HASHES)
    outcome_bits.write(again, [bits.tobytes() for bits in found.bits], found.bins, N, HASHES)
    assert again.read_bytes() == path.read_bytes()
    outcome_bits.write(again, [], [], N, HASHES)  # every replicate diverged
    none = outcome_bits.read(again)
    assert (none.bits.shape, none.bins.shape) == ((0, 3), (0, 3, 15))


@pytest.mark.parametrize(
    ("change", "n_images"),
    [({}, 99), ({"bins": np.zeros((4, 3, 14))}, N), ({"bins": np.zeros((3, 3, 15))}, N)],
)
def test_other_files_are_refused(change, n_images, tmp_path):
    path = tmp_path / "outcomes.safetensors"
    arrays = {"correct": np.zeros((4, 3), np.uint8), "bins": np.zeros((4, 3, 15))}
    files.write_tensors(path, arrays, {"n_images": N, "evaluated_on": HASHES})
    assert outcome_bits.read(path).n_images == N
    files.write_tensors(path, arrays | change, {"n_images": n_images, "evaluated_on": HASHES})
    with pytest.raises(ValueError, match=re.escape(f"{path}: not a file of outcomes")):
        outcome_bits.read(path)
