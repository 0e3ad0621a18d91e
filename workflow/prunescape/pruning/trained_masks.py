"""Masks that training has changed, which it returns beside the weights (needs torch)."""

from dataclasses import replace

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.rewiring import KEPT
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable
from prunescape.pruning import selection


def split(checkpoint: Checkpoint) -> tuple[Checkpoint, Arrays]:
    """Return a retrained checkpoint without masks, and the masks of its pruned arms.

    Args:
        checkpoint: the result of `retraining.retrain` at one level, with a mask
            `<parameter>.kept` [M, ...] of every prunable parameter.

    Returns:
        The checkpoint, and packed masks "<criterion>/<scope>/<layer>": uint8
        [R, ceil(weights / 8)], of its R replicates.
    """
    names = prunable.tensors(checkpoint.network)
    masks: Arrays = {}
    for arm in dict.fromkeys(checkpoint.arms or []):
        if arm[0] != "none":
            own = checkpoint.of_arm(*arm).arrays
            kept = {name: own[parameter + KEPT] for name, parameter in names.items()}
            packed = selection.pack(kept)
            masks |= {"/".join([*arm[:2], name]): bits for name, bits in packed.items()}
    arrays = {k: v for k, v in checkpoint.arrays.items() if not k.endswith(KEPT)}
    return replace(checkpoint, arrays=arrays), masks
