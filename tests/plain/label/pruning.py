"""Prune a network by the papers' formulas. It imports nothing of this project."""

from fractions import Fraction
from functools import cache

import numpy as np
import torch
from inputs import known, known_labels, net, ranking, scaled, seed, state, stream, weights
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy


def loss(own, image, label):
    """Return the loss of an image."""
    return cross_entropy(functional_call(net, state | own, image[None]), label[None])


inputs = scaled(known[ranking])
slopes = vmap(grad(loss), (None, 0, 0))(weights, inputs, known_labels[ranking])


def score(criterion, layer, key):
    """Return the scores of a layer's weights; `layer`: its number, from 1 on."""
    weight, slope = weights[key], slopes[key]
    match criterion:
        case "magnitude":
            return weight.abs()
        case "lamp":
            squares, places = weight.double().square().flatten().sort(descending=True)
            shares = squares / squares.cumsum(0)
            return torch.empty_like(shares).scatter(0, places, shares).float()
        case "taylor":
            return weight.abs() * slope.abs().mean(0)
        case "obd_empirical":
            return weight.square() * slope.square().mean(0) / 2
        case "shuffled_taylor":
            scores = np.ravel(score("taylor", layer, key))
            return stream(seed, "label", "shuffle", str(layer), 1).permutation(scores)
        case "random":
            return stream(seed, "label", "random criterion", 1, str(layer)).random(weight.shape)


@cache
def ranked(criterion):
    """Return the places of all weights, the lowest score first; lots order equal ones."""
    scores = [np.ravel(score(criterion, number, key)) for number, key in enumerate(weights, 1)]
    lots = stream(seed, "label", "ties", criterion, "global", 1).random(sum(map(len, scores)))
    return np.lexsort((lots, np.concatenate(scores)))


def pruned(criterion, effect, level):
    """Return the network's state_dict without the share `level` of its weights."""
    lowest, kept = ranked(criterion), torch.ones(sum(map(torch.numel, weights.values())))
    kept[lowest[: round(Fraction(str(level)) * len(kept))]] = 0
    masks = kept.split([weight.numel() for weight in weights.values()])
    zeros = {k: w * mask.view_as(w) for (k, w), mask in zip(weights.items(), masks, strict=True)}
    return anew(state | zeros) if effect == "recalibrate" else state | zeros


@torch.no_grad()
def anew(changed):
    """Return a state_dict whose BatchNorm has the statistics of the images that rank weights."""
    net.load_state_dict(changed)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # means over all batches, of which there is one
            layer.train()
    net(inputs)
    net.eval()
    return {key: value.clone() for key, value in net.state_dict().items()}
