"""The network that an entry of `networks` in the config stands for (needs torch)."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network, Shape

Definition = str | Sequence[Mapping[str, Any]]
"""A list of layers, or path/to/file.py:name."""


def network(definition: Definition, input_shape: Shape) -> ReplicatedNetwork:
    """Return a network for inputs of one shape, (channels, height, width) or (features,)."""
    if isinstance(definition, str):
        return _of_file(definition, tuple(input_shape))
    return Network(definition, input_shape)


@functools.cache
def _of_file(named: str, input_shape: Shape) -> ModuleNetwork:
    return ModuleNetwork(named, input_shape)
