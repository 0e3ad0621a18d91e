"""The numbers of a user's module, put into it and taken out of it as its state_dict (needs torch).

Two modules are made for that, from different seeds: what isn't in the state_dict then shows, since
the one that is read into has other random numbers than the one that is written from.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from prunescape.foundations.files import Arrays
from prunescape.foundations.messages import few
from prunescape.networks.module_errors import paths_of, telling
from prunescape.networks.module_network import ModuleNetwork

WRITTEN, READ = 0, 1
"""The seeds."""


def tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return all parameters and buffers, one that has two names under both."""
    parameters = dict(module.named_parameters(remove_duplicate=False))
    return {**parameters, **dict(module.named_buffers(remove_duplicate=False))}


def added(network: ModuleNetwork, arrays: Iterable[str]) -> dict[str, str]:
    """Return name -> path, for the biases among `arrays` that the module doesn't have."""
    own = {f"{layer.name}.bias": layer.parameter("bias") for layer in network.weighted}
    return {name: own[name] for name in arrays if name not in network.paths}


def written(network: ModuleNetwork, arrays: Arrays, dtype: torch.dtype) -> Arrays:
    """Return the state_dict of a module that has the numbers of one replicate.

    Args:
        network: the module.
        arrays: parameters and buffers by their names in the network.
        dtype: type of the parameters.

    Raises:
        ValueError: if the state_dict has anything but tensors.
    """
    more = added(network, arrays)
    module = _with_biases(network.fresh(WRITTEN), more.values()).to(dtype)
    named, paths = tensors(module), network.paths | more
    with torch.no_grad():
        for name, value in arrays.items():
            named[paths[name]].copy_(torch.as_tensor(value))
    state: Mapping[str, object] = module.state_dict()
    odd = [name for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise ValueError(
            f"exports: {network.named}: {few(odd)} of its state_dict is no tensor; allowed: "
            "tensors, which safetensors can hold"
        )
    return {k: v.numpy().copy() for k, v in state.items() if isinstance(v, torch.Tensor)}


def read(
    network: ModuleNetwork,
    state: Arrays,
    biases: Iterable[str],
    dtype: torch.dtype,
    groups: Mapping[str, int] | None = None,
) -> nn.Module:
    """Return a new module that has loaded a state_dict, in evaluation.

    Args:
        network: the module.
        state: its state_dict; of a smaller module, if it has no more units.
        biases: names of biases in `state` that the module doesn't have.
        dtype: type of the parameters.
        groups: path -> groups of the convolutions that have another number of them.

    Raises:
        ValueError: if the module doesn't take the state_dict.
    """
    module = _resized(_with_biases(network.fresh(READ), biases).to(dtype), state)
    for path, number in (groups or {}).items():
        convolution: Any = module.get_submodule(path)
        convolution.groups = number
    with telling(network.named, "can't load its exported state_dict", paths_of(module)):
        module.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
    return module.eval()


def _resized(module: nn.Module, state: Arrays) -> nn.Module:
    """Give a module's tensors the shapes of its state_dict where that has fewer units, in place."""
    for name, tensor in tensors(module).items():
        shape = state[name].shape if name in state else tensor.shape
        if shape != tensor.shape and len(shape) == tensor.dim():
            path, _, own = name.rpartition(".")
            empty = tensor.new_zeros(shape)
            parameter = nn.Parameter(empty) if isinstance(tensor, nn.Parameter) else empty
            setattr(module.get_submodule(path), own, parameter)
    return module


def _with_biases(module: nn.Module, names: Iterable[str]) -> nn.Module:
    """Give layers without a bias one of zeros, in place."""
    for name in names:
        path, _, own = name.rpartition(".")
        holder = module.get_submodule(path)
        weight = holder.get_parameter(f"{own.removesuffix('bias')}weight")  # of in_proj_bias, too
        holder.register_parameter(own, nn.Parameter(weight.new_zeros(len(weight))))
    return module
