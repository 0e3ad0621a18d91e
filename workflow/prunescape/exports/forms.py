"""The forms of one pruned network of layers: dense, masked, physically smaller (needs torch)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prunescape.exports import compacting, member_masks, onnx_files, portable
from prunescape.exports.portable import Portable
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays


def forms(
    fitted: Checkpoint,
    pruned: Checkpoint,
    packed: Arrays,
    replicates: Sequence[int],
    means: Mapping[str, Any],
    origin: Mapping[str, Any],
) -> tuple[dict[str, Portable], float]:
    """Return one network in all forms, and the share of its weights that is removed.

    Args:
        fitted: the ensemble that was pruned.
        pruned: the ensemble under masks: after retraining, or `fitted`.
        packed: masks of all arms, bit-packed.
        replicates: the masks' replicates.
        means: layer -> mean inputs, which the effect `compensate` reads.
        origin: the table's key columns of the network, study to replicate.

    Returns:
        "dense", "masked" and "compact" -> the network; removed weights / weights.
    """
    kept = member_masks.kept(pruned, packed, replicates, origin)
    replicate, effect = origin["replicate"], origin["effect"]
    masked = portable.of_member(pruned, replicate, kept, effect, means, origin)
    found = {
        "dense": portable.of_member(fitted, replicate, None, "none", {}, origin),
        "masked": masked,
        "compact": compacting.compact(masked),
    }
    return found, member_masks.removed(kept, pruned, replicate)


def save(found: Mapping[str, Portable], folder: Path) -> None:
    """Write each form as safetensors with a JSON beside it, and as ONNX."""
    for form, model in found.items():
        model.save(folder / form)
        onnx_files.write(model, folder / f"{form}.onnx")
