"""Effects: what pruning does with the weights that a mask removes (needs torch).

`zero` sets them to 0; `compensate` does so and adds their mean contribution, weight times mean
input, to the bias; `freeze` keeps their values and only ends their training. `recalibrate` sets
them to 0 and measures anew by what layers such as BatchNorm normalise. `reconstruct` sets them to 0
and fits the others to the layer's outputs.
"""

from collections.abc import Mapping

import torch

from prunescape.foundations.choices import choose
from prunescape.networks import second_moments
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.pruning import reconstruction
from prunescape.pruning.interfaces import Changed, Effect
from prunescape.pruning.own_effects import OwnEffect

RECALIBRATE = "recalibrate"
RECONSTRUCT = "reconstruct"
BATCH = 500
"""Most images in a batch of those that `recalibrate` reads: few enough for small memories."""


class Training:
    """What the networks of a checkpoint were trained on, and what is measured on it but once."""

    def __init__(self, images: torch.Tensor, scaling: Scaling) -> None:
        """`images`: [N, C, H, W], in the order of the file; `scaling`: the fit's."""
        self.images, self.scaling = images, scaling
        self._moments: Mapping[str, torch.Tensor] | None = None

    def moments(
        self, network: ReplicatedNetwork, parameters: Parameters
    ) -> Mapping[str, torch.Tensor]:
        """Return the second moments of the layers' inputs in the checkpoint's unpruned networks."""
        if self._moments is None:
            self._moments = second_moments.second_moments(
                network, parameters, self.scaling, self.images
            )
        return self._moments


def apply(
    effect: str,
    network: ReplicatedNetwork,
    parameters: Parameters,
    masks: Mapping[str, torch.Tensor],
    input_means: Mapping[str, torch.Tensor],
    training: Training | None = None,
    own: Mapping[str, str] | None = None,
) -> dict[str, torch.Tensor]:
    """Return the parameters after the effect; `compensate` adds a bias to a layer without one.

    Args:
        effect: zero, compensate, freeze, recalibrate, reconstruct, or one of `own`.
        network: the network of the parameters.
        parameters: weights, biases and buffers [M, ...] of M networks.
        masks: layer -> boolean [M, out, in, ...], True = keep; also <layer>.bias -> [M, out] for a
            bias that is pruned: it is set to 0, but for freeze.
        input_means: layer -> mean inputs [M or 1, out or 1, in, ...], read by `compensate`.
        training: read by `recalibrate` and `reconstruct`; of the parameters' own checkpoint.
        own: the user's effects, name -> path/to/file.py:function.

    Raises:
        ValueError: if the effect is unknown, needs the mean inputs of a layer that has none, or
            needs training images or running statistics that aren't there.
    """
    if own and effect in own:
        return _by_user(effect, own[effect], network, parameters, masks, input_means, training)
    change = choose(EFFECTS, effect, "effect")
    changed = dict(parameters)
    for layer in network.weighted:
        weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"
        mean = input_means.get(layer.name)
        found = change(parameters[weight], parameters.get(bias), masks[layer.name], mean)
        changed[weight] = found.weight
        if found.bias is not None:
            changed[bias] = found.bias
            if layer.prune_bias and bias in masks and effect != "freeze":
                changed[bias] = found.bias * masks[bias]
    if effect == RECALIBRATE:
        changed.update(_statistics(network, changed, training))
    if effect == RECONSTRUCT:
        moments = _images_of(training, effect).moments(network, parameters)
        for layer in network.weighted:
            name, mask = f"{layer.name}.weight", masks[layer.name]
            changed[name] = reconstruction.solved(parameters[name], mask, moments[layer.name])
    return changed


def _by_user(
    effect: str,
    named: str,
    network: ReplicatedNetwork,
    parameters: Parameters,
    masks: Mapping[str, torch.Tensor],
    input_means: Mapping[str, torch.Tensor],
    training: Training | None,
) -> dict[str, torch.Tensor]:
    """Return the parameters after an effect in a user's file."""
    function, changed = OwnEffect(effect, named), dict(parameters)
    measured: dict[str, Mapping[str, torch.Tensor]] = {}
    if "input_mean" in function.reads:
        measured["input_mean"] = input_means
    if "second_moment" in function.reads:
        moments = _images_of(training, effect).moments(network, parameters)
        measured["second_moment"] = moments
    for layer in network.weighted:
        weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"
        given = {name: of_layers[layer.name] for name, of_layers in measured.items()}
        found = function.changed(
            layer.name, parameters[weight], parameters.get(bias), masks[layer.name], given
        )
        changed[weight] = found.weight
        if found.bias is not None:
            changed[bias] = found.bias
    return changed


def _images_of(training: Training | None, effect: str) -> Training:
    if training is None:
        raise ValueError(f"effect: {effect}: found no training images; allowed: all of the fit's")
    return training


def _statistics(
    network: ReplicatedNetwork, pruned: Parameters, training: Training | None
) -> Mapping[str, torch.Tensor]:
    """Return the statistics by which pruned networks normalise, over their training images.

    Every batch has the same weight in them, so batches differ by one image at most.
    """
    training = _images_of(training, RECALIBRATE)
    batches = training.images.tensor_split(-(-len(training.images) // BATCH))
    found = network.measured_statistics(pruned, batches, training.scaling)
    if not found:
        raise ValueError(
            "effect: recalibrate: found a network without running statistics; allowed: one with "
            "BatchNorm, or other normalisation with track_running_stats"
        )
    return found


def zero(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Set removed weights to 0."""
    return Changed(weight * mask, bias)


def compensate(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Set removed weights to 0, and add what they passed on at mean inputs to the bias."""
    if input_mean is None:
        raise ValueError("effect: compensate: found no mean inputs of a layer; allowed: of all")
    lost = (weight * ~mask * input_mean).flatten(2).sum(2)
    return Changed(weight * mask, lost + (0.0 if bias is None else bias))


def freeze(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor,
    input_mean: torch.Tensor | None,
) -> Changed:
    """Keep the values of removed weights."""
    return Changed(weight, bias)


EFFECTS: dict[str, Effect] = {
    "zero": zero,
    "compensate": compensate,
    "freeze": freeze,
    RECALIBRATE: zero,  # what it does beyond layers with weights is `_statistics`
    RECONSTRUCT: zero,  # the other weights are changed by `reconstruction.solved`
}
