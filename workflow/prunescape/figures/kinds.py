"""The kinds of figures. A kind's module is imported only when it is drawn."""

import importlib
from types import ModuleType

KINDS = {
    "accuracy_sparsity": "prunescape.figures.accuracy_sparsity",
    "accuracy_difference": "prunescape.figures.accuracy_difference",
    "noise_curves": "prunescape.figures.noise_curves",
    "winner_map": "prunescape.figures.winner_map",
    "noise_surface": "prunescape.figures.noise_surface",
    "prune_potential": "prunescape.figures.prune_potential",
    "layer_allocation": "prunescape.figures.layer_allocation",
    "threshold_axis": "prunescape.figures.threshold_axis",
}


def load(kind: str) -> ModuleType:
    """Return the module of a kind; it has `draw(table, settings, elsewhere) -> Figure`."""
    if kind not in KINDS:
        raise ValueError(f"figures: unknown kind {kind!r}, expected one of {sorted(KINDS)}")
    return importlib.import_module(KINDS[kind])
