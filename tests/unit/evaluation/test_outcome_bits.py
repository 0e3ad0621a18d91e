import re

import numpy as np
import pytest

from prunescape.evaluation import outcome_bits
from prunescape.foundations import files

N = 21  # images: three bytes, the last of them not full
HASHES = {"test": "abc"}


def test_files_of_outcomes_are_the_same_bytes_and_checked(tmp_path):
    path, again = tmp_path / "outcomes.safetensors", tmp_path / "again.safetensors"
    correct = np.random.default_rng(0).random((4, N)) < 0.7
    packed = [bits.tobytes() for bits in np.packbits(correct, axis=1)]
    outcome_bits.write(path, packed, N, HASHES)
    found = outcome_bits.read(path)
    assert (np.unpackbits(found.bits, axis=1, count=N).view(bool) == correct).all()
    assert (found.n_images, found.evaluated_on) == (N, HASHES)
    outcome_bits.write(again, [bits.tobytes() for bits in found.bits], N, HASHES)
    assert again.read_bytes() == path.read_bytes()
    outcome_bits.write(again, [], N, HASHES)  # every replicate diverged
    assert outcome_bits.read(again).bits.shape == (0, 3)
    files.write_tensors(again, {"correct": found.bits}, {"n_images": 99, "evaluated_on": {}})
    with pytest.raises(ValueError, match=re.escape(f"{again}: not a file of outcomes")):
        outcome_bits.read(again)
