"""Checks that replicates in one batch compute what a user's module computes alone (needs torch).

They run on made-up images before any training: a module that can't be batched fails here, with an
error of one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch

from prunescape.foundations.messages import few
from prunescape.networks import module_call_checks, module_start_checks
from prunescape.networks.module_call_checks import MODES, TOLERANCE
from prunescape.networks.module_errors import (
    RefusedError,
    paths_of,
    random_as_one_batch,
    telling,
)
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.module_starts import fenced
from prunescape.networks.network import Parameters, Shape, Weighted
from prunescape.networks.scaling import Kind, Scaling

MEMBERS, IMAGES = 2, 6
SLOPES = 1e-2  # tolerance of a parameter's gradient, relative to the gradient's largest number


@dataclass(frozen=True)
class Use:
    """What a study does with a network.

    Attributes:
        classes: number of classes of the data set.
        optimiser: kind of the fit's optimiser.
        distribution: the fit's initial_weights; `warm_start` if it goes on from another fit,
            `given` if its weights are the user's.
        images: number of training images.
        batch_sizes: key of the config -> batch size, for the fit and for schedules that train.
        recalibrated: whether an effect measures its normalisation anew.
        posterior: whether a fit trains a posterior of its weights.
    """

    classes: int
    optimiser: str
    distribution: str = "warm_start"
    images: int = 0
    batch_sizes: Mapping[str, int] = field(default_factory=dict)
    recalibrated: bool = False
    posterior: bool = False

    @property
    def modes(self) -> dict[str, bool]:
        """The modes in which the network runs: given weights that nothing trains, in evaluation."""
        trains = self.distribution != "given" or self.batch_sizes
        return MODES if trains else {"evaluation": MODES["evaluation"]}


def checked(named: str, images: torch.Tensor, scaling: Kind, use: Use) -> ModuleNetwork:
    """Return a user's network for images as a fit scales them, after `check`.

    Args:
        named: path/to/file.py:name of the network.
        images: training images [N, C, H, W].
        scaling: the fit's scaling.
        use: what the study does with the network.

    Raises:
        ValueError: as `ModuleNetwork` and `check`.
    """
    shape = Scaling.fit(scaling, images).shape(tuple(images.shape[1:]))
    network = ModuleNetwork(named, shape)
    check(network, shape, use)
    return network


def check(network: ModuleNetwork, input_shape: Shape, use: Use) -> None:
    """Check all that a study assumes about a module.

    Args:
        network: the network.
        input_shape: shape of one image.
        use: what the study does with the network.

    Raises:
        ValueError: if the numbers of logits and classes differ; replicates don't start apart
            (`module_start_checks`); the module is random, keeps a state or mixes images
            (`module_call_checks`); it can't be trained on a batch that a training has; it
            returns probabilities; two replicates in one batch differ from the module run on its
            own; or it has nothing to measure anew where that is asked.
    """
    place = f"networks: {network.named}"
    if network.outputs != use.classes:
        raise ValueError(
            f"{place} returns {network.outputs} logits, expected one for each of the "
            f"{use.classes} classes of the data set"
        )
    if network.weight_normed and use.distribution not in ("given", "warm_start"):
        raise RefusedError(
            f"{place}: weight_norm is taken from {few(network.weight_normed)}, as plain weights "
            "are pruned, so its training would be another; allowed: a fit of kind given, or layers "
            "without weight_norm"
        )
    moving = [name for name in network.buffers if name not in network.frozen]
    if use.optimiser == "psgd" and moving:
        raise ValueError(
            f"{place} has buffers ({moving[0]}), which optimiser.kind: psgd, "
            "with its extra look at one image, would change; allowed: adam or sgd"
        )
    if network.random and (use.posterior or use.optimiser == "psgd"):
        raise ValueError(random_as_one_batch(network.named))
    module_start_checks.check(network, use.distribution)
    module_call_checks.check(network, input_shape, use.modes)
    module_call_checks.check_batches(network, input_shape, use.images, use.batch_sizes)
    generator = torch.Generator().manual_seed(1)
    members = 1 if network.beside else MEMBERS  # looked at, they run one by one
    images = torch.randn(members, IMAGES, *input_shape, generator=generator)
    starts = [network.start(member) for member in range(members)]
    values = {
        name: torch.stack([torch.as_tensor(start[name]) for start in starts]) for name in starts[0]
    }
    for name in network.shapes:
        values[name].requires_grad_()
    for mode in use.modes:
        with fenced(1):
            if MODES[mode] and network.random:
                _refuse_company(network, images, values)
            else:
                _compare(network, images, values, mode)
    if use.recalibrated:
        with fenced(1):
            _refuse_unmeasured(network, images, values)


def _refuse_unmeasured(network: ModuleNetwork, images: torch.Tensor, values: Parameters) -> None:
    if not network.measured_statistics(values, images.unbind(), lambda batch: batch):
        raise RefusedError(
            f"networks: {network.named} has no running statistics, which effects: [recalibrate] "
            "measures anew; allowed: a network with BatchNorm, or other normalisation with "
            "track_running_stats"
        )


def _compare(network: ModuleNetwork, images: torch.Tensor, start: Parameters, mode: str) -> None:
    """Compare replicates in one batch, and each by itself, with the module on its own."""
    place, training = f"networks: {network.named}", MODES[mode]
    constants = network.constants()

    def run(look: Any) -> torch.Tensor:
        values = {k: start[k] if k in network.shapes else v.clone() for k, v in start.items()}
        with telling(network.named, "can't be run for several replicates", network.modules):
            return network.logits(images, values, training=training, observe=look)

    # With a function that observes inputs all replicates run as one batch, as under a posterior.
    found = run(_look)
    if any(not torch.equal(a, b) for a, b in zip(constants, network.constants(), strict=True)):
        raise RefusedError(f"{place} changes buffers that its replicates share")
    _refuse_probabilities(place, mode, found.detach())
    used = [start[name] for name in network.shapes]
    with telling(network.named, "can't be differentiated", network.modules):
        slopes = torch.autograd.grad(found.square().sum(), used, allow_unused=True)
    for name, slope in zip(network.shapes, slopes, strict=True):
        if slope is None:
            raise RefusedError(
                f"{place}: parameter {network.paths[name]} is not used in {mode}, or hidden from "
                "autograd (torch.no_grad, torch.utils.checkpoint), or read without a call of its "
                "module: it would never change; allowed: requires_grad=False, or its use"
            )
    with torch.no_grad():
        apart = run(None)
    for member in range(len(images)):
        module = network.fresh(member).train(training)
        with network.slowly(), telling(network.named, "can't be run", paths_of(module)):
            alone = module(images[member])
            alone.square().sum().backward()
        for each in (found[member], apart[member]):
            _refuse_other(place, mode, each.detach(), alone.detach())
        parameters = dict(module.named_parameters())
        for name, slope in zip(network.shapes, slopes, strict=True):
            expected = parameters[network.paths[name]].grad
            if expected is None or not _near(slope[member], expected):
                raise RefusedError(
                    f"{place}: {network.paths[name]} gets another gradient in {mode} as one of "
                    "several replicates than alone; allowed: a forward that autograd follows"
                )


def _refuse_probabilities(place: str, mode: str, logits: torch.Tensor) -> None:
    """Raise ValueError if logits are what softmax returns: it would be applied twice."""
    sums = logits.sum(-1)
    if bool((logits >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), atol=TOLERANCE):
        raise RefusedError(
            f"{place} returns probabilities in {mode}, as after softmax, which losses and "
            "calibration apply themselves; allowed: logits, what goes into its softmax (no weight "
            "changes)"
        )


def _refuse_company(network: ModuleNetwork, images: torch.Tensor, start: Parameters) -> None:
    """Raise ValueError if replicates that draw numbers in training differ in other company.

    The module runs as it is then, one replicate after the other. It can't be compared with what it
    gives alone, as its layers may draw in another order there; in evaluation it is.
    """
    members = list(range(len(images)))

    def run(chosen: list[int]) -> torch.Tensor:
        values = {
            k: v[chosen] if k in network.shapes else v[chosen].clone() for k, v in start.items()
        }
        network.reseed(chosen)
        with telling(network.named, "can't be run for several replicates", network.modules):
            return network.logits(images[chosen], values, training=True)

    found = run(members)
    with telling(network.named, "can't be differentiated", network.modules):
        used = [start[name] for name in network.shapes]
        torch.autograd.grad(found.square().sum(), used, allow_unused=True)
    with torch.no_grad():
        apart = torch.cat([run([member]) for member in reversed(members)]).flip(0)
    if not torch.equal(found, apart):
        raise RefusedError(
            f"networks: {network.named} gives other logits in training beside other replicates "
            "than alone, though it draws the same random numbers"
        )


def _near(slope: torch.Tensor, expected: torch.Tensor) -> bool:
    """Return whether slopes agree up to rounding; False if one is NaN."""
    most = max(float(expected.abs().max()), 1e-3)
    return float((slope - expected).abs().max()) <= SLOPES * most


def _refuse_other(place: str, mode: str, found: torch.Tensor, alone: torch.Tensor) -> None:
    most = max(1.0, float(alone.abs().max()))
    if not torch.allclose(found, alone, rtol=0, atol=TOLERANCE * most):
        raise RefusedError(
            f"{place} gives other logits in {mode} as one of several replicates than alone: "
            f"{found[0, 0]:.6g} instead of {alone[0, 0]:.6g}; it mixes the images of a batch, or "
            "gives its layers the images in an order of their own"
        )


def _look(_layer: Weighted, _inputs: torch.Tensor) -> None:
    """Do nothing: a network that is given this as `observe` has to show its layers' inputs."""


