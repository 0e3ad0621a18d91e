"""Bytes of a network, dense and sparse."""

import numpy as np

from prunescape.exports import storage


def test_bytes_by_hand():
    weight = np.zeros((3, 10), "f4")
    weight[0, 3] = weight[2, 9] = 1.5
    found = storage.sizes({"1.weight": weight, "1.bias": np.ones(3, "f4")})
    # 4 bytes a number; csr: 4 beginnings and 2 columns; bit-mask: 30 bits.
    plain = {way: size for way, (size, _) in found.items()}
    assert plain == {"dense": 132, "csr": 16 + 8 + 8 + 12, "bit-mask": 4 + 8 + 12}
    assert found["dense"][1] < 132
