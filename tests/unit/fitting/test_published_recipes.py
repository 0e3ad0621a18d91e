"""The fits `as_published` against plain loops of the codes that they repeat.

Every loop is written as its source prints it. It is given the start and the random draws of the
library's training, and must arrive at the same numbers after 20 steps.
"""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import yaml
from scipy.special import softmax
from snakemake.utils import update_config

from prunescape.configuration.validation import validate
from prunescape.fitting import sparse_weights, training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import streams
from prunescape.networks.architectures import network
from prunescape.networks.ensembles import DTYPES
from prunescape.networks.scaling import Scaling
from prunescape.pruning import arm_masks, retraining
from prunescape.pruning.retraining import Trained
from prunescape.scoring import ranking

ROOT = (1, "study")
REPLICATES = (1, 2)
STEPS = 20


@cache
def config():
    """Return the config of a run of config/published.yaml."""
    root = Path(__file__).parents[3]
    found = {}
    for path in (root / "config.yaml", root / "config/published.yaml"):
        update_config(found, yaml.safe_load(path.read_text(encoding="utf-8")))
    validate(found)
    return found


def recipe(study):
    """Return a study's fit with its defaults, for one epoch."""
    return config()["catalogue"][study]["fits"]["as_published"] | {"epochs": 1}


def images(n, side, name="published"):
    generator = streams.generator("test", name)
    pixels = generator.integers(0, 256, (n, 1, side, side), dtype=np.uint8)
    pixels[:, :, 0] = 0  # like the margin of MNIST
    return torch.from_numpy(pixels), torch.from_numpy(generator.integers(0, 10, n))


def fitted(settings, data, layers=None, **arguments):
    """Fit by the library; return name -> arrays [R, ...]."""
    pixels, labels = data
    layers = layers or config()["networks"][settings["networks"][0]]
    scaling = Scaling.fit(settings["scaling"], pixels, DTYPES[settings["dtype"]])
    built = network(layers, scaling.shape(tuple(pixels.shape[1:])))
    return training.fit(
        built, scaling, pixels, labels, settings, ROOT, REPLICATES, **arguments
    ).arrays


def test_graves():
    settings = recipe("graves")
    data = images(STEPS * settings["batch_size"], 28)
    found = fitted(settings, data)
    for row, replicate in enumerate(REPLICATES):
        name = "1.weight"
        start = streams.generator(*ROOT, "initial weights", replicate, name)
        loc = torch.from_numpy(start.normal(0, 1, (10, 784)).astype(np.float32)).requires_grad_()
        start = streams.generator(*ROOT, "initial sigmas", replicate, name)
        drawn = np.abs(start.standard_normal((10, 784))).astype(np.float32)
        var = torch.from_numpy(drawn).requires_grad_()
        order = streams.generator(*ROOT, "batches", replicate, 0).permutation(len(data[1]))
        draws = torch.Generator().manual_seed(streams.seed(*ROOT, "posterior samples", replicate))
        optimiser = torch.optim.Adam([loc, var], lr=1e-3)
        for chosen in np.split(order, STEPS):
            x = ((data[0][chosen].flatten(1) / 255) - 0.5) / 0.5
            w = loc + var * torch.randn(10, 784, generator=draws)
            loss = torch.nn.functional.cross_entropy(x @ w.T, data[1][chosen], reduction="sum")
            loss = loss + 0.5 * (var.sum() + (loc**2).sum() - var.log().sum())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for published, name in ((loc, "1.weight"), (var, "1.weight.sigma")):
            np.testing.assert_allclose(found[name][row], published.detach(), rtol=0, atol=1e-5)


