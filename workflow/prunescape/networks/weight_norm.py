"""Turns weights under torch's weight_norm into plain ones, in modules and in files (needs torch).

Weight normalisation (Salimans and Kingma 2016, equation 2) has a weight w as a length g and a
direction v: w = g v / |v|. Zeros in v stay zeros in w, but nothing here would keep g, v and w
together, so a layer gets its w as an ordinary parameter.
"""

import re
from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, remove_weight_norm
from torch.nn.utils.weight_norm import WeightNorm

from prunescape.foundations.messages import few

KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers whose code reads the weight at every call; an LSTM keeps it in a list of its own."""
LENGTHS = {
    r"(.*\.)?parametrizations\.(\w+)\.original0": "{}parametrizations.{}.original1",
    r"(.*\.)?(\w+)_g": "{}{}_v",
}
"""Pattern of a length's name -> the direction's; of torch.nn.utils.parametrizations.weight_norm,
and of torch.nn.utils.weight_norm, which was there before."""


def remove(module: nn.Module) -> list[str]:
    """Give layers plain weights in place of lengths and directions; return the layers' paths.

    A weight is frozen if its direction is. Other parametrizations stay.
    """
    found = []
    for path, each in list(module.named_modules()):
        names = _normed(each) if isinstance(each, KINDS) else {}
        for name, trains in names.items():
            _make_plain(each, name, trains=trains)
        found += [path] if names else []
    return found


def _make_plain(layer: nn.Module, name: str, *, trains: bool) -> None:
    if parametrize.is_parametrized(layer, name):
        parametrize.remove_parametrizations(layer, name, leave_parametrized=True)
    else:
        remove_weight_norm(layer, name)
    weight = getattr(layer, name).detach().clone()
    delattr(layer, name)  # torch leaves no parameter where the tensor needed no gradient
    layer.register_parameter(name, nn.Parameter(weight, requires_grad=trains))


def _normed(layer: nn.Module) -> dict[str, bool]:
    """Return the names of a layer's weights under weight_norm -> whether the direction trains."""
    old = [h.name for h in layer._forward_pre_hooks.values() if isinstance(h, WeightNorm)]
    names = {name: layer.get_parameter(f"{name}_v").requires_grad for name in old}
    if parametrize.is_parametrized(layer):
        for name, steps in layer.get_submodule("parametrizations").named_children():
            if [type(step) for step in steps.children()] == [parametrizations._WeightNorm]:
                names[name] = steps.get_parameter("original1").requires_grad
    return names


def folded(
    found: Mapping[str, torch.Tensor], wanted: Iterable[str], notes: list[str]
) -> dict[str, torch.Tensor]:
    """Return a file's tensors with plain weights in place of lengths and directions; note which.

    Args:
        found: name -> tensor.
        wanted: the network's own names; what is called as one of them stays.
        notes: gets a line.
    """
    plain, names = dict(found), []
    own = tuple(f".{name}" for name in wanted)
    for length in found:
        weight, direction = _called(length)
        if weight in found or direction not in found or f".{length}".endswith(own):
            continue
        if _fits(found[length], found[direction]):
            plain[weight] = _weight(plain.pop(length), plain.pop(direction))
            names.append(weight)
    if names:
        notes.append(f"weight_norm's lengths and directions are multiplied: {few(names)}")
    return plain


def _called(length: str) -> tuple[str, str]:
    """Return the names of the weight and of its direction, "" for what is no length's name."""
    for pattern, direction in LENGTHS.items():
        if match := re.fullmatch(pattern, length):
            place, name = match[1] or "", match[2]
            return f"{place}{name}", direction.format(place, name)
    return "", ""


def _fits(length: torch.Tensor, direction: torch.Tensor) -> bool:
    """Return whether lengths are those of a direction: one, or one a row along some axis."""
    if not (length.is_floating_point() and direction.is_floating_point()):
        return False
    rows = [axis for axis, size in enumerate(length.shape) if size != 1]
    same = length.dim() == direction.dim() and all(
        length.shape[axis] == direction.shape[axis] for axis in rows
    )
    return length.dim() == 0 or (same and len(rows) < 2)


def _weight(length: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Return length * direction / |direction|, rounded once."""
    shape = length.shape or (1,) * direction.dim()
    axes = [axis for axis, size in enumerate(shape) if size == 1]
    wide = direction.double()
    norm: torch.Tensor = torch.linalg.vector_norm(wide, dim=axes, keepdim=True)
    return (length.double() * wide / norm).to(direction.dtype)
