"""What the plan and the jobs read of a fit, which is trained here or has weights of the user's.

Standard library only: the workflow imports this when it is parsed.
"""

from collections.abc import Mapping
from typing import Any

Fit = Mapping[str, Any]


def is_given(fit: Fit) -> bool:
    """Return whether a fit's weights are files of the user, so that nothing is trained."""
    return fit.get("kind") == "given"


def objective(fit: Fit) -> Mapping[str, Any]:
    """Return a fit's objective; that of given weights says if they are a posterior, no more."""
    if not is_given(fit):
        found: Mapping[str, Any] = fit["objective"]
        return found
    point = {"kind": "likelihood", "softmax": "once"}
    return {"kind": "variational"} if fit["posterior"] else point


def optimiser(fit: Fit) -> str:
    """Return the kind of a fit's optimiser; `none` for given weights."""
    return "none" if is_given(fit) else str(fit["optimiser"]["kind"])


def epochs(fit: Fit) -> int:
    """Return for how many epochs a fit trains here."""
    return 0 if is_given(fit) else int(fit["epochs"])


def alike(fit: Mapping[Any, Any], images: int | None = None) -> str:
    """Return the settings under which only their starts tell a fit's replicates apart.

    All of them then have the same images in every batch, and nothing else in the training is drawn.

    Args:
        fit: a fit of the config, which may be unchecked.
        images: the most training images that there can be; None if that isn't known.

    Returns:
        The settings in words, or "" if replicates differ in more than their starts.
    """
    goal, optimiser = fit.get("objective"), fit.get("optimiser")
    kinds = [each.get("kind") for each in (goal, optimiser) if isinstance(each, Mapping)]
    augmentation = fit.get("augmentation")
    changed = isinstance(augmentation, Mapping) and any(augmentation.values())
    drawn = "variational" in kinds or "psgd" in kinds or changed or fit.get("replacement")
    if is_given(fit) or drawn:
        return ""
    if fit.get("shuffle") is False:
        return "shuffle: false"
    keys = [key for key in ("first_epoch_batch_size", "batch_size") if key in fit]
    sizes = [fit[key] for key in keys if isinstance(fit[key], int)]
    if images is None or not sizes or len(sizes) < len(keys) or min(sizes) < images:
        return ""
    return f"{keys[0]}: {sizes[0]}, one batch with all images"


def epochs_in_all(study: Mapping[str, Any], name: str) -> int:
    """Return for how many epochs a study's fit trains here, with the fit that it starts from."""
    fit = study["fits"][name]
    before = epochs(study["fits"][fit["warm_start"]]) if "warm_start" in fit else 0
    return before + epochs(fit)
