"""The forms of one pruned network that is a user's module: dense and masked (needs torch)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from prunescape.exports import member_masks, members, module_onnx, module_states, portable_modules
from prunescape.exports.portable_modules import PortableModule
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.networks.module_network import ModuleNetwork

TOLERANCE = 1e-4
"""Difference of logits, relative to the largest; orders of summation differ."""


def forms(
    fitted: Checkpoint,
    pruned: Checkpoint,
    packed: Arrays,
    replicates: Sequence[int],
    means: Mapping[str, Any],
    origin: Mapping[str, Any],
    trained_on: torch.Tensor | None = None,
) -> tuple[dict[str, PortableModule], float]:
    """Return one network in both forms, and the share of its weights that is removed.

    Arguments as `forms.forms` has them, and `trained_on`: training images [N, C, H, W], read by the
    effect `recalibrate`. Returns "dense" and "masked" -> the network.
    """
    kept = member_masks.kept(pruned, packed, replicates, origin)
    replicate = origin["replicate"]
    found = {
        "dense": of_member(fitted, replicate, None, "none", {}, origin),
        "masked": of_member(pruned, replicate, kept, origin["effect"], means, origin, trained_on),
    }
    return found, member_masks.removed(kept, pruned, replicate)


def of_member(
    checkpoint: Checkpoint,
    replicate: int,
    kept: Arrays | None,
    effect: str,
    means: Mapping[str, torch.Tensor],
    origin: Mapping[str, Any],
    trained_on: torch.Tensor | None = None,
) -> PortableModule:
    """Return a replicate's network after pruning; arguments as `members.arrays` has them.

    Raises:
        ValueError: if the checkpoint lacks the replicate, the network is no module, its state_dict
            isn't made of tensors, or a new module that has loaded it has other logits than the
            replicate.
    """
    network = checkpoint.network
    if not isinstance(network, ModuleNetwork):
        raise ValueError("found a network that is a list of layers; allowed: path/to/file.py:name")
    arrays = members.arrays(checkpoint, replicate, kept, effect, means, trained_on)
    found = PortableModule(
        network.named,
        portable_modules.code(network.named),
        checkpoint.image,
        checkpoint.scaling,
        module_states.written(network, arrays, checkpoint.scaling.scale.dtype),
        tuple(module_states.added(network, arrays).values()),
        origin,
    )
    _check(found, network, arrays)
    return found


def save(found: Mapping[str, PortableModule], folder: Path) -> list[str]:
    """Write each form as safetensors with a JSON beside it, and as ONNX where torch can.

    Returns:
        What the reader of the log is to know, a line each.
    """
    lines = []
    for form, model in found.items():
        why_not = module_onnx.write(model, folder / f"{form}.onnx")
        replace(model, without_onnx=why_not).save(folder / form)
        if why_not:
            lines.append(f"{form}: no ONNX file: {why_not}")
        if model.added:
            lines.append(
                f"{form}: {model.named} has no {', '.join(model.added)}: load_state_dict takes "
                "the file once each such layer's bias is an nn.Parameter"
            )
    return lines


def _check(model: PortableModule, network: ModuleNetwork, arrays: Arrays) -> None:
    """Raise ValueError if the module from the state_dict has other logits than the replicate."""
    images = torch.rand(3, *model.image, generator=torch.Generator().manual_seed(0))
    parameters = {name: torch.as_tensor(value)[None] for name, value in arrays.items()}
    with torch.no_grad():
        (expected,) = network.logits(model.scaling(images)[None], parameters)
    found = model.logits(images)
    most = max(1.0, float(expected.abs().max()))
    if not torch.allclose(found, expected, rtol=0, atol=TOLERANCE * most):
        raise ValueError(
            f"exports: {model.named}, made anew with its exported state_dict, has other logits "
            f"than in the run, {found[0, 0]:.6g} instead of {expected[0, 0]:.6g}: its forward "
            "reads what no state_dict has; allowed: persistent buffers"
        )
