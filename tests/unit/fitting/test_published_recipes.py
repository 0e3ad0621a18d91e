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

from prunescape.configuration.validation import validate
from prunescape.fitting import training
from prunescape.foundations import streams
from prunescape.networks.architectures import network
from prunescape.networks.ensembles import DTYPES
from prunescape.networks.scaling import Scaling

ROOT = (1, "study")
REPLICATES = (1, 2)
STEPS = 20


@cache
def config():
    path = Path(__file__).parents[3] / "config.yaml"
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    validate(found)
    return found


def recipe(study, fit="as_published"):
    """Return a fit of config.yaml with its defaults, for one epoch."""
    return config()["catalogue"][study]["fits"][fit] | {"epochs": 1}


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
