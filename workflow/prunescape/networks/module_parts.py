"""Sorts a user's module into layers to prune, other parts and frozen parameters (needs torch).

This happens before anything runs. A layer is replaced as a whole, which would drop whatever changes
it from outside (parametrizations, hooks, a replaced forward); so such a layer is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.utils import parametrize

from prunescape.networks import module_attention
from prunescape.networks.module_attention import Projection, SelfAttention
from prunescape.networks.module_errors import refused

LAYERS = (nn.Linear, nn.Conv2d, Projection)
_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
_PLAIN = "allowed: an nn.Linear or nn.Conv2d as torch has it"


@dataclass
class Parts:
    """Paths in a module.

    Attributes:
        layers: every nn.Linear, nn.Conv2d and projection of attention that isn't part of a module
            in `others`, with what the names of its parameters begin with.
        others: the other modules that hold parameters or buffers.
        beside: the trained parameters that other code than their module's uses: a class token,
            which a module with layers in it holds itself, or those of an nn.ParameterList.
        frozen: the parameters with requires_grad=False.
    """

    layers: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    frozen: set[str] = field(default_factory=set)


def parts(module: nn.Module, named: str) -> Parts:
    """Return the parts of a module.

    Raises:
        ValueError: if a layer is changed from outside (see this file's docstring), a parameter
            lies in two modules, or no layer trains.
    """
    for path, each in module.named_modules():
        _refuse_unusual(named, path, each)
    found = Parts()
    found.frozen = {
        name
        for name, parameter in module.named_parameters(remove_duplicate=False)
        if not parameter.requires_grad
    }
    owners: dict[int, str] = {}
    for path, each in module.named_modules():
        if any(path == other or path.startswith(f"{other}.") for other in found.others):
            continue  # part of a module that runs as a whole
        direct = dict(each.named_parameters(recurse=False))
        if isinstance(each, LAYERS):
            found.layers[path] = _held(path, each)
        elif _is_run_as_a_whole(each):
            found.others.append(path)
            direct = dict(each.named_parameters())
        else:
            lent = module_attention.HELD if isinstance(each, SelfAttention) else ()
            inside = [name for name, p in direct.items() if p.requires_grad and name not in lent]
            found.beside += [f"{path}.{name}".lstrip(".") for name in inside]
        for name, parameter in direct.items():
            own = f"{path}.{name}" if path else name
            other = owners.setdefault(id(parameter), own)
            if other != own:
                raise ValueError(
                    f"networks: {named}: {own} and {other} are one parameter; call one "
                    "layer twice instead"
                )
    _refuse_unprunable(named, module, found)
    return found


def shared(module: nn.Module, found: Parts) -> dict[str, torch.Tensor]:
    """Return name -> tensor, for the tensors that belong to no part; all replicates share them."""
    inside = [*found.layers, *found.others]
    tensors = {}
    for path, each in module.named_modules():
        if any(path == part or path.startswith(f"{part}.") for part in inside):
            continue
        plain = {k: v for k, v in vars(each).items() if isinstance(v, torch.Tensor)}
        direct = [each.named_parameters(recurse=False), each.named_buffers(recurse=False)]
        for name, value in [*direct[0], *direct[1], *plain.items()]:
            tensors[f"{path}.{name}" if path else name] = value.detach()
    held = {f"{begin}{part}" for begin in found.layers.values() for part in ("weight", "bias")}
    return {k: value for k, value in tensors.items() if k not in held.union(found.beside)}


def _held(path: str, layer: nn.Module) -> str:
    """Return what the names of a layer's parameters begin with: "conv1.", "attention.in_proj_"."""
    return f"{path}_" if isinstance(layer, Projection) else f"{path}."


def _is_run_as_a_whole(module: nn.Module) -> bool:
    if type(module).forward is nn.Module.forward:
        return False  # it is never called: others read what it holds, as of an nn.ParameterList
    inside = [each for each in module.modules() if isinstance(each, LAYERS)]
    if inside and not type(module).__module__.startswith("torch.nn"):
        return False  # frozen parameters and buffers beside layers are constants
    direct = [*module.parameters(recurse=False)]
    buffers = [*module.buffers(recurse=False)]
    return bool(direct or (buffers and not list(module.children())))


def _refuse_unprunable(named: str, module: nn.Module, found: Parts) -> None:
    held = found.layers.values()
    trained = [begin for begin in held if f"{begin}weight" not in found.frozen]
    if found.layers and not trained:
        paths = ", ".join(found.layers)
        raise ValueError(
            f"networks: {named}: all of its layers are frozen (requires_grad=False of {paths}): "
            "nothing is left to train and prune"
        )
    if not found.layers:
        kinds = dict.fromkeys(type(module.get_submodule(path)).__name__ for path in found.others)
        there = f" (with parameters: {', '.join(kinds)})" if kinds else ""
        raise ValueError(f"networks: {named} has no nn.Linear and no nn.Conv2d to prune{there}")


def _refuse_unusual(named: str, path: str, module: nn.Module) -> None:
    for text in _unusual(module):
        raise refused(named, path, module, text)


def _unusual(module: nn.Module) -> Iterator[str]:
    """Name the features of a module that would be lost or go wrong with several replicates."""
    kind = type(module)
    if kind.__module__.startswith(("torch.ao.", "torch.quantization")):
        yield f"is quantised; {_PLAIN}, in float32"
    if isinstance(module, torch.jit.ScriptModule):
        yield "is compiled by torch.jit; allowed: the module as it is before"
    if kind.__module__.startswith("torch._dynamo"):
        yield "is compiled by torch.compile; allowed: the module as it is before"
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        yield "spreads a batch over GPUs; allowed: what it wraps, which is its attribute `module`"
    if parametrize.is_parametrized(module):
        lists = module.get_submodule("parametrizations").children()
        by = dict.fromkeys(type(each).__name__.lstrip("_") for p in lists for each in p.children())
        yield (
            f"is parametrized (by {', '.join(by)}): its weight is no parameter of its own, and "
            f"zeros would not stay zeros; {_PLAIN} (remove_parametrizations makes it one)"
        )
    for hooks in _HOOKS:
        for hook in getattr(module, hooks).values():
            what = getattr(hook, "__qualname__", type(hook).__name__)
            yield (
                f"has a {hooks.strip('_').removesuffix('s').replace('_', ' ')}, {what}, which "
                "would see all replicates at once; allowed: no hooks (what weight_norm, "
                "spectral_norm or torch.nn.utils.prune add goes by their remove functions)"
            )
    if "forward" in vars(module):
        yield "has a forward that was put into this object; allowed: a forward of its class"
    yield from _unusual_layer(module)
    yield from _unusual_tensors(module)


def _unusual_layer(module: nn.Module) -> Iterator[str]:
    if not isinstance(module, LAYERS):
        return
    base = next(layer for layer in LAYERS if isinstance(module, layer))
    methods = ("forward", "_conv_forward", "__call__")
    if any(getattr(type(module), name, None) is not getattr(base, name, None) for name in methods):
        yield (
            f"has a forward of its own, which would be passed over; allowed: nn.{base.__name__} "
            "and classes that keep its forward"
        )
    if not isinstance(module.weight, nn.Parameter):
        yield f"has a weight that is no parameter; {_PLAIN}"


def _unusual_tensors(module: nn.Module) -> Iterator[str]:
    for name, parameter in module.named_parameters(recurse=False):
        if parameter._backward_hooks or getattr(parameter, "_post_accumulate_grad_hooks", None):
            yield (
                f"has a hook of {name}'s gradient, which would be lost; to freeze a parameter, "
                "set requires_grad=False"
            )
        if parameter.requires_grad and parameter.dtype != torch.float32:
            yield f"has {name} of {_dtype(parameter)}; allowed: floating point, taken as float32"
    named = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    for name, tensor in named:
        if tensor.is_complex() and list(module.children()) == []:
            yield (
                f"has {name} of {_dtype(tensor)}, which can't be stored; allowed: real numbers "
                "(torch.view_as_real)"
            )
        if tensor.layout != torch.strided or tensor.is_quantized:
            yield f"has {name} that is sparse or quantised; allowed: a plain tensor"


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
