"""A made-up study with all that figures draw."""

import functools
import itertools

import numpy as np

from prunescape.drawing import references, style
from tests.helpers.figure_rows import replicates, scores
from tests.helpers.places import ROOT

PUBLIC = ROOT / "workflow/resources/public_figures.csv"
SETTINGS = style.Settings(dots_per_inch=100)
T_2 = 4.302652729749464  # 97.5 % quantile of Student's t with 2 degrees of freedom
CRITERIA = ["snr", "magnitude", "inverse_sigma", "magnitude_x_std", "random"]


@functools.cache
def study():
    """A study like graves: two fits, two effects, five criteria, noise and thresholds."""
    rng = np.random.default_rng(0)
    rows = []
    for fit in ("vi", "vi_signed"):
        for noise in (0.0, 0.2, 0.4):
            kind = {"noise": "grey_raw" if noise else "none", "noise_level": noise, "fit": fit}
            rows += replicates(0.9 - noise / 2 + rng.normal(0, 0.002, 3), **kind)
            for criterion, effect, level in itertools.product(
                CRITERIA, ("zero", "compensate"), (0.7, 0.9) if noise else (0.5, 0.7, 0.9, 0.99)
            ):
                accuracies = 0.9 * (1 - level) ** 0.3 - noise / 5 + rng.normal(0, 0.01, 3)
                arm = {"criterion": criterion, "effect": effect, "level": level}
                rows += replicates(accuracies, kept=round(1000 * (1 - level)), **arm, **kind)
        for level, kept in ((0.0, 1000), (0.001, 990), (0.5, 700), (3.0, 100), (80.0, 0)):
            arm = {"criterion": "snr", "selection": "threshold", "level": level, "fit": fit}
            rows += replicates(0.1 + kept / 1250 + rng.normal(0, 0.01, 3), kept=kept, **arm)
    return scores(rows)


@functools.cache
def elsewhere():
    """Return what others published of graves."""
    return references.read(PUBLIC, study="graves")
