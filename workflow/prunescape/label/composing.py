"""Puts a label together: from what was compared, chosen and measured, and from which files."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from prunescape.data import datasets
from prunescape.foundations import files
from prunescape.label import comparing

FORMAT = 1


def label(
    said: Mapping[str, Any],
    choice: Mapping[str, Any],
    measured: Mapping[str, Any],
    training: Sequence[str],
    evaluated: str,
    made_from: Sequence[str],
) -> dict[str, Any]:
    """Return the contents of label.json.

    Args:
        said: run, network (as the config writes it), fit, dataset, version, command ("" if none),
            origins (path -> SHA-256 of files that weights were converted from), perhaps until_lost
            (points of accuracy whose loss ended an evaluation).
        choice: as `comparing.compared`.
        measured: what `measuring` found of the choice; empty if nothing was chosen.
        training: split files with which weights were ranked.
        evaluated: split file that was evaluated.
        made_from: files whose SHA-256 is told.

    Returns:
        `choice`, `said`, and format; files: path -> SHA-256, origins first; images.calibration: how
        many images ranked weights; images.repeated: how many evaluated ones stand in the training
        or calibration data too; measured: bytes, multiply_adds, latency, and noise (`comparing`).
    """
    images = choice["images"] | {
        "calibration": len(datasets.load(training).labels),
        "repeated": datasets.repeated(evaluated),
    }
    found = dict(measured)
    if found:
        found["noise"] = comparing.under_noise(found["noise"], images["evaluated"])
    hashes = {os.path.relpath(path): files.sha256(path) for path in dict.fromkeys(made_from)}
    named = {name: value for name, value in said.items() if name != "origins"}
    return {"format": FORMAT, **named, **choice, "images": images, "measured": found} | {
        "files": {**said["origins"], **hashes}
    }
