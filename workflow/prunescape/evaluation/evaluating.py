"""Evaluates one arm of a fit, at a batch of levels, under all its noise (needs torch)."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from prunescape.evaluation import input_noise, metrics
from prunescape.evaluation.ending import End
from prunescape.fitting import divergence
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import levels, scratch, streams
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable, sparse_products
from prunescape.networks.network import Affine, Parameters
from prunescape.networks.scaling import intensities
from prunescape.networks.weight_uses import weight_uses
from prunescape.pipeline.scopes import GROUPED, Scope
from prunescape.pruning import effects, groups, selection
from prunescape.pruning.arm_masks import layers_of, of_replicates

Row = dict[str, Any]
Condition = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """An ensemble at a point of an arm, with one effect.

    Attributes:
        checkpoint: the R members; after retraining, if the schedule trains.
        key: criterion, scope, selection, effect, schedule, step and level of the rows.
        kept: layer -> boolean mask [R, out, in, ...], or None if nothing is removed.
        scope: the scope.
        within: numbers of the layers in which the scope counts.
        retrained: whether the weights already include the effect.
        conditions: the (noise, noise level) pairs.
    """

    checkpoint: Checkpoint
    key: Row
    kept: Arrays | None
    scope: Scope
    within: Sequence[str]
    retrained: bool
    conditions: Sequence[Condition]


@dataclass(frozen=True)
class Sampling:
    """How posteriors are sampled for their predictive average.

    Attributes:
        number: samples of the weights that are averaged.
        stream: first parts of the samples' streams: the run's seed and the study.
    """

    number: int
    stream: tuple[int | str, ...]


def cases(
    checkpoint: Checkpoint,
    retrained: Sequence[Checkpoint],
    packed: Sequence[tuple[Arrays, Sequence[int]]],
    arm: Mapping[str, Any],
    conditions: Sequence[Sequence[Sequence[str]]],
) -> list[Case]:
    """Return the cases of an arm: every effect at every point.

    Args:
        checkpoint: the fitted ensemble, which is evaluated if the arm's schedule trains nothing.
        retrained: the ensembles after retraining: one that holds all points, or one a point.
        packed: for every point, packed masks "<criterion>/<scope>/<layer>" and the replicates that
            they belong to; empty for a dense arm.
        arm: criterion, scope, within (the fields of its `Scope`), selection, schedule, effects and
            points [[step, level], ...].
        conditions: for every point, the (noise, noise level) pairs.
    """
    shapes = prunable.shapes(checkpoint.network)
    names = ("criterion", "scope", "selection", "schedule")
    scope = Scope(*arm["within"])
    within = scope.layers(prunable.paths(checkpoint.network), arm["scope"])
    found = []
    for effect, (index, (step, level)) in product(arm["effects"], enumerate(arm["points"])):
        ensemble, kept = checkpoint, None
        if retrained:
            trained = retrained[index if len(retrained) > 1 else 0]
            ensemble = trained.of_arm(arm["criterion"], arm["scope"], effect, level)
        if packed:
            bits, has = packed[index]
            mine = of_replicates(bits, has, ensemble.replicates)
            kept = selection.unpack(layers_of(mine, arm["criterion"], arm["scope"]), shapes)
        key = {name: arm[name] for name in names} | {"effect": effect, "step": step, "level": level}
        pairs = [(kind, noise_level) for kind, noise_level in conditions[index]]
        found.append(Case(ensemble, key, kept, scope, within, bool(retrained), pairs))
    return found


def missing(cases: Sequence[Case]) -> list[Row]:
    """Return the replicates that can't be evaluated because a training of theirs diverged.

    A row holds the key from criterion to replicate, and `divergence`, the record of the training.
    """
    return [
        case.key
        | {"level": levels.number(case.key["level"]), "replicate": each["replicate"]}
        | {"divergence": each}
        for case in cases
        for each in divergence.records(case.checkpoint.diverged)
    ]


def left_out(cases: Sequence[Case], rows: Sequence[Row]) -> list[Row]:
    """Return the networks that an `End` kept from being evaluated: criterion to replicate."""
    names = ("effect", "step", "level")
    found = {tuple(row[name] for name in names) for row in rows}
    numbered = [(case, case.key | {"level": levels.number(case.key["level"])}) for case in cases]
    return [
        key | {"replicate": replicate}
        for case, key in numbered
        if case.conditions and tuple(key[name] for name in names) not in found
        for replicate in case.checkpoint.replicates
    ]


def rows(
    cases: Sequence[Case],
    means: Mapping[str, torch.Tensor],
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
    own_noises: Mapping[str, str] | None = None,
    sampling: Sampling | None = None,
    trained_on: torch.Tensor | None = None,
    own_effects: Mapping[str, str] | None = None,
    end: End | None = None,
) -> list[Row]:
    """Evaluate ensembles under their noise.

    Args:
        cases: what to evaluate.
        means: layer -> mean inputs on the images' device, read by the effect `compensate` alone.
        images: test images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        stream: first parts of the noise's stream: the run's seed and the data set.
        own_noises: the user's kinds of noise, as in `input_noise.corrupt`.
        sampling: how to sample the weights of posteriors; None or 0 samples: not at all.
        trained_on: training images [N, C, H, W] on the same device, read by the effect
            `recalibrate` and `reconstruct`, and the user's that need second moments.
        own_effects: the user's effects, as in `effects.apply`.
        end: leaves out cases that come after one that lost too much; None: none. Clean images are
            the first condition of all cases then.

    Returns:
        A row for every case, condition and replicate, and where weights are sampled a second one:
        key columns from `criterion` on, values, and
        the columns `table.CHECKED`, and `outcomes` and `bins` as of `metrics.measure`.
    """
    raw = _raw(images)
    measured = {} if trained_on is None else _measured(cases, trained_on)

    @functools.cache  # so late that a case which is left out isn't pruned
    def pruned(number: int) -> _Pruned:
        case = cases[number]
        return _Pruned(
            case, means, measured.get(id(case.checkpoint)), own_effects, intensities(raw[:2])
        )

    found: list[Row] = []
    for condition in dict.fromkeys(pair for case in cases for pair in case.conditions):
        kind, level = condition
        corrupted = raw
        if kind != "none":
            noisy = input_noise.corrupt(raw.cpu().numpy(), kind, level, *stream, own=own_noises)
            corrupted = torch.from_numpy(noisy).to(images.device)
        for number, case in enumerate(cases):
            if condition not in case.conditions or (end and end.leaves_out(case.key)):
                continue
            own = list(pruned(number).measure(corrupted, labels, kind, level))
            if sampling and sampling.number:
                own += pruned(number).average(corrupted, labels, kind, level, sampling)
            if end and kind == "none":
                end.note(case.key, own)
            found += own
    return found


def _raw(images: torch.Tensor) -> torch.Tensor:
    """Return intensities, once for all cases; of large images themselves, whose copy is larger."""
    large = scratch.large(images.numel() * torch.float32.itemsize)
    return images if large and images.device.type == "cpu" else intensities(images)


def _measured(cases: Sequence[Case], trained_on: torch.Tensor) -> dict[int, effects.Training]:
    """Return id of a checkpoint -> what is measured on its training images, once for all cases."""
    checkpoints = {id(case.checkpoint): case.checkpoint for case in cases}
    return {
        key: effects.Training(trained_on, each.scaling.to(trained_on.device))
        for key, each in checkpoints.items()
    }


class _Pruned:
    """A case's ensemble after pruning, and the sizes that its masks leave."""

    def __init__(
        self,
        case: Case,
        means: Mapping[str, torch.Tensor],
        training: effects.Training | None,
        own_effects: Mapping[str, str] | None,
        few_images: torch.Tensor,
    ) -> None:
        checkpoint, effect, device = case.checkpoint, case.key["effect"], few_images.device
        self._network = checkpoint.network
        self._scaling = checkpoint.scaling.to(device)
        self._parameters = checkpoint.parameters(device)
        kept = case.kept
        if kept is None:
            weights = checkpoint.tensors(".weight", device)
            kept = {name: np.ones(weight.shape, dtype=bool) for name, weight in weights.items()}
        elif not case.retrained:
            self._parameters = effects.apply(
                effect,
                self._network,
                self._parameters,
                {name: torch.from_numpy(mask).to(device) for name, mask in kept.items()},
                means,
                training,
                own_effects,
            )
        self._affine = sparse_products.affine(self._network, self._parameters)
        self._key = case.key | {"level": levels.number(case.key["level"])}
        self._scope = case.scope
        self._uses = weight_uses(self._network, self._parameters, self._scaling(few_images)[None])
        self._within = [int(layer.name in case.within) for layer in self._network.weighted]
        self._counts = list(self._count(kept, effect == "freeze"))
        self._spreads = _spreads(checkpoint, kept, effect == "freeze", device)
        self._replicates = checkpoint.replicates

    def _count(self, kept: Arrays, frozen: bool) -> Iterator[Row]:
        """Yield the size columns of every replicate, measured on the weights themselves."""
        tensors = {
            name: self._parameters[parameter].detach().cpu().numpy()
            for name, parameter in prunable.tensors(self._network).items()
        }
        every, kept = kept, {layer.name: kept[layer.name] for layer in self._network.weighted}
        layers = {name: tensors[name] for name in kept}  # the columns count weights, not biases
        dead = selection.dead_units(kept, chained=self._network.chained)
        for r in range(len(dead)):
            by_layer = [int(mask[r].sum()) for mask in kept.values()]
            total = sum(mask[r].size for mask in kept.values())
            zeros = sum(int((layer[r] == 0).sum()) for layer in layers.values())
            revived = sum(int((tensors[n][r][~mask[r]] != 0).sum()) for n, mask in every.items())
            yield {
                "total_weights": total,
                "kept_weights": sum(by_layer),
                "sparsity_actual": 0.0 if frozen else zeros / total,
                "frozen_weights": total - sum(by_layer) if frozen else 0,
                "min_layer_kept": min(by_layer),
                "kept_by_layer": " ".join(map(str, by_layer)),
                "dead_units": int(dead[r]),
                "multiply_adds": sum(
                    uses * (kept[name][r].size if frozen else int(kept[name][r].sum()))
                    for name, uses in self._uses.items()
                ),
                "revived_weights": 0 if frozen else revived,
                "kept_by_unit": " ".join(_fewest_and_most(mask[r]) for mask in kept.values()),
                "within_scope": " ".join(map(str, self._within)),
                "kept_by_group": " ".join(self._groups([mask[r] for mask in kept.values()])),
            }

    def _groups(self, masks: Sequence[np.ndarray]) -> Iterator[str]:
        """Yield "<broken>/<with a kept weight>/<all>" groups of every layer; "-" outside the scope.

        Nothing, if the scope has no groups.
        """
        if self._scope.kind in GROUPED:
            outputs, inputs = self._scope.group
            for mask, within in zip(masks, self._within, strict=True):
                found = groups.counted(mask, self._scope.kind, (outputs, inputs))
                yield "/".join(map(str, found)) if within else "-"

    def measure(
        self, images: torch.Tensor, labels: torch.Tensor, kind: str, level: str
    ) -> Iterator[Row]:
        """Yield a row for every replicate."""
        values = metrics.measure(
            self._network, self._parameters, self._scaling, images, labels, self._affine
        )
        yield from self._rows(values, kind, level, "mean", len(labels))

    def average(
        self, images: torch.Tensor, labels: torch.Tensor, kind: str, level: str, sampling: Sampling
    ) -> Iterator[Row]:
        """Yield a row for every replicate: of the average prediction of sampled networks."""
        drawn = (self._drawn(sampling, number) for number in range(sampling.number))
        values = metrics.measure_average(self._network, drawn, self._scaling, images, labels)
        yield from self._rows(values, kind, level, "sampled", len(labels))

    def _drawn(self, sampling: Sampling, number: int) -> tuple[Parameters, Affine | None]:
        """Return one sample of every member's weights; a replicate has streams of its own."""
        drawn = dict(self._parameters)
        streams_of = [
            streams.generator(*sampling.stream, "predictive", replicate, number)
            for replicate in self._replicates
        ]
        for name, spread in self._spreads.items():
            noise = [
                each.standard_normal(spread.shape[1:], dtype=np.float32) for each in streams_of
            ]
            drawn[name] = drawn[name] + spread * torch.from_numpy(np.stack(noise)).to(spread.device)
        return drawn, sparse_products.affine(self._network, drawn)

    def _rows(
        self, values: Mapping[str, list[Any]], kind: str, level: str, prediction: str, images: int
    ) -> Iterator[Row]:
        for r, replicate in enumerate(self._replicates):
            yield (
                self._key
                | {"replicate": replicate, "noise": kind, "noise_level": float(level)}
                | {"prediction": prediction}
                | self._counts[r]
                | {"n_images": images}
                | {name: value[r] for name, value in values.items()}
            )


def _spreads(
    checkpoint: Checkpoint, kept: Arrays, frozen: bool, device: torch.device
) -> dict[str, torch.Tensor]:
    """Return weight -> standard deviations [M, ...] of a posterior, 0 where weights are removed.

    Empty for a point estimate. Frozen weights keep their values, and their deviations too.
    """
    found = {}
    parameters = prunable.tensors(checkpoint.network)
    for removable, mask in kept.items():
        name = parameters[removable]
        if f"{name}.sigma" in checkpoint.arrays:
            spread = torch.as_tensor(checkpoint.arrays[f"{name}.sigma"], device=device)
            found[name] = spread if frozen else spread * torch.from_numpy(mask).to(device)
    return found


def _fewest_and_most(mask: np.ndarray) -> str:
    """Return "<fewest>-<most>" kept weights of a unit, for one replicate's mask [out, in, ...]."""
    by_unit = mask.reshape(len(mask), -1).sum(axis=1)
    return f"{by_unit.min()}-{by_unit.max()}"
