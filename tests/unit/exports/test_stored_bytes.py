"""Bytes of a network, dense and sparse."""

import numpy as np
import pyarrow

from prunescape.exports import stored_bytes


def test_bytes_by_hand():
    weight = np.zeros((3, 10), "f4")
    weight[0, 3] = weight[2, 9] = 1.5
    found = stored_bytes.sizes({"1.weight": weight, "1.bias": np.ones(3, "f4")}, ["1.weight"])
    # 4 bytes a number; csr: 4 beginnings and 2 columns; bit-mask: 30 bits.
    plain = {way: size for way, (size, _) in found.items()}
    assert plain == {"dense": 132, "csr": 16 + 8 + 8 + 12, "bit-mask": 4 + 8 + 12}
    assert found["dense"][1] < 132


def test_what_is_not_prunable_is_written_in_full_and_integers_as_they_are():
    arrays = {"norm.weight": np.zeros(5, "f4"), "norm.num_batches_tracked": np.array(7)}
    found = stored_bytes.sizes(arrays, ["conv.weight"])
    assert {size for size, _ in found.values()} == {5 * 4 + 8}


def test_large_networks_are_compressed_fast_in_all_ways(monkeypatch):
    weight = np.random.default_rng(1).integers(0, 9, (40, 50)).astype("f4")
    monkeypatch.setattr(stored_bytes, "LARGE", weight.nbytes)
    slow = stored_bytes.sizes({"1.weight": weight}, ["1.weight"])
    monkeypatch.setattr(stored_bytes, "LARGE", weight.nbytes - 1)
    fast = stored_bytes.sizes({"1.weight": weight}, ["1.weight"])
    codec = pyarrow.Codec("zstd", compression_level=stored_bytes.FAST_LEVEL)
    assert fast["dense"][1] == len(codec.compress(weight.tobytes()))
    assert all(fast[way][0] == slow[way][0] for way in slow)
    assert fast["csr"][1] != slow["csr"][1]
