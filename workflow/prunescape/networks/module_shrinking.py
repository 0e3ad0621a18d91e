"""Takes units out of a user's module, whose tensors get smaller (needs torch).

The module's code stays as it is: it is given smaller tensors. Only a convolution with as many
groups as channels has to be told how many are left.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from prunescape.foundations.files import Arrays
from prunescape.networks import coupled_units
from prunescape.networks.coupled_units import Units
from prunescape.networks.module_layers import ConvLayer, ModuleLayer
from prunescape.networks.module_network import ModuleNetwork


class Smaller(NamedTuple):
    """What is left of a module.

    Attributes:
        arrays: parameters and buffers by their names in the network.
        groups: path -> `groups` of the convolutions that have another number of them than before.
    """

    arrays: Arrays
    groups: dict[str, int]


def smaller(
    network: ModuleNetwork, arrays: Arrays, units: Sequence[Units], gone: Sequence[np.ndarray]
) -> Smaller:
    """Return what is left of a module without some of its units.

    Args:
        network: the module.
        arrays: parameters and buffers of one replicate by their names in the network.
        units: as from `module_units.found`.
        gone: for each of them, which ones are taken out: bool [size].
    """
    left = coupled_units.without(arrays, units, gone)
    groups = {
        layer.path: len(left[f"{layer.name}.weight"])
        for layer in network.weighted
        if is_depthwise(layer) and len(left[f"{layer.name}.weight"]) < layer.shape[0]
    }
    return Smaller(left, groups)


def is_depthwise(layer: ModuleLayer) -> bool:
    """Return whether a layer convolves every channel by itself: its outputs are its inputs."""
    return isinstance(layer, ConvLayer) and layer.groups == layer.shape[0] > 1 == layer.shape[1]


@torch.no_grad()
def logits(
    network: ModuleNetwork, module: nn.Module, left: Smaller, images: torch.Tensor
) -> torch.Tensor:
    """Return what a module computes with the tensors that are left, [N, classes].

    Args:
        network: the module.
        module: one made by `network.fresh`; it stays as it is.
        left: the tensors.
        images: scaled images [N, ...].
    """
    values = {network.paths[name]: torch.as_tensor(value) for name, value in left.arrays.items()}
    with _grouped(module, left.groups), network.slowly():
        found: torch.Tensor = torch.func.functional_call(module, values, (images,))
    return found


@contextlib.contextmanager
def _grouped(module: nn.Module, groups: Mapping[str, int]) -> Iterator[None]:
    """Give convolutions another number of groups for a while."""
    before = {}
    for path, number in groups.items():
        convolution: Any = module.get_submodule(path)
        before[convolution] = convolution.groups
        convolution.groups = number
    try:
        yield
    finally:
        for convolution, number in before.items():
            convolution.groups = number
