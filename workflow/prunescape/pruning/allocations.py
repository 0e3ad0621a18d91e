"""How many weights each layer keeps of those that all may keep together: Erdos-Renyi, ERK, own.

A layer's density falls with its size: it is proportional to (in + out) / (in * out) in
`erdos_renyi` (Mocanu et al. 2018, arXiv 1707.04780, equation 1; of a convolution the channels
alone), and to the sum of all dimensions over their product in `erk`, which counts the kernel too
(Evci et al. 2020, arXiv 1911.11134, section 3.1). Layers that would get a density above 1 are dense
and the others share the rest, as in Evci's code (google-research/rigl). A user's function gives
densities up to a factor too.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor, inf, prod

from prunescape.foundations import plain_functions
from prunescape.foundations.choices import choose

PARAMETERS = ("shape", "number", "layers")
"""Of a user's function: the layer's weights [out, in, ...], its number from 1, and how many layers
there are in the scope."""


def kept(
    kind: str, shapes: Mapping[str, Sequence[int]], total: int, density: str = ""
) -> dict[str, int]:
    """Return how many weights every layer keeps; they add up to `total`.

    Shares are rounded by Webster's method. So a layer never keeps more when `total` is smaller,
    which the nested masks of a chain need; rounding to the largest remainders doesn't promise that.

    Args:
        kind: erdos_renyi, erk, or allocation.
        shapes: layer -> shape of its weights [out, in, ...].
        total: how many weights all layers keep together, at most all.
        density: of an allocation, path/to/file.py:function.

    Raises:
        ValueError: for a function that gives a layer no positive number.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    if density:
        parts = _own_parts(density, shapes)
    else:
        parts = {name: Fraction(_part(kind, shape)) for name, shape in shapes.items()}
    scale, free = _scale(parts, sizes, total)
    if not free:
        return sizes
    # Low enough that no more than `total` are given out before the rest is, one by one.
    low = max(scale - Fraction(len(parts), 2 * sum(parts[name] for name in free)), Fraction(0))
    found = {
        name: min(sizes[name], floor(low * part + Fraction(1, 2))) for name, part in parts.items()
    }
    for _ in range(total - sum(found.values())):
        open_layers = [name for name in parts if found[name] < sizes[name]]
        neediest = max(open_layers, key=lambda name: Fraction(parts[name], 2 * found[name] + 1))
        found[neediest] += 1
    return found


def _part(kind: str, shape: Sequence[int]) -> int:
    """Return a number to which a layer's kept weights are proportional: density times size."""
    channels, kernel = sum(shape[:2]), prod(shape[2:])
    return choose({"erdos_renyi": channels * kernel, "erk": sum(shape)}, kind, "scope")


def _own_parts(named: str, shapes: Mapping[str, Sequence[int]]) -> dict[str, Fraction]:
    """Return numbers to which layers' kept weights are proportional, by a user's function."""
    function, found = plain_functions.load(named, PARAMETERS), {}
    for number, (name, shape) in enumerate(shapes.items(), 1):
        density = function(tuple(shape), number, len(shapes))
        if not isinstance(density, int | float) or not 0 < density < inf:
            raise ValueError(
                f"{named}: found the density {density!r} of layer {name}; allowed: above 0, finite"
            )
        found[name] = Fraction(density) * prod(shape)
    return found


def _scale(
    parts: Mapping[str, Fraction], sizes: Mapping[str, int], total: int
) -> tuple[Fraction, list[str]]:
    """Return by what the parts of the layers that don't become dense are multiplied, and these."""
    free = list(parts)
    while free:
        dense = sum(size for name, size in sizes.items() if name not in free)
        scale = Fraction(total - dense, sum(parts[name] for name in free))
        highest = max(Fraction(parts[name], sizes[name]) for name in free)
        if highest * scale <= 1:
            return scale, free
        free = [name for name in free if Fraction(parts[name], sizes[name]) < highest]
    return Fraction(1), free
