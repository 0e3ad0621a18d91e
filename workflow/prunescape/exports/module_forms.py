"""The forms of one pruned network that is a user's module (needs torch).

Dense and masked; where whole units go, also without them: compact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from prunescape.exports import member_masks, members, module_onnx, module_states, portable_modules
from prunescape.exports.portable_modules import PortableModule
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.networks import coupled_units, module_shrinking, module_units
from prunescape.networks.module_network import ModuleNetwork

TOLERANCE = 1e-4
"""Difference of logits, relative to the largest; orders of summation differ."""
SAME = 1e-5
"""The same, between a module with zeros and one without these units."""


def forms(
    fitted: Checkpoint,
    pruned: Checkpoint,
    packed: Arrays,
    replicates: Sequence[int],
    means: Mapping[str, Any],
    origin: Mapping[str, Any],
    trained_on: torch.Tensor | None = None,
    whole_units: bool = False,
) -> tuple[dict[str, PortableModule], float]:
    """Return one network in both forms, and the share of its weights that is removed.

    Arguments as `forms.forms` has them, and `trained_on`: training images [N, C, H, W], read by the
    effect `recalibrate`; `whole_units`: whether the scope removes these, as neuron does. Returns
    "dense", "masked" and, if so, "compact" -> the network.

    Raises:
        ValueError: as `of_member` and `module_units.found`.
    """
    kept = member_masks.kept(pruned, packed, replicates, origin)
    replicate = origin["replicate"]
    found = {
        "dense": of_member(fitted, replicate, None, "none", {}, origin),
        "masked": of_member(pruned, replicate, kept, origin["effect"], means, origin, trained_on),
    }
    if whole_units:
        place = pruned.replicates.index(replicate)
        own = {layer: mask[place] for layer, mask in kept.items()}
        found["compact"] = compact(found["masked"], own)
    return found, member_masks.removed(kept, pruned, replicate)


def compact(masked: PortableModule, kept: Arrays) -> PortableModule:
    """Return a module without the units whose weights are all removed.

    Args:
        masked: the module with zeros in their place.
        kept: layer -> boolean mask [out, in, ...].

    Raises:
        ValueError: if the module has no units that can go as a whole.
    """
    network = masked.network
    units = module_units.found(network, masked.scaling.shape(masked.image))
    gone = [coupled_units.gone(each, kept) for each in units]
    biases = {f"{layer.name}.bias": layer.parameter("bias") for layer in network.weighted}
    paths = network.paths | {k: path for k, path in biases.items() if path in masked.added}
    there = {name: path for name, path in paths.items() if path in masked.arrays}
    arrays = {name: masked.arrays[path] for name, path in there.items()}
    left = module_shrinking.smaller(network, arrays, units, gone)
    smaller = {there[name]: value for name, value in left.arrays.items()}
    return replace(masked, arrays=masked.arrays | smaller, groups=left.groups)


def of_member(
    checkpoint: Checkpoint,
    replicate: int,
    kept: Arrays | None,
    effect: str,
    means: Mapping[str, torch.Tensor],
    origin: Mapping[str, Any],
    trained_on: torch.Tensor | None = None,
    own_effects: Mapping[str, str] | None = None,
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
    given = checkpoint, replicate, kept, effect, means, trained_on, own_effects
    arrays = members.arrays(*given)
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
    for old in folder.glob("compact.*"):
        old.unlink()
    if why_not := _unlike(found):
        lines.append(f"no compact form: {why_not}")
        found = {form: model for form, model in found.items() if form != "compact"}
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


def _unlike(found: Mapping[str, PortableModule]) -> str:
    """Return why a compact form is no replacement of the masked one; "" if it is, or is none."""
    if "compact" not in found:
        return ""
    images = torch.rand(3, *found["masked"].image, generator=torch.Generator().manual_seed(0))
    expected = found["masked"].logits(images)
    try:
        logits = found["compact"].logits(images)
    except ValueError as error:  # of code that takes sizes for granted, or without any unit left
        return str(error)
    most = max(1.0, float(expected.abs().max()))
    same = torch.allclose(logits, expected, rtol=0, atol=SAME * most)
    return "" if same else "it has other logits than the masked one"


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