class PublishedSgd:
    """The public code of sgd_noise for one network, with the library's draws."""

    def __init__(self, data, replicate):
        pixels = data[0].numpy().reshape(len(data[1]), -1) / 255.0
        deviation = pixels.std(0)
        self.x = (pixels - pixels.mean(0))[:, deviation > 0] / (deviation[deviation > 0] + 1e-8)
        self.y, self.replicate = np.eye(10)[data[1].numpy()], replicate
        sizes = [self.x.shape[1], 32, 10]
        self.names, self.w, self.c = [], [], []
        for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
            for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
                self.names.append(f"{layer}.{part}")
                bound = np.sqrt(6 / (inputs + outputs))
                self.w.append(self.stream("initial weights").uniform(-bound, bound, shape))
        self.parameters = sum(w.size for w in self.w)
        for index, w in enumerate(self.w):
            stream = streams.generator(*ROOT, "initial noise", replicate, self.names[index])
            self.c.append(stream.uniform(0, np.sqrt(6 / self.parameters), w.shape))
        self.free = [np.ones_like(w) for w in self.w]
        self.t = 10

    def stream(self, kind):
        return streams.generator(*ROOT, kind, self.replicate, self.names[-1])

    def gradients(self, chosen):
        w1, b1, w2, b2 = self.w
        x, y = self.x[chosen], self.y[chosen]
        hidden = np.tanh(x @ w1.T + b1)
        p = softmax(hidden @ w2.T + b2, axis=1)
        slope = (softmax(p, axis=1) - y) / len(x)  # softmax cross-entropy of probabilities
        slope = p * (slope - (slope * p).sum(1, keepdims=True))
        back = slope @ w2 * (1 - hidden**2)
        return [back.T @ x, back.sum(0), slope.T @ hidden, slope.sum(0)]

    def fit(self, steps, epoch):
        n = len(self.x)
        batches = streams.generator(*ROOT, "batches", self.replicate, epoch)
        singles = streams.generator(*ROOT, "noise images", self.replicate, epoch)
        order = batches.integers(n, size=32 * steps).reshape(steps, 32)
        singles = singles.integers(n, size=steps)
        for step, (batch, single) in enumerate(zip(order, singles, strict=True)):
            mean, one = self.gradients(batch), self.gradients([single])
            kappa = 1 / self.t
            for i in range(4):
                self.c[i] = (1 - kappa) * self.c[i] + kappa * (one[i] - mean[i]) ** 2
                if step > 0:
                    h = 2 * 32 / (self.parameters * self.c[i])
                    self.w[i] = self.w[i] - 0.01 * h * mean[i] * self.free[i]
            self.t += 1


def test_sgd_noise():
    settings = recipe("sgd_noise")
    data = images(STEPS * settings["batch_size"], 8)
    first = fitted(settings, data)
    again = fitted(settings, data, start=first, first_epoch=1)
    for row, replicate in enumerate(REPLICATES):
        published = PublishedSgd(data, replicate)
        for epoch, found in enumerate((first, again)):
            published.fit(STEPS, epoch)
            for name, w, c in zip(published.names, published.w, published.c, strict=True):
                assert found[name].dtype == np.float64
                np.testing.assert_allclose(found[name][row], w, rtol=1e-5, atol=1e-8)
                np.testing.assert_allclose(found[f"{name}.noise"][row], c, rtol=1e-5)


def mlp(replicate, sizes):
    """Return torch's layers with the library's start."""
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        layer = torch.nn.Linear(inputs, outputs, dtype=torch.float64)
        start(layer, number, replicate)
        layers.append(layer)
    return layers


def start(layer, number, replicate):
    bound = 1 / np.sqrt(layer.weight[0].numel())
    for part, parameter in (("weight", layer.weight), ("bias", layer.bias)):
        stream = streams.generator(*ROOT, "initial weights", replicate, f"{number}.{part}")
        parameter.data = torch.from_numpy(stream.uniform(-bound, bound, tuple(parameter.shape)))


