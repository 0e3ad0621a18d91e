"""Checks that replicates of a user's module start as a study assumes (needs torch).

A study's intervals assume that replicates start differently and can be made again from their seeds.
"""

import torch
from torch import nn

from prunescape.networks.module_errors import RefusedError
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.module_starts import differing

FEW_VALUES = 2  # most distinct values in a tensor of constants: zeros, ones, an identity


def check(network: ModuleNetwork, distribution: str) -> None:
    """Compare a module with one made again from its seed, and with another replicate's module.

    Args:
        network: the network.
        distribution: the fit's initial_weights, warm_start, or given: then nothing starts here,
            and replicates may be made alike.

    Raises:
        ValueError: if the same seed makes another module, if replicates have different structures,
            or if they have the same values.
    """
    place = f"networks: {network.named}"
    one, same, other = network.fresh(1), network.fresh(1), network.fresh(2)
    if _described(one) != _described(other) or _described(one) != _described(network.fresh(0)):
        raise RefusedError(
            f"{place} makes another network every time (other parameters, shapes or "
            "requires_grad); allowed: the same layers for every replicate"
        )
    changed = _differing(_tensors(one), _tensors(same))
    if changed:
        raise RefusedError(
            f"{place} can't be made again: from the same random numbers, {changed[0]} is another; "
            "allowed: random numbers of torch, numpy (np.random.rand, ...) or random, which are "
            "seeded here, not those of a generator without a seed, of the clock or of an earlier "
            "call"
        )
    changed = _differing(network.shared(one), network.shared(other))
    if changed:
        raise RefusedError(
            f"{place}: {changed[0]} is another in every replicate, but lies beside layers or in no "
            "buffer, so all would share it; put it into a module of its own, as a buffer"
        )
    if distribution != "given":
        _refuse_same(network, one, other, distribution)


def _refuse_same(
    network: ModuleNetwork, one: nn.Module, other: nn.Module, distribution: str
) -> None:
    """Raise ValueError if values that the module itself draws are the same for all replicates."""
    place = f"networks: {network.named}"
    left, right = _tensors(one), _tensors(other)
    weights = {network.paths[f"{layer.name}.weight"] for layer in network.weighted}
    started = {network.paths[name] for name in network.shapes if name.startswith("own.")}
    if distribution == "own":
        started |= weights
    same = {name for name in started if torch.equal(left[name], right[name])}
    drawn = sorted(name for name in same if len(left[name].unique()) > FEW_VALUES)
    ways = "take the seed out"
    if distribution == "own":
        ways += ", or take initial_weights: {distribution: he_uniform}"
    states = network.left_behind(1)
    seeded = states.keys() - differing(states, network.left_behind(2))
    if seeded and drawn:
        raise RefusedError(
            f"{place} seeds the random numbers of {' and '.join(sorted(seeded))} itself, so all "
            f"replicates start with the same {drawn[0]}, and their intervals would be too narrow; "
            f"{ways}: every replicate is seeded here"
        )
    if distribution == "own" and weights <= same:
        raise RefusedError(
            f"{place}: all replicates start with the same weights in every prunable layer "
            f"({min(weights)}, ...), with initial_weights: {{distribution: own}}: their intervals "
            f"would be too narrow; allowed: weights that are random in one layer at least; {ways}"
        )


def _described(module: nn.Module) -> list[tuple[str, torch.Size, bool]]:
    parameters = [(name, p.shape, p.requires_grad) for name, p in module.named_parameters()]
    return parameters + [(name, b.shape, False) for name, b in module.named_buffers()]


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    tensors = [*module.named_parameters(remove_duplicate=False), *module.named_buffers()]
    return {name: value.detach() for name, value in tensors}


def _differing(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> list[str]:
    """Return the names of tensors that differ; NaN equals NaN."""
    return [name for name, value in left.items() if not _same(value, right[name])]


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    if left.shape != right.shape:
        return False
    both_nan = (left != left) & (right != right)
    return bool(((left == right) | both_nan).all())
