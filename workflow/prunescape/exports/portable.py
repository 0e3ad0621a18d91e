"""One network of layers as files that others can read: safetensors and JSON (needs torch).

`<path>.safetensors` holds plain tensors: "1.weight" [out, in, ...], "1.bias" and those of the input
scaling. `<path>.json` holds the layers as the config writes them, the image's shape, and the
network's origin. Images are intensities in [0, 1].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prunescape.exports import members
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.foundations.files import Arrays
from prunescape.networks.network import Network, Weighted
from prunescape.networks.scaling import Scaling

FORMAT = 1


@dataclass(frozen=True)
class Portable:
    """One network.

    Attributes:
        layers: the layers as in the config.
        image: shape of an image [C, H, W].
        scaling: input scaling.
        arrays: parameter name -> values, without a replicate axis.
        origin: the table's key columns for the network: study, network, fit, ..., replicate.
    """

    layers: Sequence[Mapping[str, Any]]
    image: tuple[int, ...]
    scaling: Scaling
    arrays: Arrays
    origin: Mapping[str, Any]

    @property
    def network(self) -> Network:
        """The network."""
        return Network(self.layers, self.scaling.shape(self.image))

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Layer -> weight [out, in, ...]."""
        return {layer.name: self.arrays[f"{layer.name}.weight"] for layer in self.network.weighted}

    @property
    def prunable(self) -> list[str]:
        """The names in `arrays` of the weights that may be pruned."""
        return [f"{layer.name}.weight" for layer in self.network.weighted]

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [N, classes] of images [N, C, H, W]."""
        return self.network.logits(self.scaling(images)[None], self._parameters())[0]

    def multiply_adds(self) -> dict[str, tuple[int, int]]:
        """Return layer -> multiply-adds for an image, with all weights and with nonzero weights.

        A convolution uses a weight once for every position of its window.
        """
        positions: dict[str, int] = {}

        def observe(layer: Weighted, inputs: torch.Tensor) -> None:
            positions[layer.name] = layer.windows(inputs).shape[2]

        blank = self.scaling(torch.zeros(1, *self.image))[None]
        self.network.logits(blank, self._parameters(), observe=observe)
        return {
            name: (weight.size * positions[name], int(np.count_nonzero(weight)) * positions[name])
            for name, weight in self.weights.items()
        }

    def _parameters(self) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(value)[None] for name, value in self.arrays.items()}

    def save(self, path: str | Path) -> None:
        """Write the two files."""
        stem = str(path)
        files.write_tensors(f"{stem}.safetensors", self.arrays | self.scaling.arrays(), {})
        described = {
            "format": FORMAT,
            "layers": [dict(layer) for layer in self.layers],
            "image": list(self.image),
            "origin": dict(self.origin),
        }
        files.write_json(f"{stem}.json", described)

    @classmethod
    def load(cls, path: str | Path) -> "Portable":
        """Read the two files; ValueError names a file that `save` can't have written."""
        described = files.read_json(f"{path}.json")
        arrays, _ = files.read_tensors(f"{path}.safetensors")
        if not isinstance(described, dict) or described.get("format") != FORMAT:
            raise ValueError(f"{path}.json: not an exported network of format {FORMAT}")
        try:
            found = cls(
                described["layers"],
                tuple(described["image"]),
                Scaling.from_arrays(arrays),
                {name: array for name, array in arrays.items() if not name.startswith("scaling.")},
                described["origin"],
            )
        except KeyError as error:
            raise ValueError(f"{path}: exported network without {error}") from None
        for name, shape in found.network.shapes.items():
            if name not in found.arrays or found.arrays[name].shape != shape:
                raise ValueError(f"{path}.safetensors: {name} is missing or not of shape {shape}")
        return found


def of_member(
    checkpoint: Checkpoint,
    replicate: int,
    kept: Arrays | None,
    effect: str,
    means: Mapping[str, torch.Tensor],
    origin: Mapping[str, Any],
    trained_on: torch.Tensor | None = None,
    own_effects: Mapping[str, str] | None = None,
) -> Portable:
    """Return a replicate's network after pruning.

    Other arguments as `members.arrays` has them; `origin`: see `Portable`.

    Raises:
        ValueError: if the checkpoint lacks the replicate, or the network is a user's module.
    """
    if isinstance(checkpoint.layers, str):
        raise ValueError(f"found {checkpoint.layers}; allowed: a network that is a list of layers")
    given = checkpoint, replicate, kept, effect, means, trained_on, own_effects
    arrays = members.arrays(*given)
    names = iter(layer.name for layer in checkpoint.network.weighted)
    layers = []
    for layer in checkpoint.layers:
        plain = {key: value for key, value in layer.items() if key != "nonzero"}
        if "units" in layer or "filters" in layer:
            plain["bias"] = f"{next(names)}.bias" in arrays
        layers.append(plain)
    return Portable(layers, checkpoint.image, checkpoint.scaling, arrays, origin)
