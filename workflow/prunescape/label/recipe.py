"""The config of a label: what is done with a trained network by default. Standard library only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

STUDY = "label"
CALIBRATION = 500
"""Images that rank weights and are not evaluated."""

CRITERIA = ("magnitude", "lamp", "taylor", "obd_empirical")
MEASURED_ANEW = ("magnitude", "taylor")
"""Criteria after which the statistics of BatchNorm are also measured anew."""
CONTROLS = ("shuffled_taylor", "random")
LEVELS = ("0.10", "0.30", "0.50", "0.60", "0.70", "0.80", "0.85", "0.90", "0.95", "0.98")
UNTIL_LOST = 10
"""Points of accuracy; what loses more at a level isn't evaluated at larger ones."""
TRAINED_LEVELS = ("0.70", "0.80", "0.90", "0.95", "0.98")
"""Levels after which training goes on, if it is asked for: it takes longest."""

NOISE = (
    {"kind": "gaussian", "levels": ["0.10", "0.20", "0.30"]},
    {"kind": "salt_pepper", "levels": ["0.05", "0.10"]},
    {"kind": "occlusion", "levels": ["0.10", "0.25"]},
)

_SHARED = {"fits": ["given"], "scopes": ["global"], "selection": "exact_k", "effects": ["zero"]}


def config(
    run: str,
    network: str,
    weights: Sequence[str],
    images: str,
    scaling: str | Mapping[str, Sequence[float]],
    epochs: int = 0,
    command: str = "",
    *,
    normalised: bool = False,
    sizes: Mapping[str, int] | None = None,
    origins: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a config, to be used on top of config.yaml.

    Args:
        run: name of the run.
        network: path/to/file.py:name.
        weights: safetensors files, one for each training of the network.
        images: the entry of `sources`: file:PATH or classes:FOLDER.
        scaling: of the fit.
        epochs: how long to train on after pruning; 0: not at all.
        command: what was typed.
        normalised: whether it has running statistics, which the best criteria also measure anew.
        sizes: what is done to pictures: resize and crop, in pixels.
        origins: path -> SHA-256 of the files from which those of weights were converted.
    """
    arms = list(_oneshot(normalised))
    given = {"kind": "given", "networks": ["own"], "weights": list(weights), "scaling": scaling}
    study: dict[str, Any] = {"dataset": "own", "fits": {"given": given}}
    # Training on needs all images that there are to learn from, and ranks with them too.
    split: dict[str, Any] = {"test": "rest", "train": 0, "calibration": CALIBRATION}
    if epochs:
        split = {"test": "official"}
        optimiser = {"kind": "adam", "learning_rate": 0.0001}
        fit = {"optimiser": optimiser, "batch_size": 64}
        study["schedules"] = {"finetune": {"kind": "retrain", "epochs": epochs, "fit": fit}}
        trained = {"criteria": ["magnitude"], "schedules": ["finetune"]}
        arms.append(_SHARED | trained | {"levels": list(TRAINED_LEVELS)})
    figures = ["accuracy_sparsity", "class_losses", "broken_images"]
    return {
        "version": 3,
        "run": run,
        "studies": [STUDY],
        "levels_per_job": len(LEVELS),
        "sources": {"own": [images]},
        "datasets": {"own": {"source": "own", "seed": 1} | split | dict(sizes or {})},
        "networks": {"own": network},
        "catalogue": {STUDY: study | {"arms": arms, "figures": figures}},
        "label": {
            "study": STUDY,
            "losses": [0.5, 1, 2],
            "noise": [dict(each) for each in NOISE],
            "command": command,
            "origins": dict(origins or {}),
        },
    }


def _oneshot(normalised: bool) -> Iterator[dict[str, Any]]:
    """Yield the arms that prune at once."""
    once = _SHARED | {"schedules": ["oneshot"], "levels": list(LEVELS), "until_lost": UNTIL_LOST}
    anew = list(MEASURED_ANEW) if normalised else []
    yield once | {"criteria": [each for each in (*CRITERIA, *CONTROLS) if each not in anew]}
    if anew:
        yield once | {"criteria": anew, "effects": ["zero", "recalibrate"]}
