"""Jobs of retrain.smk: the arms that train under masks, their checkpoint and settings."""

from collections.abc import Mapping

from prunescape.jobs.common import (
    Wildcards,
    arms_of,
    compact,
    fit_of,
    model_of,
    results,
    schedule_of,
)
from prunescape.jobs.fit import checkpoint, collects
from prunescape.pipeline import fits, paths, plan
from prunescape.pipeline.plan import Config
from prunescape.pipeline.schedules import REWOUND

_KEPT = ("optimiser", "batch_size", "augmentation")
_OF_ALL_EPOCHS = ("first_epoch_batch_size",)
_SAMPLED: Mapping[str, bool] = {"shuffle": True, "replacement": False}
"""How batches are drawn, where a fit doesn't say."""


def _retrained(config: Config, wildcards: Wildcards) -> list[tuple[str, str, str, str]]:
    jobs = plan.retrained(config, model_of(wildcards), wildcards.schedule, wildcards.part)
    return [
        (arm.criterion, arm.scope, effect, point.level)
        for arm, points in jobs
        for effect in arm.effects
        for point in points
    ]


def retrained_arms(config: Config, wildcards: Wildcards) -> str:
    """Return [criterion, scope, effect, level] for every network that a retraining job trains."""
    return compact(_retrained(config, wildcards))


def retrained_levels(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the levels whose masks a retraining job needs."""
    arms = _retrained(config, wildcards)
    return list(dict.fromkeys(level for criterion, *_, level in arms if criterion != "none"))


def retrained_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the mask files of a retraining job, one for every level."""
    if schedule_of(config, wildcards).is_chain:
        return [results(config, paths.STEP_MASKS, **wildcards, step=wildcards.part[1:])]
    return [
        results(config, paths.MASKS, **wildcards, selection="exact_k", level=level)
        for level in retrained_levels(config, wildcards)
    ]


def retraining_start(config: Config, wildcards: Wildcards) -> str:
    """Return the checkpoint from which a chain's step trains: the step before's, or the fit's."""
    step = int(wildcards.part[1:])
    if step == 0:
        return checkpoint(config, wildcards)
    return results(config, paths.RETRAINED, **{**wildcards, "part": f"s{step - 1}"})


def retraining_settings(config: Config, wildcards: Wildcards) -> str:
    """Return a retraining job's settings: the fit's, changed by the schedule's."""
    fit, schedule = fit_of(config, wildcards), schedule_of(config, wildcards)
    kept = {key: fit[key] for key in _KEPT if key in fit}
    kept |= {key: fit.get(key, value) for key, value in _SAMPLED.items()}
    # Retraining takes a posterior's means as point estimates.
    point = {"kind": "likelihood", "softmax": "once"}
    trained = fits.objective(fit)
    objective = trained if trained["kind"] == "likelihood" else point
    if schedule.distillation:
        objective = {**objective, "distillation": schedule.distillation}
    epochs = schedule.epochs(wildcards.part)
    found = {**kept, **schedule.changes, "objective": objective, "epochs": epochs}
    if schedule.start in REWOUND:
        found |= {key: fit[key] for key in _OF_ALL_EPOCHS if key in fit}
        found |= {"epochs": fits.epochs(fit), "span": [fits.epochs(fit) - epochs, fits.epochs(fit)]}
    chained = arms_of(config, wildcards) if schedule.is_chain else []
    if any(arm.schedule == wildcards.schedule and collects(config, arm) for arm in chained):
        found["movement"] = True
    if state := schedule.optimiser_state(wildcards.part):
        found["optimiser_state"] = state
    if schedule.start is not None:
        found |= {"start": schedule.start, "initial_weights": fit["initial_weights"]}
    return compact(found)


def epochs_before(config: Config, wildcards: Wildcards) -> int:
    """Return the number of epochs for which a retraining job's members have trained before it.

    A training that repeats epochs of the fit's counts them as the fit does.
    """
    if schedule_of(config, wildcards).start in REWOUND:
        return 0
    before = schedule_of(config, wildcards).epochs_before(wildcards.part)
    return fits.epochs(fit_of(config, wildcards)) + before
