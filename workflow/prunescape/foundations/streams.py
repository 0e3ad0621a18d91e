"""Named random streams: a stream's name decides its random numbers.

A name is the run's seed and a path of words and numbers, for example
(seed, "graves", "batches", replicate, epoch). The order of calls plays no part, so the arms of a
study share batch order, initial weights and noise, and a replicate's numbers don't depend on how
many others are computed beside it.
"""

import hashlib

import numpy as np

Name = tuple[int | str, ...]


def key(*name: int | str) -> int:
    """Return the 128-bit key of the stream called `name`: a hash of its parts."""
    # The length prefix keeps ("ab", "c") and ("a", "bc") apart, the type ("1",) and (1,).
    text = "".join(f"{type(part).__name__}{len(str(part))}:{part};" for part in name)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def generator(*name: int | str) -> np.random.Generator:
    """Return numpy's generator (Philox, counter based) at the start of the stream `name`."""
    return np.random.Generator(np.random.Philox(key=key(*name)))


def seed(*name: int | str) -> int:
    """Return a non-negative 63-bit seed for generators that take one number, such as torch's."""
    return key(*name) >> 65
