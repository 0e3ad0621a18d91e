"""Finds the units of a user's module that can be removed as a whole (needs torch, torch-pruning).

Which channels depend on each other is told by the dependency graph of torch-pruning (Fang et al.
2023, arXiv 2301.12900, section 3), from one run of the module. Of the groups in it those are taken
that consist of layers which pruning may touch, of BatchNorm, and of operations without numbers. A
group with anything else is left whole: LayerNorm mixes channels, so zeros in place of some aren't
the same as their absence; attention has heads of a fixed size; logits are the network's answer.

That zeros in place of a unit's weights are the same as its absence is then tried: half of the units
are taken out of a module with random numbers, and its logits must stay those with zeros.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunescape.foundations.files import Arrays
from prunescape.foundations.messages import one_line
from prunescape.networks import module_shrinking, module_starts
from prunescape.networks.coupled_units import Part, Units
from prunescape.networks.module_layers import ConvLayer, ModuleLayer
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Shape

TOLERANCE = 1e-4
"""Difference of logits, relative to the largest; orders of summation differ."""
_OF_NORM = ("weight", "bias", "running_mean", "running_var")


class _Touched(NamedTuple):
    """Something in a group of the dependency graph.

    Attributes:
        module: what it is.
        path: its path in the user's module; "" if it has none.
        outputs: whether its outputs are meant, or its inputs.
        positions: which of them.
        units: to which unit each position belongs.
    """

    module: Any
    path: str
    outputs: bool
    positions: list[int]
    units: list[int]


def found(network: ModuleNetwork, input_shape: Shape) -> list[Units]:
    """Return the units of a module, in the order in which its layers run.

    Args:
        network: the module.
        input_shape: shape of one image.

    Raises:
        ValueError: if torch-pruning is not installed or can't follow the module, or if no units can
            go as a whole.
    """
    module = network.fresh(0).eval()
    groups = _groups(network, module, input_shape)
    candidates = [units for group in groups if (units := _units(network, group))]
    candidates.sort(key=lambda units: min(int(layer) for layer, _ in units.weights()))
    arrays, images = _random(network), module_starts.probe(2, input_shape)

    def removable(units: Sequence[Units]) -> bool:
        return _is_removable(network, module, arrays, images, units)

    kept = [each for each in candidates if removable([each])]
    if not kept or not removable(kept):
        raise ValueError(
            f"networks: {network.named} has no units that can go as a whole, as scope neuron takes "
            "them; allowed: another scope"
        )
    return kept


def _groups(
    network: ModuleNetwork, module: nn.Module, input_shape: Shape
) -> Iterator[list[_Touched]]:
    """Yield the groups of the dependency graph."""
    try:
        import torch_pruning
    except ImportError:
        raise ValueError(
            "which units of a module go together (scope neuron) is told by torch-pruning, which is "
            "not installed: pip install -c constraints.txt torch-pruning; or take another scope"
        ) from None
    try:
        with warnings.catch_warnings(), module_starts.fenced(0), network.slowly():
            warnings.simplefilter("ignore")  # of parameters beside layers, which are left whole
            images = module_starts.probe(2, input_shape)
            graph = torch_pruning.DependencyGraph().build_dependency(module, images)
            groups = list(graph.get_all_groups(root_module_types=[nn.Conv2d, nn.Linear]))
    except Exception as error:  # whatever torch-pruning or the user's code raises
        raise ValueError(
            f"networks: {network.named}: torch-pruning can't follow it, which scope neuron needs: "
            f"{type(error).__name__}: {one_line(error)}"
        ) from None
    paths = {each: path for path, each in module.named_modules()}
    for group in groups:
        yield [
            _Touched(
                item.dep.target.module,
                paths.get(item.dep.target.module, ""),
                graph.is_out_channel_pruning_fn(item.dep.handler),
                list(item.idxs),
                list(item.root_idxs or item.idxs),
            )
            for item in group
        ]


def _units(network: ModuleNetwork, group: Iterable[_Touched]) -> Units | None:
    """Return a group as units, or None if it is to be left whole."""
    layers = {layer.path: layer for layer in network.weighted}
    parts: dict[tuple[str, int, tuple[int, ...]], Part] = {}
    for each in group:
        names = _names(each, layers)
        if names is None:
            return None
        for name, axis in names:
            part = Part(name, axis, each.positions, each.units)
            parts[name, axis, tuple(each.positions)] = part
    units = Units(1 + max(max(part.units) for part in parts.values()), list(parts.values()))
    read = [part for _, part in units.weights() if part.axis == 1]
    return units if read else None  # what nothing reads is the network's answer


def _names(touched: _Touched, layers: dict[str, ModuleLayer]) -> list[tuple[str, int]] | None:
    """Return (tensor, axis) of what a unit has in a module; None if it can't be taken out there."""
    module, path = touched.module, touched.path
    if path in layers:
        layer = layers[path]
        grouped = isinstance(layer, ConvLayer) and layer.groups > 1
        if layer.calls > 1 or (grouped and not module_shrinking.is_depthwise(layer)):
            return None
        if touched.outputs or grouped:
            return [(f"{layer.name}.weight", 0), (f"{layer.name}.bias", 0)]
        return [(f"{layer.name}.weight", 1)]
    if isinstance(module, _BatchNorm):
        return [(f"own.{path}.{name}", 0) for name in _OF_NORM]
    if isinstance(module, nn.Parameter) or next(module.parameters(), None) is not None:
        return None
    return []


def _random(network: ModuleNetwork) -> Arrays:
    """Return numbers with which no two units are alike, and no logits all 0."""
    generator = np.random.default_rng(0)
    return {
        name: value + generator.uniform(0.01, 0.1, value.shape).astype(value.dtype)
        if value.dtype.kind == "f"
        else value
        for name, value in network.start(0).items()
    }


def _is_removable(
    network: ModuleNetwork,
    module: nn.Module,
    arrays: Arrays,
    images: torch.Tensor,
    units: Sequence[Units],
) -> bool:
    """Return whether every second unit can be taken out, as if its weights were zero."""
    gone = [np.arange(each.size) % 2 == 0 for each in units]
    zeroed = dict(arrays)
    for each, out in zip(units, gone, strict=True):
        for layer, part in each.weights():
            name = f"{layer}.weight"
            rows = np.moveaxis(zeroed[name].copy(), part.axis, 0)
            rows[np.asarray(part.positions)[out[part.units]]] = 0
            zeroed[name] = np.moveaxis(rows, 0, part.axis)
    left = module_shrinking.smaller(network, arrays, units, gone)
    whole = module_shrinking.Smaller(zeroed, {})
    try:
        expected, found = (
            module_shrinking.logits(network, module, each, images) for each in (whole, left)
        )
    except Exception:  # of code that takes the sizes of its tensors for granted
        return False
    atol = TOLERANCE * max(1.0, float(expected.abs().max()))
    return found.shape == expected.shape and torch.allclose(found, expected, rtol=0, atol=atol)
