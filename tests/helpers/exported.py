"""Pruned networks to export."""

from itertools import pairwise

import numpy as np
import pandas as pd
import torch

from prunescape.exports import module_forms, portable, savings
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import Scaling, intensities
from prunescape.scoring import input_moments
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    checkpoint,
    masks,
    uint8_images,
)
from tests.helpers.places import ROOT

CPU = torch.device("cpu")
IMAGES = intensities(uint8_images(20))
POOLED = [  # a filter is constant before it is pooled, flattened, and convolved
    {"kind": "conv", "filters": 6, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "tanh"},
    {"kind": "conv", "filters": 5, "size": 2},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]
NETWORKS = {"logistic": LOGISTIC, "perceptron": PERCEPTRON, "conv": CONVOLUTIONAL, "pooled": POOLED}


def pruned(layers, effect="zero", share=0.6, gone=True):
    """Return the second replicate's network, with and without some units of each hidden layer."""
    fitted = checkpoint(layers)
    kept = masks(fitted.network, 3, share)
    names = list(kept)
    if gone:
        for name, following in pairwise(names):
            units = kept[name].shape[1]
            kept[name][:, 0] = False  # nothing reaches the first unit
            after = kept[following].reshape(3, kept[following].shape[1], units, -1)
            after[:, :, 1] = False  # and the second reaches nothing
    parameters = fitted.parameters(CPU)
    measured = input_moments.input_moments(
        fitted.network, parameters, fitted.scaling, uint8_images(50)
    )
    means = input_moments.means(measured)
    return portable.of_member(fitted, 2, kept, effect, means, {"study": "s"}), fitted, kept


ORIGIN = dict.fromkeys(savings.COLUMNS[1:13], "x") | {"step": 0, "replicate": 1, "level": "0.90"}


def measured():
    stored = {
        "dense": {"dense": (100, 90), "csr": (200, 150)},
        "masked": {"dense": (100, 40), "csr": (50, 30)},
        "compact": {"dense": (80, 35), "csr": (50, 30)},
    }
    computed = {"dense": (1000, 1000), "masked": (1000, 100), "compact": (800, 100)}
    times = {
        ("dense", "torch dense", 1): (2.0, 1.8, 2.2),
        ("dense", "onnxruntime", 1): (1.0, 0.9, 1.1),
        ("dense", "torch CSR", 1): (0.5, 0.4, 0.6),
        ("masked", "torch CSR", 1): (1.5, 1.4, 1.6),
        ("compact", "onnxruntime", 1): (0.8, 0.7, 0.95),
        ("compact", "torch dense", 1): (0.5, 0.4, 0.6),
    }
    rows = list(savings.rows("small", ORIGIN, 0.9, stored, computed, times))
    return pd.DataFrame(rows, columns=savings.COLUMNS)


SMALL_NET = f"{ROOT}/tests/plain/net.py:SmallNet"
"""A module with a bias-free convolution, BatchNorm and two linear layers, for images [1, 8, 8]."""
MODULE_ORIGIN = {"criterion": "magnitude", "scope": "global", "effect": "zero", "replicate": 2}


def module_checkpoint(named=SMALL_NET, image=(1, 8, 8)):
    """Return two replicates of a module, as they start; buffers have moved."""
    kind = {"mean": [0.3] * image[0], "std": [0.4] * image[0]}
    scaling = Scaling.fit(kind, torch.zeros(1, *image))
    network = ModuleNetwork(named, image)
    starts = [network.start(seed) for seed in (1, 2)]
    arrays = {name: np.stack([start[name] for start in starts]) for name in starts[0]}
    for name in network.buffers:
        arrays[name] = arrays[name] + np.ones_like(arrays[name]) * 3
    return Checkpoint(named, image, scaling, arrays, [1, 2], {"train": "1" * 64})


def pruned_module(named=SMALL_NET, image=(1, 8, 8), effect="zero", share=0.6):
    """Return the second replicate's network, its checkpoint and masks."""
    fitted = module_checkpoint(named, image)
    kept = masks(fitted.network, 2, share)
    layers = fitted.network.weighted
    means = {layer.name: torch.full((1, 1, *layer.shape[1:]), 0.5) for layer in layers}
    return module_forms.of_member(fitted, 2, kept, effect, means, MODULE_ORIGIN), fitted, kept