def summary(network: ModuleNetwork) -> dict[str, Any]:
    """Return the paths and shapes of pruned, frozen and other parameters, for the user to read."""
    pruned = {f"{layer.name}.weight" for layer in network.weighted}
    shapes = network.shapes | network.buffers
    return {
        "network": network.named,
        "pruned": [
            {"layer": layer.name, "path": layer.path, "shape": list(layer.shape)}
            for layer in network.weighted
        ],
        "frozen": {network.paths[name]: list(shapes[name]) for name in network.frozen},
        "not_pruned": {
            network.paths[name]: list(shape)
            for name, shape in shapes.items()
            if name not in pruned and name not in network.frozen
        },
    }


def line(network: ModuleNetwork) -> str:
    """Return one line about a network's prunable, other trained and frozen parameters."""
    shapes = network.shapes | network.buffers
    pruned = [f"{layer.name} {layer.path}" for layer in network.weighted]
    weights = sum(prod(layer.shape) for layer in network.weighted)
    frozen = [network.paths[name] for name in network.frozen]
    rest = {n: s for n, s in network.shapes.items() if not n.endswith(".weight") or "own." in n}
    others = sum(prod(shapes[name]) for name in rest)
    text = f"{network.named}: {weights} prunable weights in {len(pruned)} layers: "
    text += f"{', '.join(pruned)}; {others} other trained parameters"
    if frozen:
        text += f"; frozen, neither trained nor pruned: {', '.join(frozen)}"
    if network.weight_normed:
        text += f"; plain weights in place of weight_norm: {few(network.weight_normed)}"
    return text
