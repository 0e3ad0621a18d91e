"""Reads a network's weights from a safetensors file that others wrote (needs torch).

A file has the tensors of one replicate. Those of a torch.nn.Module are called as in its
`state_dict()`. Those of the config's layers are called "1.weight", "1.bias", "2.weight", ..., or
as in an nn.Sequential, "0.weight", "2.weight", ...: whatever the numbers are, in ascending order
they are the layers with weights in theirs. A posterior's standard deviations are called like their
weights, with `.sigma` at the end.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from prunescape.foundations import weight_files
from prunescape.foundations.files import Arrays
from prunescape.foundations.messages import few, one_line
from prunescape.networks import weight_norm
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Shape

WRAPPERS = ("module.", "model.", "_orig_mod.", "state_dict.", "model_state_dict.")
"""What DataParallel, Lightning, torch.compile and training scripts put before all names."""
SIGMA = ".sigma"
VARIANCE, COUNTER = ".running_var", ".num_batches_tracked"

Tensors = dict[str, torch.Tensor]


class Given(NamedTuple):
    """The weights of one replicate, and what was done to get them."""

    arrays: Arrays
    """Name of a parameter or buffer, `<weight>.sigma` of a posterior -> its numbers, without an
    axis of replicates; parameters in the type that was asked for."""
    notes: list[str]
    """What the file has otherwise than the network: prefixes, numbers of layers, types."""


def read(
    path: str | os.PathLike,
    network: ReplicatedNetwork,
    *,
    posterior: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Given:
    """Return a network's weights from a file.

    Args:
        path: safetensors file.
        network: whose weights they are.
        posterior: whether the file has standard deviations too.
        dtype: type that parameters get.

    Raises:
        ValueError: in one line that names the file, if it is no whole safetensors file, has other
            names or shapes than the network, NaN or infinity, a deviation that isn't above 0, or a
            running variance below 0.
    """
    notes: list[str] = []
    with weight_files.opened(path, "pt") as opened:
        found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    wanted = _wanted(network, posterior)
    try:
        found = weight_norm.folded(found, wanted, notes)
        found = _unwrapped(found, wanted, network, notes)
        if isinstance(network, ModuleNetwork):
            found = _inside(found, wanted, notes)
            wanted = _without_counters(wanted, found, notes)
            found = _without_constants(found, network)
        else:
            found = _numbered(found, network, notes)
        _check_names(found, wanted)
        _check_shapes(found, wanted)
        buffers = {name: each.dtype for name, each in network.initial_buffers(1).items()}
        arrays = {
            name: _numbers(file_name, found[file_name], buffers.get(name, dtype), notes)
            for file_name, (name, _) in wanted.items()
        }
    except ValueError as error:
        done = f" ({'; '.join(notes)})" if notes else ""
        raise ValueError(f"{path}: {error}{done}") from None
    if isinstance(network, ModuleNetwork):  # what no state_dict has starts as the module does
        start = network.start(0)
        arrays |= {name: start[name] for name in start.keys() - arrays.keys()}
    return Given(arrays, list(dict.fromkeys(notes)))


def _wanted(network: ReplicatedNetwork, posterior: bool) -> dict[str, tuple[str, Shape]]:
    """Return name in a file -> name in the network, and shape."""
    shapes = {**network.shapes, **network.buffers}
    called = {name: name for name in shapes}
    if isinstance(network, ModuleNetwork):
        stored = network.fresh(0).state_dict()
        called = {name: path for name, path in network.paths.items() if path in stored}
    found = {file_name: (name, shapes[name]) for name, file_name in called.items()}
    for layer in network.weighted if posterior else ():
        weight = f"{layer.name}.weight"
        found[called[weight] + SIGMA] = (weight + SIGMA, shapes[weight])
    return found


def _unwrapped(
    found: Tensors,
    wanted: Mapping[str, object],
    network: ReplicatedNetwork,
    notes: list[str],
) -> Tensors:
    """Return the tensors without what is put before all their names, if no name is known so."""
    layers = not isinstance(network, ModuleNetwork)
    while found and not found.keys() & wanted.keys():
        heads = {f"{name.partition('.')[0]}." for name in found}
        (head, *others) = heads
        # Before the numbers of an nn.Sequential any name may stand: that of the attribute.
        if others or not (head in WRAPPERS or (layers and not head[:-1].isdigit())):
            break
        if not all(name.startswith(head) for name in found):
            break
        notes.append(f"{head} before all names is left out")
        found = {name.removeprefix(head): value for name, value in found.items()}
    return found


def _inside(found: Tensors, wanted: Iterable[str], notes: list[str]) -> Tensors:
    """Return the tensors under the one prefix that has all of a network's names, if one has.

    Such are those of Lightning's module, which may have a loss with weights beside the network.
    ValueError if there are several.
    """
    needed = [name for name in wanted if not name.endswith(COUNTER)]
    if not needed or found.keys() >= set(needed):
        return found
    ends = [name.removesuffix(needed[0]) for name in found if name.endswith(f".{needed[0]}")]
    heads = [head for head in ends if all(f"{head}{name}" in found for name in needed)]
    if not heads:
        return found
    if heads[1:]:
        raise ValueError(f"found the network under several prefixes: {few(heads)}; allowed: one")
    (head,) = heads
    left = [name for name in found if not name.startswith(head)]
    called = one_line(head)
    notes.append(
        f"all but what begins with {called} is left out: {few(left)}"
        if left
        else f"{called} before all names is left out"
    )
    return {name.removeprefix(head): value for name, value in found.items() if name not in left}


def _without_counters(
    wanted: dict[str, tuple[str, Shape]], found: Tensors, notes: list[str]
) -> dict[str, tuple[str, Shape]]:
    """Return what is wanted but for BatchNorm's counters that the file lacks, as torch does.

    Files of before they were there, and of other frameworks, have none. They count the batches of
    training, and start as the module does.
    """
    lacking = [name for name in wanted if name.endswith(COUNTER) and name not in found]
    if lacking:
        notes.append(f"as the module starts, since the file has none: {few(lacking)}")
    return {name: value for name, value in wanted.items() if name not in lacking}


def _numbered(found: Tensors, network: ReplicatedNetwork, notes: list[str]) -> Tensors:
    """Return the tensors under the numbers of the config's layers, from 1 on.

    ValueError if the file has no numbered layers, or not as many as the network.
    """
    odd = [name for name in found if not name.partition(".")[0].isdigit()]
    if odd:
        raise ValueError(
            f"found {few(odd)}; allowed: the names of layers in their order, 1.weight, 1.bias, "
            "2.weight, ..., or those of an nn.Sequential (another module's network is "
            "path/to/file.py:name)"
        )
    numbers = sorted({int(name.partition(".")[0]) for name in found})
    if len(numbers) != len(network.weighted):
        raise ValueError(
            f"found {len(numbers)} layers ({few(numbers)}), expected {len(network.weighted)}, the "
            "network's layers with weights"
        )
    layer = {number: place for place, number in enumerate(numbers, 1)}
    if numbers != list(layer.values()):
        notes.append(f"layers {few(numbers)} are the network's {few(list(layer.values()))}")
    heads = {name: name.partition(".") for name in found}
    return {
        f"{layer[int(heads[name][0])]}.{heads[name][2]}": value for name, value in found.items()
    }


def _without_constants(found: Tensors, network: ModuleNetwork) -> Tensors:
    """Return the tensors without what the replicates of a module share.

    That is what lies beside layers (a buffer), and the second name of a tensor that has two.
    ValueError if the file has other numbers there than the module.
    """
    stored = network.fresh(0).state_dict()
    own = {stored[path].data_ptr(): path for path in network.paths.values() if path in stored}
    left = dict(found)
    for name in stored.keys() - set(network.paths.values()):
        value = left.pop(name, None)
        twin = own.get(stored[name].data_ptr()) if stored[name].numel() else None
        expected = found.get(twin) if twin else stored[name]
        if value is None or expected is None:
            continue
        if value.shape != expected.shape or not torch.equal(value, expected.to(value.dtype)):
            text = f"{twin}, which is the same tensor" if twin else "the module's, which all share"
            raise ValueError(
                f"{name} has other numbers than {text}; allowed: the same, or a module of its own "
                "that has it as a buffer"
            )
    return left


def _check_names(found: Iterable[str], wanted: Mapping[str, object]) -> None:
    """Raise ValueError if names are missing or left over, with the nearest name."""
    missing = [name for name in wanted if name not in found]
    left = [name for name in found if name not in wanted]
    if not missing and not left:
        return
    texts = []
    if missing:
        names = left or list(found)
        close = [name for name in names if name.endswith(f".{missing[0]}")]
        close += difflib.get_close_matches(missing[0], names, n=1, cutoff=0.4)
        near = f" (perhaps {one_line(close[0])} is meant)" if close else ""
        more = f", {few(missing[1:])}" if missing[1:] else ""
        texts.append(f"{missing[0]}{near}{more} is missing")
    if left:
        texts.append(f"{few(sorted(left))} is left over")
        if not missing and all(name.endswith(SIGMA) for name in left):
            texts.append(
                "a posterior has deviations of prunable weights only, not of biases or others"
                if any(name.endswith(SIGMA) for name in wanted)
                else "a posterior's deviations are read with posterior: true"
            )
    raise ValueError(f"not this network's tensors: {'; '.join(texts)}")


def _check_shapes(found: Tensors, wanted: Mapping[str, tuple[str, Shape]]) -> None:
    """Raise ValueError if a tensor has another shape than the network's."""
    for file_name, (_, shape) in wanted.items():
        there = tuple(found[file_name].shape)
        if there != shape:
            raise ValueError(f"{file_name} is {list(there)}, expected {list(shape)}")


def _numbers(name: str, value: torch.Tensor, dtype: torch.dtype, notes: list[str]) -> np.ndarray:
    """Return a tensor as numpy; ValueError if it has no numbers that a network can have."""
    if value.is_complex():
        raise ValueError(f"{name} has complex numbers; allowed: real ones")
    kept = value.to(dtype)
    if value.dtype != dtype:
        notes.append(f"{_called(value.dtype)} is taken as {_called(dtype)}")
    lost = int((~kept.isfinite()).sum())
    if lost:
        raise ValueError(f"{name}: {lost} of {kept.numel()} numbers are NaN or infinite")
    if name.endswith(SIGMA) and not bool((kept > 0).all()):
        raise ValueError(
            f"{name}: found a standard deviation of {float(kept.min()):g}; allowed: > 0"
        )
    if name.endswith(VARIANCE) and bool((kept < 0).any()):
        raise ValueError(f"{name}: found a variance of {float(kept.min()):g}; allowed: >= 0")
    return np.asarray(kept.numpy(), order="C")  # ascontiguousarray gives scalars an axis


def _called(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
