"""One network of an ensemble that is a torch module, as files for plain torch (needs torch).

`<path>.safetensors` holds the module's state_dict() under the user's own names, so this loads it
where nothing of this library is installed:

    module.load_state_dict(safetensors.torch.load_file("<path>.safetensors"))

A smaller module, `compact`, has smaller tensors; docs/your-model.md shows how they are put in.
`<path>.json` says which class or function makes the module, and of which version its code is; the
image's shape, the input scaling and the network's origin. Images are intensities in [0, 1], the
module takes (images - mean) / std.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from prunescape.exports import module_states
from prunescape.foundations import files, local_imports, network_names
from prunescape.foundations.files import Arrays
from prunescape.foundations.messages import few
from prunescape.networks import module_attention
from prunescape.networks.ensembles import DTYPES
from prunescape.networks.module_errors import paths_of, telling
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import Scaling

FORMAT = 1


@dataclass(frozen=True)
class PortableModule:
    """One network that is a user's module.

    Attributes:
        named: what makes the module, as `network_names` has it, such as path/to/file.py:name.
        code: the version of its code, as `code` returns it.
        image: shape of an image [C, H, W].
        scaling: input scaling.
        arrays: the module's state_dict(): name -> values.
        added: names among them that the module as its code makes it doesn't have: biases that the
            effect `compensate` gives to layers without one. `load_state_dict` takes them once each
            such layer's `bias` is an nn.Parameter.
        origin: the table's key columns for the network: study, network, fit, ..., replicate.
        without_onnx: why there is no ONNX file beside the others; "" if there is.
        groups: path -> groups of the convolutions that have another number of them than in the
            code: those of single channels, in a module with fewer units.
    """

    named: str
    code: Mapping[str, str]
    image: tuple[int, ...]
    scaling: Scaling
    arrays: Arrays
    added: tuple[str, ...]
    origin: Mapping[str, Any]
    without_onnx: str = ""
    groups: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def network(self) -> ModuleNetwork:
        """The network, as the library runs it."""
        return ModuleNetwork(self.named, self.scaling.shape(self.image))

    @property
    def prunable(self) -> list[str]:
        """The names in `arrays` of the weights that may be pruned, in running order."""
        return [layer.parameter("weight") for layer in self.network.weighted]

    def module(self) -> nn.Module:
        """Return the user's module with this network's numbers, for scaled images, in evaluation.

        Raises:
            ValueError: if the module doesn't take them as its state_dict.
        """
        dtype = self.scaling.scale.dtype
        return module_states.read(self.network, self.arrays, self.added, dtype, self.groups)

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [N, classes] of images [N, C, H, W], as the user's module computes them."""
        module = self.module()
        with telling(self.named, "can't be run as it was exported", paths_of(module)):
            logits: torch.Tensor = module(self.scaling(images))
        return logits

    @torch.no_grad()
    def multiply_adds(self) -> dict[str, tuple[int, int]]:
        """Return layer -> multiply-adds for an image, with all weights and with nonzero weights.

        Of the layers that may be pruned alone: neither of frozen ones nor of what other modules
        compute, such as attention and norms. A layer uses a weight once a position and call.
        """
        network, module = self.network, self.module()
        module_attention.convert(module, self.scaling.shape(self.image))
        weights = {each.name: self.arrays[each.parameter("weight")] for each in network.weighted}
        positions: Counter[str] = Counter()

        def look(name: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
            def count(_layer: nn.Module, _given: Any, outputs: torch.Tensor) -> None:
                positions[name] += outputs.numel() // len(weights[name])

            return count

        for layer in network.weighted:
            module.get_submodule(layer.path).register_forward_hook(look(layer.name))
        with network.slowly():
            module(self.scaling(torch.zeros(1, *self.image)))
        return {
            name: (weight.size * positions[name], int(np.count_nonzero(weight)) * positions[name])
            for name, weight in weights.items()
        }

    def save(self, path: str | Path) -> None:
        """Write the two files."""
        files.write_tensors(f"{path}.safetensors", self.arrays, {})
        described = {
            "format": FORMAT,
            "module": self.named,
            "code": dict(self.code),
            "image": list(self.image),
            "scaling": _described(self.scaling),
            "prunable": self.prunable,
            "added": list(self.added),
            "origin": dict(self.origin),
            "without_onnx": self.without_onnx,
            "groups": dict(self.groups),
        }
        files.write_json(f"{path}.json", described)

    @classmethod
    def load(cls, path: str | Path) -> "PortableModule":
        """Read the two files and run the file of the module, which is seen from the working folder.

        Raises:
            ValueError: if `save` can't have written the files, or the module's code isn't there or
                is another than was exported.
        """
        described = files.read_json(f"{path}.json")
        arrays, _ = files.read_tensors(f"{path}.safetensors")
        if not isinstance(described, dict) or described.get("format") != FORMAT:
            raise ValueError(f"{path}.json: not an exported network of format {FORMAT}")
        try:
            found = cls(
                str(described["module"]),
                dict(described["code"]),
                tuple(map(int, described["image"])),
                _scaling(described["scaling"]),
                arrays,
                tuple(map(str, described["added"])),
                dict(described["origin"]),
                str(described["without_onnx"]),
                {str(path): int(number) for path, number in described.get("groups", {}).items()},
            )
        except KeyError as error:
            raise ValueError(f"{path}.json: exported network without {error}") from None
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise ValueError(f"{path}.json: exported network with values of another kind") from None
        there = code(found.named)
        changed = [
            each for each in {**found.code, **there} if found.code.get(each) != there.get(each)
        ]
        if changed:
            raise ValueError(
                f"{path}.json: {few(changed)} of {found.named} is another than was exported; "
                "allowed: the same"
            )
        found.module()
        return found


def code(named: str) -> dict[str, str]:
    """Return of which version a network's code is.

    For a file of the user: file -> SHA-256, for it and what it imports from its folder, named as
    they are seen from there. For torchvision: its name -> its version.
    """
    found = network_names.split(named)
    if not found.is_file:
        return {found.place: metadata.version(found.place)}
    file, library = Path(found.place).resolve(), local_imports.LIBRARY
    own = [each for each in local_imports.closure(file) if not each.is_relative_to(library)]
    return {os.path.relpath(each, file.parent): files.sha256(each) for each in sorted(own)}


def _described(scaling: Scaling) -> dict[str, Any]:
    """Return a scaling as JSON; nested as they are, the lists are broadcast over images."""
    found: dict[str, Any] = {"mean": scaling.shift.tolist(), "std": scaling.scale.tolist()}
    if scaling.features is not None:
        found["pixels"] = scaling.features.tolist()
    return found | {"dtype": str(scaling.scale.dtype).removeprefix("torch.")}


def _scaling(described: Mapping[str, Any]) -> Scaling:
    """Undo `_described`."""
    dtype, pixels = DTYPES[described["dtype"]], described.get("pixels")
    shift, scale = (torch.tensor(described[name], dtype=dtype) for name in ("mean", "std"))
    return Scaling(shift, scale, None if pixels is None else torch.tensor(pixels))
