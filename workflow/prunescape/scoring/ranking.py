"""Scores a checkpoint's weights by the criteria of its study (needs torch)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import spelling, streams, user_files
from prunescape.foundations.choices import choose
from prunescape.foundations.files import Arrays
from prunescape.networks import module_units, prunable
from prunescape.networks.module_network import ModuleNetwork
from prunescape.scoring import criteria, needs
from prunescape.scoring.input_moments import Moments, input_moments
from prunescape.scoring.interfaces import LayerCriterion, NetworkCriterion
from prunescape.scoring.needs import Signature
from prunescape.scoring.weight_statistics import WeightStatistics

Layers = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Criterion:
    """A criterion of the library or of the user.

    Attributes:
        name: name in the table; if it begins with `shuffled_`, the scores are shuffled.
        function: scores the whole network, a `NetworkCriterion`.
        signature: the arguments of the library's or the user's function.
        named: path/to/file.py:function of the user; "" for a criterion of the library.
    """

    name: str
    function: NetworkCriterion
    signature: Signature
    named: str = ""

    @classmethod
    def of(cls, spelled: str) -> "Criterion":
        """Return the criterion that `needs.spelled` spells; ValueError if there is none."""
        name, named = spelling.read(spelled)
        if named:
            signature = needs.of_user(named)
            return cls(name, _of_network(user_files.load(named), signature), signature, named)
        base = needs.base(name)
        signature = choose(needs.built_in(), base, "criterion")
        return cls(name, _of_network(getattr(criteria, base), signature), signature)

    def scores(self, weights: Layers, statistics: Any) -> dict[str, torch.Tensor]:
        """Score every layer's weights.

        Args:
            weights: layer -> weight [R, out, in, ...].
            statistics: an object with an attribute for each statistic, layer -> values.

        Returns:
            Layer -> scores of the weight's shape.

        Raises:
            ValueError: if a statistic can't be computed, a user's function fails or returns other
                scores when it is called again, or the scores are not one finite number a weight.
        """
        try:
            given = {name: getattr(statistics, name) for name in self.signature.statistics}
        except ValueError as error:
            raise ValueError(f"criterion {self.name} {error}") from None
        if not self.named:
            return self._checked(self._called(weights, given), weights)
        try:
            with user_files.calling(self.named, "the parameter uniform"):
                results = [self._called(weights, given) for _ in range(2)]
        except ValueError as error:
            raise ValueError(f"criterion {self.name}: {error}") from error
        found, again = (self._checked(result, weights) for result in results)
        for layer, values in found.items():
            if not _same(values, again[layer]):
                raise ValueError(
                    f"criterion {self.name} ({self.named}): layer {layer}: other scores when it is "
                    "called again; allowed: what its parameters decide, random numbers from the "
                    "parameter uniform"
                )
        return found

    def _called(self, weights: Layers, statistics: Mapping[str, Layers]) -> Any:
        """Call the function on copies, so that it can't change the arguments in place."""
        own, given = _copied(weights), {name: _copied(each) for name, each in statistics.items()}
        return self.function(own, **given)

    def _checked(self, found: Any, weights: Layers) -> dict[str, torch.Tensor]:
        if not isinstance(found, Mapping):
            place = f"criterion {self.name}{self.named and f' ({self.named})'}:"
            raise ValueError(f"{place} found {type(found).__name__}, expected layer -> scores")
        return {
            layer: self._checked_layer(layer, found.get(layer), weight)
            for layer, weight in weights.items()
        }

    def _checked_layer(self, layer: str, scores: Any, weight: torch.Tensor) -> torch.Tensor:
        """Return the scores of a layer; ValueError if they are not one finite number a weight."""
        place = f"criterion {self.name}{self.named and f' ({self.named})'}: layer {layer}:"
        if not isinstance(scores, torch.Tensor) or not scores.is_floating_point():
            kind = scores.dtype if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise ValueError(f"{place} found {kind}, expected a tensor of floating-point numbers")
        if scores.shape != weight.shape:
            found, expected = list(scores.shape), list(weight.shape)
            raise ValueError(f"{place} found scores of shape {found}, expected {expected}")
        lost = int((~scores.isfinite()).sum())
        if lost:
            raise ValueError(f"{place} {lost} of {scores.numel()} scores are NaN or infinite")
        return scores.detach()


def _of_network(function: Callable[..., Any], signature: Signature) -> NetworkCriterion:
    """Return a criterion of either kind as one that scores the whole network."""
    return function if signature.first == "weights" else _layer_by_layer(function)


def _layer_by_layer(function: LayerCriterion) -> NetworkCriterion:
    def scores(weights: Layers, /, **statistics: Layers) -> Layers:
        return {
            layer: function(weight, **{name: each[layer] for name, each in statistics.items()})
            for layer, weight in weights.items()
        }

    return scores


