"""The rise of levels of docs/extending.md."""

import math


def cosine(share):
    """Prune slowly at first and in the end, fastest in between."""
    return (1 - math.cos(math.pi * share)) / 2
