"""Rows of the table: one arm of a fit, at a batch of levels, under all its noise (needs torch)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from prunescape import effects, levels, masks, metrics, noise
from prunescape.checkpoints import Checkpoint
from prunescape.masks import Arrays
from prunescape.scaling import intensities

Row = dict[str, Any]
Condition = tuple[str, str]


def rows(
    checkpoint: Checkpoint,
    kept: Sequence[Arrays | None],
    arm: Mapping[str, Any],
    conditions: Sequence[Sequence[Condition]],
    means: Arrays,
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
) -> list[Row]:
    """Evaluate an arm at its levels.

    Args:
        checkpoint: the fitted ensemble.
        kept: for each level layer -> boolean mask [R, out, in, ...], or None: nothing is removed.
        arm: criterion, scope, selection, schedule, effects and levels.
        conditions: for each level the (noise, noise level) pairs.
        means: layer -> mean inputs, read by the effect `compensate`.
        images: test images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        stream: first parts of the noise's stream: the run's seed and the data set.

    Returns:
        A row for each effect, level, replicate and condition: key columns from `criterion` on,
        values, and `revived_weights`.
    """
    device = images.device
    raw = intensities(images)
    cells = [
        _Cell(checkpoint, arm, effect, level, mask, plan, means, device)
        for effect in arm["effects"]
        for level, mask, plan in zip(arm["levels"], kept, conditions, strict=True)
    ]
    found = []
    for condition in dict.fromkeys(pair for plan in conditions for pair in plan):
        kind, level = condition
        corrupted = (
            raw
            if kind == "none"
            else torch.from_numpy(noise.corrupt(raw.cpu().numpy(), kind, level, *stream)).to(device)
        )
        for cell in cells:
            if condition in cell.plan:
                found += cell.measure(corrupted, labels, kind, level)
    return found


class _Cell:
    """An effect at a level: the ensemble as it is after pruning, and what its masks say."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        arm: Mapping[str, Any],
        effect: str,
        level: str,
        kept: Arrays | None,
        plan: Sequence[Condition],
        means: Arrays,
        device: torch.device,
    ) -> None:
        self.plan = [tuple(pair) for pair in plan]
        self._network = checkpoint.network
        self._scaling = checkpoint.scaling.to(device)
        self._parameters = checkpoint.parameters(device)
        weights = checkpoint.tensors(".weight", device)
        if kept is None:
            kept = {name: np.ones(weight.shape, dtype=bool) for name, weight in weights.items()}
        else:
            self._parameters = effects.apply(
                effect,
                self._network,
                self._parameters,
                {name: torch.from_numpy(mask).to(device) for name, mask in kept.items()},
                {name: torch.from_numpy(mean).to(device) for name, mean in means.items()},
            )
        self._key = {
            "criterion": arm["criterion"],
            "scope": arm["scope"],
            "selection": arm["selection"],
            "effect": effect,
            "schedule": arm["schedule"],
            "step": 0,
            "level": levels.number(level),
        }
        self._counts = list(self._count(kept, effect == "freeze"))
        self._replicates = checkpoint.replicates

    def _count(self, kept: Arrays, frozen: bool) -> Iterator[Row]:
        """Yield the size columns of every replicate, measured on the weights themselves."""
        layers = {name: self._parameters[f"{name}.weight"].detach().cpu().numpy() for name in kept}
        dead = masks.dead_units(kept)
        for r in range(len(dead)):
            by_layer = [int(mask[r].sum()) for mask in kept.values()]
            total = sum(mask[r].size for mask in kept.values())
            zeros = sum(int((layer[r] == 0).sum()) for layer in layers.values())
            revived = sum(int((layers[name][r][~kept[name][r]] != 0).sum()) for name in kept)
            yield {
                "total_weights": total,
                "kept_weights": sum(by_layer),
                "sparsity_actual": 0.0 if frozen else zeros / total,
                "frozen_weights": total - sum(by_layer) if frozen else 0,
                "min_layer_kept": min(by_layer),
                "kept_by_layer": " ".join(map(str, by_layer)),
                "dead_units": int(dead[r]),
                "revived_weights": 0 if frozen else revived,
            }

    def measure(
        self, images: torch.Tensor, labels: torch.Tensor, kind: str, level: str
    ) -> Iterator[Row]:
        """Yield a row for every replicate."""
        values = metrics.measure(self._network, self._parameters, self._scaling, images, labels)
        for r, replicate in enumerate(self._replicates):
            yield (
                self._key
                | {"replicate": replicate, "noise": kind, "noise_level": float(level)}
                | self._counts[r]
                | {"n_images": len(labels)}
                | {name: value[r] for name, value in values.items()}
            )
