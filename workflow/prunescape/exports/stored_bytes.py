"""Bytes of a network on disk, for several ways of writing its weights (needs pyarrow)."""

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow

LEVEL = 19  # zstd's level; files that are shared are compressed once and read often
LARGE, FAST_LEVEL = 2**25, 3  # more bytes than that take minutes at LEVEL


def sizes(
    arrays: Mapping[str, np.ndarray], prunable: Collection[str]
) -> dict[str, tuple[int, int]]:
    """Return way of writing -> number of bytes, plain and compressed by zstd.

    Args:
        arrays: name -> tensor, float32; or of another kind of number, which is written as it is.
        prunable: names of the weights [out, in, ...] that may be pruned; all ways write the others,
            such as biases, in full.

    Returns:
        The ways are dense: all weights; csr: nonzero weights with their columns and the rows'
        beginnings, all in 32 bits; bit-mask: one bit a weight, and the nonzero weights. Networks
        of more than LARGE bytes are compressed at FAST_LEVEL, in all ways.
    """
    written = {"dense": b"", "csr": b"", "bit-mask": b""}
    for name, values in sorted(arrays.items()):
        whole = values.astype("<f4" if values.dtype.kind == "f" else values.dtype).tobytes()
        parts = {"dense": whole, "csr": whole, "bit-mask": whole}
        if name in prunable:
            rows = values.reshape(len(values), -1)
            filled = rows != 0
            beginnings = np.concatenate([[0], filled.sum(axis=1).cumsum()]).astype("<i4")
            nonzero = rows[filled].astype("<f4").tobytes()
            columns = np.nonzero(filled)[1].astype("<i4")
            parts["csr"] = beginnings.tobytes() + columns.tobytes() + nonzero
            parts["bit-mask"] = np.packbits(filled).tobytes() + nonzero
        for way, part in parts.items():
            written[way] += part
    codec = pyarrow.Codec(
        "zstd", compression_level=FAST_LEVEL if len(written["dense"]) > LARGE else LEVEL
    )
    return {way: (len(text), len(codec.compress(text))) for way, text in written.items()}
