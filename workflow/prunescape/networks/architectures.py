"""The network that an entry of `networks` in the config stands for (needs torch)."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from prunescape.foundations.choices import choose
from prunescape.networks.ensembles import DTYPES
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network, Shape
from prunescape.networks.scaling import Scaling

Definition = str | Sequence[Mapping[str, Any]]
"""A list of layers, or path/to/file.py:name."""


def network(definition: Definition, input_shape: Shape) -> ReplicatedNetwork:
    """Return a network for inputs of one shape, (channels, height, width) or (features,)."""
    if isinstance(definition, str):
        return _of_file(definition, tuple(input_shape))
    return Network(definition, input_shape)


def of_fit(
    definition: Definition, images: torch.Tensor, classes: int, settings: Mapping[str, Any]
) -> tuple[ReplicatedNetwork, Scaling]:
    """Return a fit's network and scaling of images.

    Args:
        definition: the network.
        images: training images [N, C, H, W], on which the scaling may be measured.
        classes: number of classes of the data set.
        settings: a fit of the config; scaling and dtype are read.

    Raises:
        ValueError: if the last layer doesn't have a unit for each class.
    """
    dtype = choose(DTYPES, settings.get("dtype", "float32"), "dtype")
    scaling = Scaling.fit(settings["scaling"], images, dtype)
    made = network(definition, scaling.shape(tuple(images.shape[1:])))
    if made.outputs != classes:
        raise ValueError(
            f"networks: the last layer has {made.outputs} units, expected one for each of the "
            f"{classes} classes of the data set"
        )
    return made, scaling


@functools.cache
def _of_file(named: str, input_shape: Shape) -> ModuleNetwork:
    return ModuleNetwork(named, input_shape)
