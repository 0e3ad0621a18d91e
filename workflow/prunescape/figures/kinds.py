"""The kinds of figures. A kind's module is imported only when it is drawn.

Every module has `numbers(table)`, which returns the drawn numbers as a table, and
`draw(table, settings, elsewhere)`. `table` holds the rows of one study, `settings` size and type.
`elsewhere` holds results from other files, read by the module's `read` or else by that of
`references`; not every kind draws them.
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
    "prune_potential": "prunescape.figures.prune_potential",
    "mask_pictures": "prunescape.figures.mask_pictures",
    "mask_overlap": "prunescape.figures.mask_overlap",
    "layer_allocation": "prunescape.figures.layer_allocation",
    "error_compression": "prunescape.figures.error_compression",
    "cost_accuracy": "prunescape.figures.cost_accuracy",
    "threshold_axis": "prunescape.figures.threshold_axis",
    "class_losses": "prunescape.figures.class_losses",
    "broken_images": "prunescape.figures.broken_images",
    "training_curves": "prunescape.figures.training_curves",
    "score_histograms": "prunescape.figures.score_histograms",
    "reliability": "prunescape.figures.reliability",
}


def elsewhere(kind: str, paths: Sequence[str | os.PathLike], study: str) -> pd.DataFrame:
    """Read a kind's results from other files, with its module's `read` or that of references."""
    return getattr(load(kind), "read", references.read)(*paths, study=study)


def load(kind: str) -> ModuleType:
    """Return the module of a kind; ValueError for an unknown kind."""
    return importlib.import_module(choose(KINDS, kind, "figures"))
