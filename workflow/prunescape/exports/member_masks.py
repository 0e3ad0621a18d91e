"""The masks under which a network of an ensemble is exported (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable
from prunescape.pruning import arm_masks, selection


def kept(
    pruned: Checkpoint, packed: Arrays, replicates: Sequence[int], origin: Mapping[str, Any]
) -> Arrays:
    """Return layer -> the masks [R, out, in, ...] of an arm, for the replicates of `pruned`.

    Args:
        pruned: the ensemble under masks.
        packed: masks of all arms, bit-packed.
        replicates: the masks' replicates.
        origin: the table's key columns of the network; criterion and scope are read.

    Raises:
        ValueError: if the masks lack a replicate of `pruned`.
    """
    packed = arm_masks.of_replicates(packed, replicates, pruned.replicates)
    of_arm = arm_masks.layers_of(packed, origin["criterion"], origin["scope"])
    return selection.unpack(of_arm, prunable.shapes(pruned.network))


def removed(masks: Arrays, pruned: Checkpoint, replicate: int) -> float:
    """Return which share of a replicate's weights masks remove: removed weights / weights."""
    r = pruned.replicates.index(replicate)
    total = sum(mask[r].size for mask in masks.values())
    gone: int = sum(int(np.count_nonzero(~mask[r])) for mask in masks.values())
    return float(gone / total)
