"""Arguments and code that the scripts that export a network share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _script
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.pruning import arm_masks
from prunescape.scoring import input_moments


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the arguments that every export has."""
    parser = _script.parser(description)
    parser.add_argument("--checkpoint", required=True, help="the fitted ensemble")
    parser.add_argument("--retrained", nargs="?", help="checkpoint after retraining")
    parser.add_argument("--masks", required=True, help="packed masks")
    parser.add_argument(
        "--moments", nargs="?", help="of the layers' inputs, which `compensate` needs"
    )
    parser.add_argument(
        "--origin",
        type=_script.structure,
        required=True,
        help="study to replicate: the table's key columns of the network (JSON)",
    )
    parser.add_argument("--output", required=True, type=Path, help="folder to write to")
    return parser


def forms(given: argparse.Namespace, make: Callable[..., tuple[Any, float]]) -> tuple[Any, float]:
    """Return what `make` makes of the network that the arguments describe.

    That is its forms by name, and the share of its weights that is removed.
    """
    fitted = Checkpoint.load(given.checkpoint)
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    packed, replicates = arm_masks.read(given.masks, shapes)
    means = {}
    if given.moments:
        measured, _ = input_moments.load(given.moments, "cpu")
        means = input_moments.means(measured)
    pruned = fitted
    if given.retrained:
        arm = [given.origin[key] for key in ("criterion", "scope", "effect", "level")]
        pruned = Checkpoint.load(given.retrained).of_arm(*arm)
    return make(fitted, pruned, packed, replicates, means, given.origin)


def end(given: argparse.Namespace, nominal: float) -> None:
    """Write what the network is: the last file of an export."""
    files.write_json(given.output / "export.json", given.origin | {"nominal": nominal})
