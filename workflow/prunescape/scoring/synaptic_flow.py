"""Synaptic flow: what a network passes on from images of ones by absolute weights (needs torch).

Tanaka et al. (2020), "Pruning neural networks without any data by iteratively conserving synaptic
flow", arXiv 2006.05467. No image and no label is read.
"""

from collections.abc import Mapping

import torch

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters, Weighted

Layers = dict[str, torch.Tensor]

STEPS = 100
"""Steps in which a tenth of the weights is left: the paper's 100 iterations, for a compression of
10."""
DECADES = 3
"""Tenths that are taken of a tenth; below, weights are ordered by their flow in the last step."""


def flows(network: ReplicatedNetwork, parameters: Parameters, ones: torch.Tensor) -> Layers:
    """Return each weight's synaptic flow, |w| times the slope of all outputs' sum by |w|.

    Equation 3 of the paper for R_SF of equation 4. The flow through a unit is conserved (theorem
    1): its incoming weights and its bias have the same sum as its outgoing weights. That takes
    activations that are multiples of their inputs, such as rectifiers; through tanh the score is
    the same formula, but nothing is conserved.

    Args:
        network: the network, which runs as in evaluation.
        parameters: weights, biases and buffers [R, ...]; all are taken as absolute values.
        ones: one image of ones, scaled images' shape [1, 1, ...].

    Returns:
        Layer -> [R, out, in, ...], none negative.

    Raises:
        ValueError: if the sums are too large for the parameters' type.
    """
    values = {name: value.detach().abs() for name, value in parameters.items()}
    leaves = {layer.name: values[f"{layer.name}.weight"] for layer in network.weighted}
    for leaf in leaves.values():
        leaf.requires_grad_()

    def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
        return layer.affine(inputs, values)

    total = network.logits(ones, values, affine).sum()
    slopes = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
    found = {
        name: leaf.detach() * slope
        for (name, leaf), slope in zip(leaves.items(), slopes, strict=True)
    }
    if not all(flow.isfinite().all() for flow in found.values()):
        kind = str(total.dtype).removeprefix("torch.")
        raise ValueError(f"finds synaptic flows too large for {kind}; allowed: a fit with float64")
    return found


def removal_order(network: ReplicatedNetwork, parameters: Parameters, ones: torch.Tensor) -> Layers:
    """Return the order in which iterative pruning by synaptic flow removes weights (algorithm 1).

    In every step the weights with the lowest flow go, and the flow of the others is computed anew,
    so that no layer is emptied before others. `STEPS` steps leave a tenth of the weights, each the
    same share of those before it (the paper's exponential schedule); so every level lies on one
    path, and masks of higher levels are within those of lower ones. Weights of equal flow go
    together.

    Args:
        network: as of `flows`.
        parameters: as of `flows`.
        ones: as of `flows`.

    Returns:
        Layer -> [R, out, in, ...], the share of the network's weights that go before: 0 for the
        first ones. float64, which tells all weights apart.
    """
    weights = {layer.name: parameters[f"{layer.name}.weight"] for layer in network.weighted}
    members = len(next(iter(weights.values())))
    total = sum(value[0].numel() for value in weights.values())
    device = next(iter(weights.values())).device
    order = torch.full((members, total), -1.0, dtype=torch.float64, device=device)
    for step in range(1, STEPS * DECADES + 1):
        left = int(total * 10 ** (-step / STEPS))
        flow = _flat(flows(network, _masked(parameters, weights, order < 0), ones))
        for places, own in zip(order, flow, strict=True):
            _remove(places, own, total - left, last=step == STEPS * DECADES)
    return _split(order / total, weights)


def _remove(places: torch.Tensor, flow: torch.Tensor, gone: int, *, last: bool) -> None:
    """Give places in the order to those of one member's weights with the lowest flow, in place.

    Args:
        places: [weights], how many weights went before each; -1 for those that are still there.
        flow: [weights].
        gone: how many have gone after this step, at least.
        last: whether all others get a place too.
    """
    there = torch.nonzero(places < 0).squeeze(1)
    before = len(places) - len(there)
    rising, order = flow[there].sort(stable=True)
    most = len(there) if last else gone - before
    if most <= 0:
        return
    # Of equal flows none is before another: all have the place of the first.
    first = torch.searchsorted(rising, rising, right=False)
    taken = rising <= rising[most - 1]
    places[there[order[taken]]] = (before + first[taken]).to(places.dtype)


def _masked(
    parameters: Parameters, weights: Mapping[str, torch.Tensor], kept: torch.Tensor
) -> Layers:
    masks = _split(kept, weights)
    own = {f"{name}.weight": value * masks[name] for name, value in weights.items()}
    return {**parameters, **own}


def _flat(layers: Layers) -> torch.Tensor:
    return torch.cat([value.flatten(1) for value in layers.values()], dim=1)


def _split(flat: torch.Tensor, like: Mapping[str, torch.Tensor]) -> Layers:
    parts = flat.split([value[0].numel() for value in like.values()], dim=1)
    return {
        name: part.reshape(value.shape)
        for (name, value), part in zip(like.items(), parts, strict=True)
    }
