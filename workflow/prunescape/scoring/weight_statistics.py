"""Statistics of a checkpoint that criteria can read (needs torch)."""

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch

from prunescape.fitting import sparse_weights
from prunescape.fitting.checkpoints import MOVEMENT, Checkpoint
from prunescape.fitting.initial_weights import initial_weights
from prunescape.foundations import streams
from prunescape.networks import prunable, second_moments
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.optimising.preconditioned import preconditioner
from prunescape.scoring import curvature, image_gradients, laplace, synaptic_flow
from prunescape.scoring.gradients import full_gradient
from prunescape.scoring.input_moments import Moments

Layers = dict[str, torch.Tensor]


class WeightStatistics:
    """Statistics of a checkpoint, computed when they are first read.

    Every public attribute is one of `needs.STATISTICS`: layer -> [R, out, in, ...] like the layer's
    weights, or [R or 1, out or 1, in, ...] for statistics of inputs.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        fit: Mapping[str, Any],
        images: torch.Tensor,
        labels: torch.Tensor,
        moments: Moments,
        root: tuple[int | str, ...],
    ) -> None:
        """The arguments are those of `ranking.scores`."""
        self._checkpoint, self._fit, self._root = checkpoint, fit, root
        self._images, self._labels, self._moments = images, labels, moments
        self._device = images.device
        self._tensors = prunable.tensors(checkpoint.network)

    @cached_property
    def sigma(self) -> Layers:
        """The posterior's standard deviation; ValueError if the fit has none."""
        if not any(name.endswith(".sigma") for name in self._checkpoint.arrays):
            raise ValueError("needs a posterior; the fit has none")
        return self._checkpoint.tensors(".weight.sigma", self._device)

    @cached_property
    def input_mean(self) -> Layers:
        """Means of the layers' inputs over the training images."""
        return {layer: mean for layer, (mean, _) in self._moments.items()}

    @cached_property
    def input_deviation(self) -> Layers:
        """Standard deviations of the layers' inputs over the training images."""
        return {layer: moments[1] for layer, moments in self._moments.items()}

    @cached_property
    def input_norm(self) -> Layers:
        """Square roots of the mean squares of the layers' inputs over the training images."""
        return {
            layer: torch.hypot(mean, deviation)
            for layer, (mean, deviation) in self._moments.items()
        }

    @cached_property
    def gradient(self) -> Layers:
        """Gradient of the mean loss; for a posterior, of the likelihood at the means."""
        return self._gradient(self._checkpoint.parameters(self._device))

    @cached_property
    def gradient_size(self) -> Layers:
        """Means of the sizes of single images' gradients (`image_gradients.mean_sizes`)."""
        return image_gradients.mean_sizes(*self._fitted, self._images, self._labels)

    @cached_property
    def fisher(self) -> Layers:
        """Diagonal of the empirical Fisher information (`image_gradients.mean_squares`)."""
        return image_gradients.mean_squares(*self._fitted, self._images, self._labels)

    @cached_property
    def gauss_newton(self) -> Layers:
        """Diagonal of the Gauss-Newton matrix (`image_gradients.expected_squares`)."""
        return image_gradients.expected_squares(*self._fitted, self._images)

    @cached_property
    def precision(self) -> Layers:
        """Diagonals of the precision of a Laplace posterior (`laplace.precisions`)."""
        weights = self._checkpoint.tensors(".weight", self._device)
        return laplace.precisions(weights, self.gauss_newton, len(self._images))

    @cached_property
    def movement(self) -> Layers:
        """Sums of -w g over a training; ValueError if the checkpoint's didn't collect them."""
        arrays = self._checkpoint.arrays
        named = {name: f"{each}{MOVEMENT}" for name, each in self._tensors.items()}
        if not arrays.keys() >= set(named.values()):
            raise ValueError("needs a training that collects movement; the checkpoint has none")
        return {k: torch.as_tensor(arrays[each], device=self._device) for k, each in named.items()}

    @cached_property
    def hessian(self) -> Layers:
        """Diagonal of the mean loss's Hessian, an estimate (`curvature.diagonal`)."""
        names = list(self._tensors.values())
        members = [(*self._root, "hessian", r) for r in self._checkpoint.replicates]
        found = curvature.diagonal(*self._fitted, self._images, self._labels, names, members)
        return {layer: found[parameter] for layer, parameter in self._tensors.items()}

    @cached_property
    def inverse_moment(self) -> Layers:
        """Diagonals of the inverses of layers' second moments (`second_moments`)."""
        _, parameters, scaling = self._fitted
        network = self._checkpoint.network
        moments = second_moments.second_moments(network, parameters, scaling, self._images)
        found = {}
        for layer in network.weighted:
            diagonals = second_moments.inverse_diagonals(moments[layer.name])
            by_group = diagonals.to(scaling.scale.dtype).view(-1, layer.groups, *layer.shape[1:])
            units = layer.shape[0] // layer.groups if layer.groups > 1 else 1
            found[layer.name] = by_group.repeat_interleave(units, 1)
        return found

    @cached_property
    def preconditioner(self) -> Layers:
        """Diagonal H of preconditioned SGD; ValueError if the fit has another optimiser."""
        if self._fit.get("optimiser", {}).get("kind") != "psgd":
            raise ValueError("needs optimiser.kind: psgd")
        network = self._checkpoint.network
        return {
            layer: preconditioner(
                noise,
                self._fit["optimiser"],
                parameters=sum(map(prod, network.shapes.values())),
                images=len(self._images),
                batch_size=self._fit["batch_size"],
            )
            for layer, noise in self._gradient_noise.items()
        }

    @cached_property
    def initial_weight(self) -> Layers:
        """Weights before training."""
        return {name: self._start[parameter] for name, parameter in self._tensors.items()}

    @cached_property
    def initial_gradient(self) -> Layers:
        """The gradient at the weights before training."""
        return self._gradient(self._start)

    @cached_property
    def initial_hessian_gradient(self) -> Layers:
        """The Hessian at the weights before training, times the gradient there."""
        scaling = self._checkpoint.scaling.to(self._device)
        of_loss = self._goal, self._start, scaling, self._images, self._labels
        found = curvature.product(*of_loss, full_gradient(*of_loss))
        return {name: found[parameter] for name, parameter in self._tensors.items()}

    @cached_property
    def initial_flow(self) -> Layers:
        """The order in which synaptic flow removes the weights before training."""
        scaling = self._checkpoint.scaling.to(self._device)
        ones = torch.ones_like(scaling(self._images[:1]))[None]
        return synaptic_flow.removal_order(self._checkpoint.network, self._start, ones)

    @cached_property
    def uniform(self) -> Layers:
        """Independent uniform numbers on [0, 1), from the replicate's random stream."""
        return {
            layer: torch.as_tensor(
                np.stack(
                    [
                        streams.generator(*self._root, "random criterion", r, layer).random(shape)
                        for r in self._checkpoint.replicates
                    ]
                ),
                device=self._device,
            )
            for layer, shape in prunable.shapes(self._checkpoint.network).items()
        }

    @property
    def _fitted(self) -> tuple[Likelihood, Parameters, Scaling]:
        """The objective, and the parameters and the scaling of the checkpoint."""
        parameters = self._checkpoint.parameters(self._device)
        return self._goal, parameters, self._checkpoint.scaling.to(self._device)

    @property
    def _gradient_noise(self) -> Layers:
        """C of preconditioned SGD."""
        arrays = self._checkpoint.arrays
        found = {name: arrays[f"{parameter}.noise"] for name, parameter in self._tensors.items()}
        return {name: torch.as_tensor(c, device=self._device) for name, c in found.items()}

    @cached_property
    def _goal(self) -> Likelihood:
        """The training's objective, without a posterior's divergence."""
        settings = self._fit["objective"]
        if settings["kind"] == "variational":
            settings = {"kind": "likelihood", "softmax": "once"}
        return Likelihood(self._checkpoint.network, settings)

    @cached_property
    def _start(self) -> Layers:
        """Parameters and buffers before training; ValueError for a fit without initial_weights."""
        if "initial_weights" not in self._fit:
            raise ValueError("needs initial_weights, which the fit doesn't have")
        network, replicates = self._checkpoint.network, self._checkpoint.replicates
        start, dtype = self._fit["initial_weights"], self._checkpoint.scaling.scale.dtype
        drawn = initial_weights(network, start, self._root, replicates, dtype)
        for layer, mask in sparse_weights.masks(network, self._root, replicates).items():
            drawn[f"{layer}.weight"] *= mask
        found = {name: torch.from_numpy(value).to(self._device) for name, value in drawn.items()}
        return network.initial_buffers(len(replicates), self._device) | found

    def _gradient(self, parameters: Parameters) -> Layers:
        slopes = full_gradient(
            self._goal,
            parameters,
            self._checkpoint.scaling.to(self._device),
            self._images,
            self._labels,
        )
        return {name: slopes[parameter] for name, parameter in self._tensors.items()}
