"""The fits `as_published` against plain loops of the codes that they repeat.

Every loop is written as its source prints it. It is given the start and the random draws of the
library's training, and must arrive at the same numbers after 20 steps.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml

from prunescape.configuration.validation import validate
from prunescape.fitting import training
from prunescape.foundations import streams
from prunescape.networks.architectures import network
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
    scaling = Scaling.fit(settings["scaling"], pixels)
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