def _same(scores: torch.Tensor, again: torch.Tensor) -> bool:
    """Return whether scores agree: to the bit on a CPU, up to the order of adding elsewhere."""
    if scores.device.type == "cpu":
        return torch.equal(scores, again)
    return torch.allclose(scores, again, rtol=1e-3, atol=1e-3 * float(scores.abs().max()))


def _copied(layers: Layers) -> dict[str, torch.Tensor]:
    return {layer: values.clone() for layer, values in layers.items()}


def scores(
    checkpoint: Checkpoint,
    names: Iterable[str],
    fit: Mapping[str, Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    moments: Moments,
    root: tuple[int | str, ...],
) -> Arrays:
    """Score every weight of a checkpoint by criteria.

    Args:
        checkpoint: the fitted ensemble.
        names: criteria as `needs.spelled` spells them.
        fit: the fit of the config that made the checkpoint; objective, optimiser, batch_size and
            initial_weights are read for statistics that depend on them.
        images: training images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        moments: result of `input_moments` for the training images; may be empty if no criterion
            needs it.
        root: first parts of the random streams' names: the run's seed and the study.

    Returns:
        "<criterion>/<layer>" -> scores [R, out, in, ...].

    Raises:
        ValueError: for an unknown criterion, one that reads a statistic that the fit doesn't have,
            and one whose scores are not one finite number a weight.
    """
    parameters = checkpoint.parameters(images.device)
    names_of = prunable.tensors(checkpoint.network)
    weights = {name: parameters[parameter] for name, parameter in names_of.items()}
    statistics = WeightStatistics(checkpoint, fit, images, labels, moments, root)
    found: Arrays = {}
    for criterion in map(Criterion.of, names):
        for layer, values in criterion.scores(weights, statistics).items():
            array = values.cpu().numpy()
            if criterion.name.startswith(needs.SHUFFLED):
                array = _shuffled(array, (*root, "shuffle", layer), checkpoint.replicates)
            found[f"{criterion.name}/{layer}"] = array
    return found


def metadata(checkpoint: Checkpoint, *, units: bool = False) -> dict[str, Any]:
    """Return what a file of a checkpoint's scores says beside them: whose, and of which layers.

    With `units` also the units of a module that can go as a whole; ValueError if it has none.
    """
    # Pairs, since files store the keys of a mapping in another order.
    paths = [list(pair) for pair in prunable.paths(checkpoint.network).items()]
    found = {"replicates": list(dict.fromkeys(checkpoint.replicates)), "paths": paths}
    network = checkpoint.network
    if units and isinstance(network, ModuleNetwork):
        shape = checkpoint.scaling.shape(checkpoint.image)
        found["units"] = module_units.found(network, shape)
    return found


def _shuffled(scores: np.ndarray, name: streams.Name, replicates: Iterable[int]) -> np.ndarray:
    """Shuffle each member's scores [R, out, in, ...] within the layer.

    A layer then keeps as many weights as before, but random ones. Frankle et al. (2021), arXiv
    2009.08576, section 5: a criterion that does no better than this only tells how many weights
    every layer should keep.
    """
    members = [
        streams.generator(*name, replicate).permutation(member.ravel()).reshape(member.shape)
        for member, replicate in zip(scores, replicates, strict=True)
    ]
    return np.stack(members)


def scores_by_arm(
    checkpoint: Checkpoint,
    names: Iterable[str],
    fit: Mapping[str, Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    root: tuple[int | str, ...],
) -> Arrays:
    """Score the members of a retrained checkpoint by the criterion of their arm.

    Args:
        checkpoint: a retrained ensemble.
        names: the criteria of its arms as `needs.spelled` spells them.
        fit: the settings of the checkpoint's training.
        images: training images [N, C, H, W], on the device that is to be used.
        labels: their classes [N].
        root: first parts of the random streams' names.

    Returns:
        "<criterion>/<scope>/<layer>" -> scores [R, out, in, ...].
    """
    spelled = {spelling.read(each)[0]: each for each in names}
    found: Arrays = {}
    for criterion, scope in dict.fromkeys(arm[:2] for arm in checkpoint.arms or []):
        if criterion == "none":
            continue
        members = checkpoint.of_arm(criterion, scope)
        measured = {}
        signature = Criterion.of(spelled[criterion]).signature
        if needs.INPUT_MOMENTS & set(signature.statistics):
            parameters = members.parameters(images.device)
            scaling = members.scaling.to(images.device)
            measured = input_moments(members.network, parameters, scaling, images)
        scored = scores(members, [spelled[criterion]], fit, images, labels, measured, root)
        found |= {
            f"{criterion}/{scope}/{name.removeprefix(criterion + '/')}": value
            for name, value in scored.items()
        }
    return found
