"""Pruned networks to export."""

from itertools import pairwise

import pandas as pd
import torch

from prunescape.exports import portable, sizes
from prunescape.networks.scaling import intensities
from prunescape.scoring import input_moments
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    checkpoint,
    masks,
    uint8_images,
)

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


ORIGIN = dict.fromkeys(sizes.COLUMNS[1:13], "x") | {"step": 0, "replicate": 1, "level": "0.90"}


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
    rows = list(sizes.rows("small", ORIGIN, 0.9, stored, computed, times))
    return pd.DataFrame(rows, columns=sizes.COLUMNS)
