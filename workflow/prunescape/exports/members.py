"""One network of an ensemble after pruning, as arrays without a replicate axis (needs torch)."""

from collections.abc import Mapping

import torch

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.pruning import effects


def arrays(
    checkpoint: Checkpoint,
    replicate: int,
    masks: Arrays | None,
    effect: str,
    means: Mapping[str, torch.Tensor],
    trained_on: torch.Tensor | None = None,
    own_effects: Mapping[str, str] | None = None,
) -> Arrays:
    """Return a replicate's parameters and buffers after pruning, by their names in the ensemble.

    Args:
        checkpoint: the fitted ensemble, or the members of one arm after retraining.
        replicate: the replicate's number.
        masks: layer -> boolean masks [R, out, in, ...]; None if nothing is removed.
        effect: as in `effects.apply`; `compensate` adds a bias to a layer without one.
        means: layer -> mean inputs [R or 1, out or 1, in, ...], read by `compensate`.
        trained_on: training images [N, C, H, W], read by `recalibrate` and `reconstruct`.
        own_effects: the user's effects, as in `effects.apply`.

    Raises:
        ValueError: if the checkpoint lacks the replicate.
    """
    if replicate not in checkpoint.replicates:
        lost = [str(each) for each in checkpoint.diverged if each.replicate == replicate]
        why = "".join(lost) or f"replicate {replicate}: not in the checkpoint"
        raise ValueError(f"{why}; it has {checkpoint.replicates}")
    parameters = checkpoint.parameters(torch.device("cpu"))
    if masks is not None:
        tensors = {layer: torch.from_numpy(mask) for layer, mask in masks.items()}
        training = None if trained_on is None else effects.Training(trained_on, checkpoint.scaling)
        network = checkpoint.network
        parameters = effects.apply(
            effect, network, parameters, tensors, means, training, own_effects
        )
    r = checkpoint.replicates.index(replicate)
    return {name: value[r].numpy() for name, value in parameters.items()}
