"""Sparse weights: every unit sees only some of its inputs, from the first step to the last.

In a layer with `nonzero: share` all units (filters, in a convolution) have the same number of
inputs, levels.rounded(share, inputs), drawn separately for every unit (Ahmad & Scheinkman 2019,
arXiv 1903.11257). All other weights are zero and stay zero. Replicates have different draws; all
networks of a study in which the layer has the same name and shape have the same one.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from prunescape.foundations import levels, streams
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Weighted


def masks(
    network: ReplicatedNetwork, root: tuple[int | str, ...], replicates: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return which weights may differ from zero.

    Args:
        network: the network of the members.
        root: first parts of all stream names: the run's seed and the study.
        replicates: numbers of the members.

    Returns:
        Layer -> boolean [R, out, in, ...], True = may differ from zero; dense layers are left out.

    Raises:
        ValueError: if a share leaves a unit without inputs.
    """
    return {
        layer.name: np.stack([_mask(layer, root, replicate) for replicate in replicates])
        for layer in network.weighted
        if layer.nonzero < 1
    }


def nonzero(layer: Weighted) -> int:
    """Return how many inputs of a unit may have a weight; ValueError if that is none."""
    inputs = int(np.prod(layer.shape[1:]))
    count = levels.rounded(Fraction(str(layer.nonzero)), inputs)
    if count < 1:
        raise ValueError(
            f"networks: nonzero: {layer.nonzero} leaves the units of layer {layer.name} none of "
            f"their {inputs} inputs"
        )
    return count


def _mask(layer: Weighted, root: tuple[int | str, ...], replicate: int) -> np.ndarray:
    units, inputs, count = layer.shape[0], int(np.prod(layer.shape[1:])), nonzero(layer)
    stream = streams.generator(*root, "sparse weights", replicate, layer.name)
    chosen = stream.random((units, inputs)).argpartition(count - 1, axis=1)[:, :count]
    mask = np.zeros((units, inputs), dtype=bool)
    np.put_along_axis(mask, chosen, True, axis=1)
    return mask.reshape(layer.shape)
