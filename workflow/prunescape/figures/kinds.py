"""The kinds of figures. A kind's module is imported only when it is drawn.

Every module has `numbers(table)`, what is drawn as a table, and `draw(table, settings, elsewhere)`:
rows of one study, size and type, and results that the module's `read` (or that of `references`)
finds elsewhere, which not every kind draws.
"""

import importlib
import os
from collections.abc import Sequence
from types import ModuleType

import pandas as pd

from prunescape.drawing import references
from prunescape.foundations.choices import choose

KINDS = {
    "accuracy_sparsity": "prunescape.figures.accuracy_sparsity",
    "accuracy_difference": "prunescape.figures.accuracy_difference",
    "noise_curves": "prunescape.figures.noise_curves",
    "network_noise": "prunescape.figures.network_noise",
    "winner_map": "prunescape.figures.winner_map",
    "noise_surface": "prunescape.figures.noise_surface",
    "prune_potential": "prunescape.figures.prune_potential",
    "mask_overlap": "prunescape.figures.mask_overlap",
    "layer_allocation": "prunescape.figures.layer_allocation",
    "error_compression": "prunescape.figures.error_compression",
    "cost_accuracy": "prunescape.figures.cost_accuracy",
    "threshold_axis": "prunescape.figures.threshold_axis",
}


def elsewhere(kind: str, paths: Sequence[str | os.PathLike], study: str) -> pd.DataFrame:
    """Read the results of others that a kind draws: its module's `read`, or that of references."""
    return getattr(load(kind), "read", references.read)(*paths, study=study)


def load(kind: str) -> ModuleType:
    """Return the module of a kind; ValueError for another."""
    return importlib.import_module(choose(KINDS, kind, "figures"))
