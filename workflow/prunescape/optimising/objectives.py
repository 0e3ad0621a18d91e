"""Objectives of a fit: the mean loss of a batch, and a posterior's divergence (needs torch).

All losses are per image: cross-entropy in nats averaged over the batch, plus the divergence from
the prior divided by the number of training images. That is Graves' description length
(N / B) sum CE + KL, divided by N, so learning rates mean the same for every data set.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.foundations import streams
from prunescape.foundations.choices import choose
from prunescape.networks import products
from prunescape.networks.ensembles import Ensemble
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Affine, Parameters, Shape, Weighted
from prunescape.optimising import distillation
from prunescape.optimising.interfaces import Batch, Objective
from prunescape.optimising.own_losses import OwnLoss
from prunescape.optimising.posteriors import SIGMA_PARAMETERS, prior

Settings = Mapping[str, Any]


def cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0
) -> torch.Tensor:
    """Return the mean cross-entropy of each member in nats: [R, B, classes], [R, B] -> [R].

    With `smoothing` s, the label has probability 1 - s + s / classes and every other class
    s / classes (Szegedy et al. 2016, arXiv 1512.00567, section 7).
    """
    # With the classes before the images, as products lay them out, this takes a third of the time.
    return F.cross_entropy(logits.mT, labels, reduction="none", label_smoothing=smoothing).mean(1)


def batch_loss(logits: torch.Tensor, batch: Batch, smoothing: float = 0.0) -> torch.Tensor:
    """Return the mean loss [R] of a batch; that of mixed images is mixed as the images are.

    Zhang et al. (2018), arXiv 1710.09412: the cross-entropy of mixed labels is the mixture of the
    two labels' cross-entropies.
    """
    own = cross_entropy(logits, batch.labels, smoothing)
    if batch.others is None or batch.share is None:
        return own
    return batch.share * own + (1 - batch.share) * cross_entropy(logits, batch.others, smoothing)


class Likelihood:
    """Maximum likelihood: a point estimate of every parameter.

    Settings (config key `objective`): softmax, `once` or `twice`; label_smoothing; distillation, in
    training after pruning, with temperature and weight (`distillation.mixed`). `twice` is a
    published flaw that takes probabilities for logits: the loss of a certain and correct answer is
    then log(1 + (classes - 1) / e). Labels are smoothed in training only: criteria, and the table's
    nll, have the plain cross-entropy.
    """

    def __init__(self, network: ReplicatedNetwork, settings: Settings) -> None:
        self.network = network
        self.shapes = network.shapes
        self.input_major = network.input_major
        softmax = settings.get("softmax", "once")
        self._twice = choose({"once": False, "twice": True}, softmax, "objective.softmax")
        self._smoothing = settings.get("label_smoothing", 0.0)
        self._distillation = settings.get("distillation")

    def initialise(self, ensemble: Ensemble, members: Sequence[streams.Name]) -> None:
        """Do nothing: a point estimate has no parameters beside the network's."""

    def loss(
        self,
        parameters: Parameters,
        batch: Batch,
        affine: Affine | None = None,
        *,
        training: bool = False,
    ) -> torch.Tensor:
        """Return the mean loss of each member on its batch: [R].

        Args:
            parameters: weights, biases and, for training, buffers [R, ...].
            batch: images and labels.
            affine: as in `Network.logits`.
            training: as in `Network.logits`; labels are smoothed, and a teacher is heard, too.
        """
        logits = self.logits(parameters, batch.images, affine, training=training)
        loss = batch_loss(logits, batch, self._smoothing if training else 0.0)
        if training and self._distillation and batch.teacher is not None:
            return distillation.mixed(loss, logits, batch.teacher, self._distillation)
        return loss

    def logits(
        self,
        parameters: Parameters,
        images: torch.Tensor,
        affine: Affine | None = None,
        *,
        training: bool = False,
    ) -> torch.Tensor:
        """Return what the loss takes for logits [R, B, classes], under `twice` probabilities."""
        logits = self.network.logits(images, parameters, affine, training=training)
        return logits.softmax(2) if self._twice else logits

    def penalty(self, epoch: int, batches: int) -> float:
        """Return 0: there is no penalty."""
        return 0.0

    def descend(
        self, ensemble: Ensemble, batch: Batch, generators: list[torch.Generator], penalty: float
    ) -> torch.Tensor:
        """Set the ensemble's gradients to those of `loss`, and return it: [R]."""
        losses = self.loss(ensemble.values, batch, training=True)
        ensemble.backward(losses.sum())
        return losses.detach()

    def estimates(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return what the checkpoint stores."""
        return ensemble.values


class OwnLikelihood(Likelihood):
    """A point estimate by a loss in a user's file; outside training it is a `Likelihood`.

    Settings: as `Likelihood`, and loss, path/to/file.py:function.
    """

    def __init__(self, network: ReplicatedNetwork, settings: Settings) -> None:
        """Raise ValueError for a file that can't be run or a function that is no loss."""
        super().__init__(network, settings)
        self._own = OwnLoss(settings["loss"])

    def loss(
        self,
        parameters: Parameters,
        batch: Batch,
        affine: Affine | None = None,
        *,
        training: bool = False,
    ) -> torch.Tensor:
        """Return the mean loss of each member on its batch, in training by the user's function."""
        if not training:
            return super().loss(parameters, batch, affine)
        logits = self.logits(parameters, batch.images, affine, training=True)
        weights = {
            layer.name: parameters[f"{layer.name}.weight"] for layer in self.network.weighted
        }
        own = self._own(logits, batch.labels, weights)
        if batch.others is None or batch.share is None:
            return own
        return batch.share * own + (1 - batch.share) * self._own(logits, batch.others, weights)


class Variational:
    """A diagonal Gaussian over every weight; biases are point estimates.

    Settings (config key `objective`): prior; sigma (parameter; initial, a number or `half_normal`,
    the absolute value of a standard normal number for every weight); sigma_in_kl; sampling; kl.
    `kl` has a weight (1, or `batches`, which counts the whole divergence in every batch) and
    warm_up [first, last]: the weight is 0 up to epoch `first` and rises linearly to its full value
    at epoch `last`.
    """

    def __init__(self, network: ReplicatedNetwork, settings: Settings) -> None:
        """Raise ValueError for an unknown setting, or sparse weights, whose zeros wouldn't stay."""
        if any(layer.nonzero < 1 for layer in network.weighted):
            raise ValueError("networks: nonzero: found with objective.kind: variational")
        self.network = network
        self.weights = [f"{layer.name}.weight" for layer in network.weighted]
        rho = {f"{name}.rho": network.shapes[name] for name in self.weights}
        self.shapes: Mapping[str, Shape] = {**network.shapes, **rho}
        self.input_major = {f"{name}{end}" for name in network.input_major for end in ("", ".rho")}
        self._settings = settings
        self._prior = prior(settings["prior"])
        powers = {"standard_deviation": 2, "variance": 1}
        self._power = choose(powers, settings["sigma_in_kl"], "objective.sigma_in_kl")
        parameter = settings["sigma"]["parameter"]
        self._parameter = choose(SIGMA_PARAMETERS, parameter, "objective.sigma.parameter")
        sampled = {"activations": True, "weights": False}
        self._by_activations = choose(sampled, settings["sampling"], "objective.sampling")

    @torch.no_grad()
    def initialise(self, ensemble: Ensemble, members: Sequence[streams.Name]) -> None:
        """Set every sigma to its initial value, or draw it from the member's random streams."""
        initial = self._settings["sigma"]["initial"]
        for name in self.weights:
            rho = ensemble.tensors[f"{name}.rho"]
            if initial != "half_normal":
                rho.fill_(self._parameter.inverse(torch.tensor(float(initial))).item())
                continue
            for values, member in zip(rho, members, strict=True):
                stream = streams.generator(*member, name)
                drawn = torch.from_numpy(np.abs(stream.standard_normal(values.shape)))
                values.copy_(self._parameter.inverse(drawn))

    def penalty(self, epoch: int, batches: int) -> float:
        """Return the divergence's weight in the loss, for an epoch with so many batches."""
        kl = self._settings["kl"]
        full = float(batches) if kl["weight"] == "batches" else float(kl["weight"])
        first, last = kl["warm_up"]
        if epoch >= last:
            return full
        return float(full * max(epoch - first, 0) / (last - first))

    def descend(
        self, ensemble: Ensemble, batch: Batch, generators: list[torch.Generator], penalty: float
    ) -> torch.Tensor:
        """Set the ensemble's gradients; return the mean loss [R] of each member on its batch.

        Args:
            ensemble: the weights' means and rho, and the biases.
            batch: images and labels.
            generators: one for every member, which draws one sample of the posterior.
            penalty: factor of the divergence, whose gradient is added.
        """
        spreads = self._spreads(ensemble)
        losses = self._loss(ensemble, spreads, batch, generators)
        ensemble.backward(losses.sum(), spreads)
        self._chain(ensemble, spreads, penalty)
        return losses.detach()

    def _loss(
        self,
        ensemble: Ensemble,
        spreads: Parameters,
        batch: Batch,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Return the mean loss [R] at one sample of the posterior with these `spreads`."""
        sample = self._sample_activations if self._by_activations else self._sample_weights
        values = ensemble.values  # frozen biases too

        def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
            name = f"{layer.name}.weight"
            mu, spread = ensemble.tensors[name], spreads[f"{name}.rho"]
            return layer.add_bias(sample(layer, inputs, mu, spread, generators), values)

        logits = self.network.logits(batch.images, values, affine, training=True)
        return batch_loss(logits, batch)

    @torch.no_grad()
    def _spreads(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return name of rho -> sigma^2 for sampling activations, or sigma for sampling weights.

        These tensors are leaves, where autograd ends; it writes the slopes by them to the place of
        the slopes by rho.
        """
        spreads = {}
        for name in (f"{weight}.rho" for weight in self.weights):
            sigma = self._parameter.sigma(ensemble.tensors[name])
            spread = sigma.square() if self._by_activations else sigma
            spreads[name] = spread.detach().requires_grad_()
            products.put_slope_in(spreads[name], ensemble.gradients[name])
        return spreads

    @torch.no_grad()
    def _chain(self, ensemble: Ensemble, spreads: Parameters, penalty: float) -> None:
        """Turn slopes by `spreads` into slopes by rho via log |sigma|; add the penalty's slopes."""
        mus = [ensemble.tensors[name] for name in self.weights]
        sizes = list(spreads.values())
        # d sigma^2 / d log |sigma| = 2 sigma^2, and d sigma / d log |sigma| = sigma.
        factor = 2 if self._by_activations else 1
        variances = self._variances(ensemble, sizes) if penalty else []
        divergence = self._prior.gradients(mus, variances) if penalty else [None] * len(mus)
        for name, size, slopes in zip(self.weights, sizes, divergence, strict=True):
            by_rho = ensemble.gradients[f"{name}.rho"]
            if slopes is None:
                by_rho.mul_(size).mul_(factor)
            else:
                by_mu, by_log_variance = slopes
                ensemble.gradients[name].add_(by_mu, alpha=penalty)
                by_log_sigma = by_log_variance.mul_(self._power * penalty)
                torch.addcmul(by_log_sigma, by_rho, size, value=factor, out=by_rho)
            self._parameter.chain(by_rho, ensemble.tensors[f"{name}.rho"])

    def _variances(self, ensemble: Ensemble, spreads: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return what the divergence takes for the variances: sigma^2, or a published sigma."""
        if self._by_activations and self._power == 2:
            return spreads
        if self._by_activations:
            rhos = [ensemble.tensors[f"{name}.rho"] for name in self.weights]
            return [self._parameter.sigma(rho) for rho in rhos]
        return spreads if self._power == 1 else [sigma.square() for sigma in spreads]

    @torch.no_grad()
    def estimates(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return what the checkpoint stores: means, biases and `<weight>.sigma`."""
        estimates = {
            name: tensor for name, tensor in ensemble.values.items() if not name.endswith(".rho")
        }
        return estimates | {
            f"{name}.sigma": self._parameter.sigma(ensemble.tensors[f"{name}.rho"])
            for name in self.weights
        }

    @staticmethod
    def _sample_activations(
        layer: Weighted,
        inputs: torch.Tensor,
        mu: torch.Tensor,
        variance: torch.Tensor,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """Sample a layer's outputs instead of its weights: Kingma et al. (2015), equation 6.

        The outputs' mean is inputs times mu, their variance is squared inputs times sigma^2. In a
        convolution outputs at different positions share weights, so that they are correlated where
        their windows overlap. Every position is drawn by itself here, as in Molchanov et al.
        (2017), arXiv 1701.05369, who write a diagonal covariance: the variances are right, the
        covariances are dropped. `_sample_weights` keeps them.
        """
        mean = layer.product(inputs, mu)
        # An image of zeros has variance 0, at which the square root has no finite slope.
        deviation = layer.product(inputs.square(), variance).add(1e-16).sqrt()
        return mean + deviation * _normal(mean, generators)

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


class ClampedRelevance(Variational):
    """Relevance determination as a function of log alpha, which is clamped: a published choice.

    log alpha = 2 (log sigma - log(|mu| + epsilon)), clamped to [least, most], beyond which no slope
    passes; outputs have the variance of weights N(mu, alpha mu^2), and the divergence is
    log(1 + 1 / alpha) / 2, that of `ArdPrior`. The code's tests read the log alpha of the last
    training step, which was computed before that step moved the weights; so the checkpoint's sigma
    is |mu| sqrt(alpha) with that alpha.

    Settings: as `Variational`, and log_alpha (clamp: [least, most]; epsilon).
    """

    def __init__(self, network: ReplicatedNetwork, settings: Settings) -> None:
        """Raise ValueError for settings that have no log alpha of this kind."""
        super().__init__(network, settings)
        parameter, by = settings["sigma"]["parameter"], settings["sampling"]
        if (settings["prior"], parameter, by, self._power) != ("ard", "log", "activations", 2):
            raise ValueError(
                "objective.log_alpha: found with other settings than prior: ard, sigma.parameter: "
                "log, sampling: activations, sigma_in_kl: standard_deviation"
            )

    def initialise(self, ensemble: Ensemble, members: Sequence[streams.Name]) -> None:
        """Set every sigma to its initial value; keep room for the last log alpha."""
        super().initialise(ensemble, members)
        for name in self.weights:
            weights = ensemble.tensors[name].detach()
            ensemble.buffers[f"{name}.log_alpha"] = torch.zeros_like(weights)

    def descend(
        self, ensemble: Ensemble, batch: Batch, generators: list[torch.Generator], penalty: float
    ) -> torch.Tensor:
        """Set the ensemble's gradients, all by autograd; return the mean losses [R]."""
        log_alphas = {name: self._log_alpha(ensemble, name) for name in self.weights}
        values = ensemble.values

        def affine(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor:
            name = f"{layer.name}.weight"
            mu = ensemble.tensors[name]
            variance = log_alphas[name].exp() * mu.square()
            sampled = self._sample_activations(layer, inputs, mu, variance, generators)
            return layer.add_bias(sampled, values)

        logits = self.network.logits(batch.images, values, affine, training=True)
        losses = batch_loss(logits, batch)
        total = losses.sum()
        for name, log_alpha in log_alphas.items():
            total = total + penalty * F.softplus(-log_alpha).sum() / 2
            ensemble.buffers[f"{name}.log_alpha"].copy_(log_alpha.detach())
        ensemble.backward(total)
        return losses.detach()

    def _log_alpha(self, ensemble: Ensemble, name: str) -> torch.Tensor:
        settings = self._settings["log_alpha"]
        size = ensemble.tensors[name].abs() + settings["epsilon"]
        log_alpha = 2 * (ensemble.tensors[f"{name}.rho"] - size.log())
        least, most = settings["clamp"]
        clamped: torch.Tensor = log_alpha.clamp(least, most)
        return clamped

    @torch.no_grad()
    def estimates(self, ensemble: Ensemble) -> dict[str, torch.Tensor]:
        """Return means, biases and `<weight>.sigma`, of which the last step's alpha is known."""
        found = super().estimates(ensemble)
        for name in self.weights:
            log_alpha = found.pop(f"{name}.log_alpha")
            found[f"{name}.sigma"] = found[name].abs() * (log_alpha / 2).exp()
        return found


def objective(network: ReplicatedNetwork, settings: Settings) -> Objective:
    """Return the objective that the config's `objective` block describes.

    Raises ValueError for an unknown kind or setting, or one that such a network doesn't allow.
    """
    kinds: dict[str, Callable[[ReplicatedNetwork, Settings], Objective]] = {
        "likelihood": OwnLikelihood if "loss" in settings else Likelihood,
        "variational": ClampedRelevance if "log_alpha" in settings else Variational,
    }
    return choose(kinds, settings["kind"], "objective.kind")(network, settings)


def point_estimate(goal: Objective, needed_by: str) -> Likelihood:
    """Return `goal` if it is an objective of point estimates, which has a loss at any parameters.

    Raises:
        ValueError: if it fits posteriors; the message names `needed_by`.
    """
    if not isinstance(goal, Likelihood):
        raise ValueError(
            f"objective.kind: found {type(goal).__name__.lower()} with {needed_by}; "
            "allowed: likelihood"
        )
    return goal


def _normal(like: torch.Tensor, generators: list[torch.Generator]) -> torch.Tensor:
    """Return standard normal numbers in the shape of `like`, one generator a member.

    They are drawn in the order in which `like` lies in memory: unit by unit for a product, in the
    ensemble's layout for weights.
    """
    values = torch.empty_like(like, requires_grad=False)
    in_order = values.mT if values.mT.is_contiguous() else values
    for member, generator in zip(in_order, generators, strict=True):
        member.normal_(generator=generator)
    return values