def test_magnitude():
    """Two steps of a chain, in float64: with raw pixels a rounding error would grow too fast."""
    settings = recipe("magnitude") | {"dtype": "float64"}
    data = images(STEPS * settings["batch_size"], 28)
    first = fitted(settings | {"optimiser_state": "fresh"}, data)
    cut = {
        name: np.abs(value) > np.quantile(np.abs(value), 0.5)
        for name, value in first.items()
        if name.endswith(".weight")
    }
    masked = {name: value * cut.get(name, 1) for name, value in first.items()}
    kept = settings | {"optimiser_state": "kept"}
    again = fitted(kept, data, start=masked, trainable=cut, first_epoch=1)
    anew = fitted(settings, data, start=masked, trainable=cut, first_epoch=1)
    for row, replicate in enumerate(REPLICATES):
        layers = mlp(replicate, [784, 250, 100, 10])
        optimiser = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=1e-3)
        masks = [torch.ones_like(layer.weight) for layer in layers]
        for step in range(2 * STEPS):
            if step == STEPS:
                masks = [torch.from_numpy(cut[f"{i}.weight"][row]) for i in (1, 2, 3)]
            values = data[0].flatten(1).double().split(32)[step % STEPS]
            for i, (layer, mask) in enumerate(zip(layers, masks, strict=True)):
                layer.weight.data.mul_(mask)
                values = layer(values)
                values = values.relu() if i < 2 else values.log_softmax(1)
            labels = data[1].split(32)[step % STEPS]
            loss = torch.nn.functional.cross_entropy(values, labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for i, (layer, mask) in enumerate(zip(layers, masks, strict=True), 1):
            published = layer.weight.detach() * mask
            np.testing.assert_allclose(again[f"{i}.weight"][row], published, rtol=0, atol=1e-5)
            assert np.abs(anew[f"{i}.weight"][row] - published.numpy()).max() > 1e-4
            bias = layer.bias.detach()
            np.testing.assert_allclose(again[f"{i}.bias"][row], bias, rtol=0, atol=1e-5)


class PublishedKWinners:
    """The public code of k_winners for one sparse network, with the library's draws."""

    def __init__(self, zeros, replicate):
        self.zeros = zeros
        self.layers = [torch.nn.Conv2d(1, 30, 5), torch.nn.Linear(4320, 300)]
        self.layers.append(torch.nn.Linear(300, 10))
        for number, layer in enumerate(self.layers, 1):
            start(layer, number, replicate)
            layer.float()

    def __call__(self, pixels):
        conv, hidden, output = self.layers
        conv.weight.data[self.zeros["1"]] = 0
        hidden.weight.data[self.zeros["2"]] = 0
        x = (pixels / 255 - 0.1307) / 0.3081
        x = torch.nn.functional.max_pool2d(conv(x), 2).flatten(1)
        x = x * torch.zeros_like(x).scatter(1, x.topk(100, dim=1).indices, 1.0)
        return output(hidden(x))


def test_k_winners():
    settings = recipe("k_winners")
    layers = config()["networks"]["published_sparse"]
    data = images(STEPS * settings["batch_size"], 28)
    found = fitted(settings, data, layers)
    for row, replicate in enumerate(REPLICATES):
        masks = sparse_weights.masks(network(layers, (1, 28, 28)), ROOT, [replicate])
        zeros = {name: torch.from_numpy(~mask[0]) for name, mask in masks.items()}
        assert set(zeros["1"].flatten(1).sum(1).tolist()) == {12}
        assert set(zeros["2"].sum(1).tolist()) == {2160}
        net = PublishedKWinners(zeros, replicate)
        parameters = [p for layer in net.layers for p in layer.parameters()]
        optimiser = torch.optim.SGD(parameters, lr=0.01, momentum=0.5)
        order = streams.generator(*ROOT, "batches", replicate, 0).permutation(len(data[1]))
        for chosen in np.split(order, STEPS):
            loss = torch.nn.functional.cross_entropy(net(data[0][chosen]), data[1][chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        net(data[0][:1])  # eval() is never called: tests set the zeros too
        for number, layer in enumerate(net.layers, 1):
            for part in ("weight", "bias"):
                published, ours = getattr(layer, part).detach(), found[f"{number}.{part}"][row]
                np.testing.assert_allclose(ours, published, rtol=0, atol=1e-5)


def test_sparse_vd():
    settings = recipe("sparse_vd") | {"dtype": "float64"}
    data = images(STEPS * settings["batch_size"], 28)
    n = len(data[1])
    epsilon = settings["optimiser"]["epsilon"] * 60_000 / n
    settings["optimiser"] = settings["optimiser"] | {"epsilon": epsilon}
    found = fitted(settings, data)
    for row, replicate in enumerate(REPLICATES):
        names = [f"{i}.weight" for i in (1, 2, 3)]
        mus, log_sigmas, biases = [], [], []
        for name, (inputs, outputs) in zip(names, pairwise([784, 300, 100, 10]), strict=True):
            drawn = streams.generator(*ROOT, "initial weights", replicate, name)
            mus.append(torch.from_numpy(drawn.normal(0, 0.02, (outputs, inputs))))
            log_sigmas.append(torch.full((outputs, inputs), -5.0, dtype=torch.float64))
            biases.append(torch.zeros(outputs, dtype=torch.float64))
        leaves = [tensor.requires_grad_() for tensor in (*mus, *log_sigmas, *biases)]
        optimiser = torch.optim.Adam(leaves)
        order = streams.generator(*ROOT, "batches", replicate, 0).permutation(n)
        draws = torch.Generator().manual_seed(streams.seed(*ROOT, "posterior samples", replicate))
        for chosen in np.split(order, STEPS):
            x, kl, log_alphas = data[0][chosen].flatten(1).double() / 255, 0, []
            for i, (mu, log_sigma, bias) in enumerate(zip(mus, log_sigmas, biases, strict=True)):
                log_alpha = 2 * (log_sigma - torch.log(mu.abs() + 1e-16))
                log_alphas.append(log_alpha.clamp(-10, 10))
                variance = log_alphas[-1].exp() * mu**2
                mean, deviation = x @ mu.T, (x**2 @ variance.T + 1e-16).sqrt()
                noise = torch.randn(mean.T.shape, generator=draws, dtype=torch.float64).T
                x = mean + deviation * noise + bias
                x = x.relu() if i < 2 else x
                kl = kl + 0.5 * torch.log1p(torch.exp(-log_alphas[-1])).sum()
            loss = n * torch.nn.functional.cross_entropy(x, data[1][chosen]) + 0.02 * kl
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for name, mu, log_alpha in zip(names, mus, log_alphas, strict=True):
            np.testing.assert_allclose(found[name][row], mu.detach(), rtol=0, atol=1e-5)
            # What pruning reads: the last step's, before the step moved mu and sigma.
            sigma, weight = found[f"{name}.sigma"][row], found[name][row]
            ours = 2 * np.log(sigma / np.abs(weight))
            np.testing.assert_allclose(ours, log_alpha.detach(), rtol=0, atol=1e-5)


def test_sgd_noise_cuts_and_freezes_biases_too():
    """200 steps, cut, 3,000 steps; here 20 each, for |w| (zero) and |g / C| (freeze)."""
    settings = recipe("sgd_noise")
    layers = config()["networks"][settings["networks"][0]]
    data = images(STEPS * settings["batch_size"], 8)
    scaling = Scaling.fit(settings["scaling"], data[0], torch.float64)
    first = fitted(settings, data)
    before = Checkpoint(layers, (1, 8, 8), scaling, first, list(REPLICATES), {})
    arms = [Trained("magnitude", "layer", "zero", "0.50"), Trained("hg", "layer", "freeze", "0.50")]
    scores = ranking.scores(before, ["magnitude", "hg"], settings, *data, {}, ROOT)
    cut = [(arm.criterion, arm.scope, 0) for arm in arms]
    masks = {"0.50": arm_masks.masks(scores, cut, "exact_k", "0.50", ROOT, REPLICATES)}
    after = retraining.retrain(before, arms, masks, *data, settings, ROOT, first_epoch=1)
    for arm in arms:
        found = after.of_arm(*arm)
        for row, replicate in enumerate(REPLICATES):
            published = PublishedSgd(data, replicate)
            published.fit(STEPS, 0)
            slopes = published.gradients(np.arange(len(data[1])))
            for i, (w, g, c) in enumerate(zip(published.w, slopes, published.c, strict=True)):
                rank = np.abs(w if arm.effect == "zero" else g / c)
                kept = rank >= np.sort(rank, axis=None)[int(rank.size * 0.5)]
                published.free[i] = kept
                published.w[i] = w * kept if arm.effect == "zero" else w
            published.fit(STEPS, 1)
            for name, w, kept in zip(published.names, published.w, published.free, strict=True):
                np.testing.assert_allclose(found.arrays[name][row], w, rtol=1e-5, atol=1e-8)
                assert arm.effect == "freeze" or not found.arrays[name][row][~kept].any()
