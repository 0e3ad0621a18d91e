"""Groups of neighbouring weights: n of every m inputs, and blocks of outputs and inputs.

A layer's scores or masks are [out, in] or [out, in, height, width], of one member. Groups lie along
the inputs of a linear layer and along the input channels of a convolution, at each position of its
kernel alone. What is left over at the end of a row or a column is a smaller group.
"""

from collections.abc import Sequence

import numpy as np

Pair = tuple[int, int]


def keep_n_of_m(scores: np.ndarray, pattern: Pair, lot: np.ndarray) -> np.ndarray:
    """Keep the n highest of every m scores along the inputs (Zhou et al. 2021, arXiv 2102.04010).

    Args:
        scores: [out, in, ...]; -inf for what is to go first.
        pattern: n and m. A group of fewer than m at the end of a row keeps n of them, or all if it
            has no more: hardware fills such a row up with zeros, which count among the m - n.
        lot: numbers of the scores' shape that break ties: of equal scores, the lowest lot goes.

    Returns:
        Boolean mask of the scores' shape, True = keep.
    """
    n, m = pattern
    rows, lots = np.moveaxis(scores, 1, -1), np.moveaxis(lot, 1, -1)
    kept = np.ones(rows.shape, dtype=bool)
    for first in range(0, rows.shape[-1], m):
        group = slice(first, first + m)
        order = np.lexsort((lots[..., group], rows[..., group]), axis=-1)
        lowest = order[..., : max(order.shape[-1] - n, 0)]
        np.put_along_axis(kept[..., group], lowest, False, axis=-1)
    return np.moveaxis(kept, -1, 1)


def block_strengths(scores: np.ndarray, shape: Pair) -> np.ndarray:
    """Return the root mean square of every block's scores: [blocks of outputs, of inputs, ...].

    Blocks of one size have the order of their L2 norms; smaller ones at the border, which are
    compared with larger ones, are not weaker for being small. Scores of -inf, which an earlier mask
    removed, count 0, and a block of them alone is -inf.

    Args:
        scores: [out, in, ...].
        shape: how many outputs and inputs a block spans.
    """
    gone = np.isneginf(scores)
    squares = np.where(gone, 0.0, scores.astype(np.float64) ** 2)
    sizes = _summed(np.ones(scores.shape, dtype=np.int64), shape)
    strengths: np.ndarray = np.sqrt(_summed(squares, shape) / sizes)
    strengths[_summed(gone.astype(np.int64), shape) == sizes] = -np.inf
    return strengths


def spread(blocks: np.ndarray, shape: Pair, outputs: int, inputs: int) -> np.ndarray:
    """Return a mask of weights [outputs, inputs, ...] from one of blocks of `shape`."""
    wide = blocks.repeat(shape[0], axis=0).repeat(shape[1], axis=1)
    return wide[:outputs, :inputs]


def counted(mask: np.ndarray, kind: str, group: Pair) -> tuple[int, int, int]:
    """Count a mask's groups: those that break the pattern, those that keep a weight, and all.

    Args:
        mask: boolean [out, in, ...], True = keep.
        kind: n_m, of which a group of s weights must keep the lesser of n and s; or block, which
            must keep all of its weights or none.
        group: n and m, or the block's outputs and inputs.
    """
    shape = (1, group[1]) if kind == "n_m" else group
    kept = _summed(mask.astype(np.int64), shape)
    sizes = _summed(np.ones(mask.shape, dtype=np.int64), shape)
    sound = kept == np.minimum(sizes, group[0])
    if kind == "block":
        sound = (kept == 0) | (kept == sizes)
    return int((~sound).sum()), int((kept > 0).sum()), kept.size


def leftover(shape: Sequence[int], kind: str, group: Sequence[int]) -> str:
    """Say what is left over where groups don't fill a layer; "" if they do.

    `shape` is the layer's [out, in, ...].
    """
    inputs, rest = shape[1], shape[1] % group[1]
    if kind == "n_m":
        kept = min(rest, group[0])
        wide = f"of each {inputs} inputs the last {rest} are a group that keeps {kept}"
        return wide if rest else ""
    lower = shape[0] % group[0]
    sides = [f"{lower} outputs"] * bool(lower) + [f"{rest} inputs"] * bool(rest)
    return f"blocks at the border have {' and '.join(sides)}" if sides else ""


def _summed(values: np.ndarray, shape: Pair) -> np.ndarray:
    """Return the sums over blocks of `shape`; those at the border may be smaller."""
    for axis, step in enumerate(shape):
        values = np.add.reduceat(values, np.arange(0, values.shape[axis], step), axis=axis)
    return values
