"""What a fit minimises: the mean loss of a batch, and what a posterior adds to it (needs torch).

All losses are per image: cross-entropy in nats averaged over the batch, plus the divergence from
the prior divided by the number of training images. That is Graves' description length
(N / B) sum CE + KL, divided by N, so learning rates mean the same for every data set.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.ensembles import Ensemble
from prunescape.networks import Network, Parameters, Shape, Weighted
from prunescape.posteriors import SIGMA_PARAMETERS, prior

Settings = Mapping[str, Any]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of each member in nats: [R, B, classes], [R, B] -> [R]."""
    losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.view(labels.shape).mean(1)


class Likelihood:
    """Maximum likelihood: a point estimate of every parameter.

    Setting (config key `objective`): softmax, `once` or, a published flaw, `twice`: probabilities
    are taken for logits, so the loss of a certain and correct answer is log(1 + (classes - 1) / e).
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network = network
        self.shapes: dict[str, Shape] = network.shapes
        self._twice = settings.get("softmax") == "twice"

    def initialise(self, ensemble: Ensemble) -> None:
        """A point estimate has nothing beyond the network's own initial weights."""

    def loss(
        self,
        ensemble: Ensemble,
        images: torch.Tensor,
        labels: torch.Tensor,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Return the mean loss of each member on its batch: [R]."""
        logits = self.network.logits(images, ensemble.values, training=True)
        return cross_entropy(logits.softmax(2) if self._twice else logits, labels)

    def loss_at(
        self, parameters: Parameters, images: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean loss [R] at parameters [R, ...] that are in no ensemble."""
        logits = self.network.logits(images, parameters)
        return cross_entropy(logits.softmax(2) if self._twice else logits, labels)

    def add_penalty(self, ensemble: Ensemble, epoch: int, images: int, batches: int) -> None:
        """Nothing is added to the gradients."""

    def estimates(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return what the checkpoint stores."""
        return ensemble.values


class Variational:
    """A diagonal Gaussian over every weight; biases are point estimates.

    Settings (config key `objective`): prior, sigma (parameter, initial), sigma_in_kl, sampling, and
    kl: weight (1, or `batches`: the whole divergence in every batch) and warm_up [first, last]: the
    weight is 0 up to the first of these epochs and rises linearly to its full value at the last.
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        """ValueError for sparse weights, whose zeros a posterior would not keep."""
        if any(layer.nonzero < 1 for layer in network.weighted):
            raise ValueError("networks: nonzero: found with objective.kind: variational")
        self.network = network
        self.weights = [f"{layer.name}.weight" for layer in network.weighted]
        self.shapes: dict[str, Shape] = network.shapes | {
            f"{name}.rho": network.shapes[name] for name in self.weights
        }
        self._settings = settings
        self._prior = prior(settings["prior"], settings["sigma_in_kl"])
        self._parameter = SIGMA_PARAMETERS[settings["sigma"]["parameter"]]

    @torch.no_grad()
    def initialise(self, ensemble: Ensemble) -> None:
        """Set every sigma to its initial value."""
        rho = self._parameter.inverse(torch.tensor(float(self._settings["sigma"]["initial"])))
        for name in self.weights:
            ensemble.tensors[f"{name}.rho"].fill_(rho.item())

    def loss(
        self,
        ensemble: Ensemble,
        images: torch.Tensor,
        labels: torch.Tensor,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Return the mean loss [R] of each member on its batch, at one posterior sample."""
        sample = (
            self._sample_activations
            if self._settings["sampling"] == "activations"
            else self._sample_weights
        )

        def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
            name = f"{layer.name}.weight"
            sigma = self._parameter.sigma(ensemble.tensors[f"{name}.rho"])
            outputs = sample(layer, inputs, ensemble.tensors[name], sigma, generators)
            return layer.add_bias(outputs, ensemble.tensors)

        logits = self.network.logits(images, ensemble.values, affine, training=True)
        return cross_entropy(logits, labels)

    @torch.no_grad()
    def add_penalty(self, ensemble: Ensemble, epoch: int, images: int, batches: int) -> None:
        """Add the gradient of the weighted divergence, per image, to the ensemble's gradients."""
        weight = self._weight(epoch, batches) / images
        if weight == 0:
            return
        mus, rhos, sigmas = self._posterior(ensemble)
        slopes = self._prior.gradients(mus, sigmas)
        for name, rho, sigma, (by_mu, by_sigma) in zip(
            self.weights, rhos, sigmas, slopes, strict=True
        ):
            by_rho = by_sigma.mul_(self._parameter.slope(rho, sigma))
            ensemble.gradients[name].add_(by_mu, alpha=weight)
            ensemble.gradients[f"{name}.rho"].add_(by_rho, alpha=weight)

    @torch.no_grad()
    def estimates(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return what the checkpoint stores: means, biases and `<weight>.sigma`."""
        estimates = {
            name: tensor for name, tensor in ensemble.values.items() if not name.endswith(".rho")
        }
        _, _, sigmas = self._posterior(ensemble)
        return estimates | {
            f"{name}.sigma": sigma for name, sigma in zip(self.weights, sigmas, strict=True)
        }

    def _posterior(self, ensemble: Ensemble) -> tuple[list[torch.Tensor], ...]:
        mus = [ensemble.tensors[name] for name in self.weights]
        rhos = [ensemble.tensors[f"{name}.rho"] for name in self.weights]
        return mus, rhos, [self._parameter.sigma(rho) for rho in rhos]

    def _weight(self, epoch: int, batches: int) -> float:
        kl = self._settings["kl"]
        full = float(batches) if kl["weight"] == "batches" else float(kl["weight"])
        first, last = kl["warm_up"]
        if epoch >= last:
            return full
        return full * max(epoch - first, 0) / (last - first)

    @staticmethod
    def _sample_activations(
        layer: Weighted,
        inputs: torch.Tensor,
        mu: torch.Tensor,
        sigma: torch.Tensor,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Sample a layer's outputs instead of its weights: Kingma et al. (2015), equation 6.

        Their mean is the inputs times mu, their variance the squared inputs times sigma^2.
        """
        mean = layer.product(inputs, mu)
        variance = layer.product(inputs.square(), sigma.square())
        # An image of zeros has variance 0, where the square root has no slope.
        return mean + variance.add(1e-16).sqrt() * _normal(mean, generators)

    @staticmethod
    def _sample_weights(
        layer: Weighted,
        inputs: torch.Tensor,
        mu: torch.Tensor,
        sigma: torch.Tensor,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Sample one set of weights for the whole batch."""
        return layer.product(inputs, mu + sigma * _normal(mu, generators))


def objective(network: Network, settings: Settings) -> Likelihood | Variational:
    """Return the objective that the config's `objective` block describes."""
    kind = Likelihood if settings["kind"] == "likelihood" else Variational
    return kind(network, settings)


def _normal(like: torch.Tensor, generators: list[torch.Generator]) -> torch.Tensor:
    """Return standard normal numbers of `like`'s shape, each member's from its own generator."""
    values = torch.empty_like(like, requires_grad=False, memory_format=torch.contiguous_format)
    for member, generator in zip(values, generators, strict=True):
        member.normal_(generator=generator)
    return values
