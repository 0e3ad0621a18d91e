"""Checkpoints: an ensemble on disk, with all that is needed to run it (needs torch).

A checkpoint is a safetensors file with parameters [R, ...] and the input scaling. Its metadata
names the network's layers, the image's shape, the replicates, the data files that were opened to
fit it, and the replicates of its block that are missing because their training diverged.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from prunescape.fitting import divergence
from prunescape.fitting.divergence import Divergence
from prunescape.foundations import files
from prunescape.foundations.messages import one_line
from prunescape.networks.architectures import Definition, network
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.scaling import Scaling

FORMAT = 1
MOVEMENT = ".movement"
"""Ending of the name of a parameter's sum of -w g over a training that collected it."""


@dataclass(frozen=True)
class Checkpoint:
    """A fitted ensemble.

    Attributes:
        layers: the network as in the config: a list of layers, or path/to/file.py:name.
        image: shape of an image [C, H, W].
        scaling: input scaling.
        arrays: parameter or buffer name -> [R, ...]; `<weight>.sigma` beside the means of a
            variational fit, `<parameter>.noise` and `noise.t` beside the weights of preconditioned
            SGD, `<parameter>.movement` where a criterion reads it, `history.<name>` [R, epochs] of
            what was trained (`history_names`).
        replicates: the replicate numbers of the members.
        fitted_on: split -> SHA-256 of the data files that were opened for training.
        arms: after retraining, (criterion, scope, effect, level) for every member; else None.
        diverged: the replicates of the block that are not among `replicates`.
    """

    layers: Definition
    image: tuple[int, ...]
    scaling: Scaling
    arrays: dict[str, np.ndarray]
    replicates: list[int]
    fitted_on: dict[str, str]
    arms: list[tuple[str, ...]] | None = None
    diverged: tuple[Divergence, ...] = ()

    @property
    def network(self) -> ReplicatedNetwork:
        """The network of the members."""
        return network(self.layers, self.scaling.shape(self.image))

    def tensors(self, suffix: str, device: torch.device) -> dict[str, torch.Tensor]:
        """Return layer -> the arrays called `<layer><suffix>`, on a device."""
        return {
            layer.name: torch.as_tensor(self.arrays[layer.name + suffix], device=device)
            for layer in self.network.weighted
        }

    def parameters(self, device: torch.device) -> dict[str, torch.Tensor]:
        """Return weights (of a posterior: their means), biases and buffers on a device."""
        built = self.network
        names = [*built.shapes, *built.buffers]
        return {name: torch.as_tensor(self.arrays[name], device=device) for name in names}

    def of_arm(self, *arm: str) -> "Checkpoint":
        """Return the members of one arm; `arm` holds the first parts of its entry in `arms`."""
        chosen = [i for i, name in enumerate(self.arms or []) if name[: len(arm)] == arm]
        if not chosen:
            raise ValueError(f"the checkpoint has no member of the arm {' / '.join(arm)}")
        return replace(
            self,
            arrays={name: array[chosen] for name, array in self.arrays.items()},
            replicates=[self.replicates[i] for i in chosen],
            arms=None,
        )

    def save(self, path: str) -> None:
        """Write the checkpoint."""
        metadata = {
            "format": FORMAT,
            "layers": self.layers
            if isinstance(self.layers, str)
            else [dict(layer) for layer in self.layers],
            "image": list(self.image),
            "replicates": self.replicates,
            "fitted_on": self.fitted_on,
            "arms": self.arms,
        }
        if self.diverged:  # no entry without divergence, so that a file's bytes stay the same
            named = (replace(each, checkpoint=each.checkpoint or path) for each in self.diverged)
            metadata["diverged"] = divergence.records(named)
        files.write_tensors(path, self.arrays | self.scaling.arrays(), metadata)

    @classmethod
    def load(cls, path: str) -> "Checkpoint":
        """Read a checkpoint; ValueError names the file if it isn't one of this version."""
        arrays, metadata = files.read_tensors(path)
        if metadata.get("format") != FORMAT:
            raise ValueError(
                f"{path}: checkpoint of format {metadata.get('format')}, expected {FORMAT}"
            )
        replicates = files.members(path, metadata)
        if not isinstance(metadata.get("fitted_on", {}), dict):
            raise ValueError(f"{path}: checkpoint with metadata of another kind (fitted_on)")
        try:
            checkpoint = cls(
                metadata["layers"],
                tuple(metadata["image"]),
                Scaling.from_arrays(arrays),
                {name: array for name, array in arrays.items() if not name.startswith("scaling.")},
                replicates,
                metadata["fitted_on"],
                metadata["arms"] and [tuple(arm) for arm in metadata["arms"]],
                tuple(Divergence.of(each) for each in metadata.get("diverged", ())),
            )
            built = checkpoint.network
        except KeyError as error:
            raise ValueError(f"{path}: checkpoint without {error}") from None
        except (TypeError, AttributeError, RuntimeError) as error:
            text = one_line(error)
            raise ValueError(f"{path}: checkpoint with metadata of another kind ({text})") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        expected = {**built.shapes, **built.buffers}
        missing = expected.keys() - checkpoint.arrays.keys()
        if missing:
            raise ValueError(f"{path}: checkpoint without {sorted(missing)}")
        for name, shape in expected.items():
            found = checkpoint.arrays[name].shape[1:]
            if found != shape:
                raise ValueError(
                    f"{path}: checkpoint of another network: {name} is {list(found)}, expected "
                    f"{list(shape)}"
                )
        members = len(replicates)
        for name, array in checkpoint.arrays.items():
            # Arrays beside the parameters, such as a deviation, may hold NaN or infinity.
            unsound = name in built.shapes and not np.isfinite(array).all()
            if array.shape[:1] != (members,) or unsound:
                raise ValueError(
                    f"{path}: damaged checkpoint: {name} is {list(array.shape)}, expected finite "
                    f"numbers of {members} members"
                )
        return checkpoint
