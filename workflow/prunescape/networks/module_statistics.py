"""Measures the running statistics of a user's module anew (needs torch).

In evaluation BatchNorm normalises by a mean and a variance of each channel, which training averaged
over the network as it was. A pruned network has others. They are measured as
torch.optim.swa_utils.update_bn does: batches run once through the network with the normalising
layers alone in training mode, and each statistic is the mean of what the batches have.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from prunescape.networks.module_errors import paths_of, telling
from prunescape.networks.network import Parameters

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@torch.no_grad()
def measured(
    module: nn.Module,
    named: str,
    paths: Mapping[str, str],
    parameters: Parameters,
    batches: Sequence[torch.Tensor],
    scaling: Callable[[torch.Tensor], torch.Tensor],
    laid: Callable[[torch.Tensor], torch.Tensor] = lambda values: values,
) -> dict[str, torch.Tensor]:
    """Return the running statistics that batches give to R networks.

    The networks run one after the other, so that a member's bits don't depend on its company.

    Args:
        module: the user's module. It is used up: its layers' modes, momenta and hooks change.
        named: path/to/file.py:name of the network.
        paths: name of a parameter or buffer -> its path in the module.
        parameters: parameters and buffers [R, ...] by name; they are left as they are.
        batches: images [B, ...] before scaling, on the parameters' device.
        scaling: makes a batch the network's inputs.
        laid: lays images and filters as the network runs fastest.

    Returns:
        Name -> statistics [R, ...] of all layers that keep some and run: nn.BatchNorm1d to 3d,
        nn.SyncBatchNorm, and nn.InstanceNorm1d to 3d with track_running_stats. Empty if there is
        no such layer.

    Raises:
        ValueError: if the module can't run so, for example on a batch with one number a channel.
    """
    names = {path: name for name, path in paths.items()}
    layers = {
        path: layer
        for path, layer in module.named_modules()
        if isinstance(layer, _NormBase) and f"{path}.running_mean" in names
    }
    if not layers:
        return {}
    calls = _averaging(module, layers)
    module.to(batches[0].device)
    members = []
    for member in range(len(parameters[names[f"{next(iter(layers))}.running_mean"]])):
        calls.update(dict.fromkeys(layers, 0))
        values = {paths[name]: laid(value[member]) for name, value in parameters.items()}
        fresh = {
            path: torch.full_like(values[path], path.endswith(".running_var"))
            for path in (f"{layer}.{each}" for layer in layers for each in _STATISTICS)
            if path in values
        }
        with telling(named, "can't have its normalisation measured anew", paths_of(module)):
            for batch in batches:
                torch.func.functional_call(module, values | fresh, (laid(scaling(batch)),))
        members.append({k: v for k, v in fresh.items() if calls[k.rpartition(".")[0]]})
    return {names[path]: torch.stack([each[path] for each in members]) for path in members[0]}


def _averaging(module: nn.Module, layers: Mapping[str, _NormBase]) -> dict[str, int]:
    """Make layers of a module, and nothing else in it, average their statistics over their calls.

    Returns path -> number of calls, which counts on as the layers run.
    """
    calls = dict.fromkeys(layers, 0)

    def counting(path: str) -> Callable[[nn.Module, object], None]:
        def note(_layer: nn.Module, _given: object) -> None:
            # What momentum=None does in BatchNorm; an InstanceNorm would keep its statistics then.
            calls[path] += 1
            layers[path].momentum = 1 / calls[path]

        return note

    module.eval()
    for path, layer in layers.items():
        layer.training = True
        layer.register_forward_pre_hook(counting(path))
    return calls
