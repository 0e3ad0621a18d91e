"""Jobs of evaluate.smk: the points of an arm, and the input noise at which they are evaluated."""

import itertools
from collections.abc import Sequence
from typing import Any

from prunescape.evaluation import input_noise_kinds
from prunescape.foundations import spelling, user_files
from prunescape.jobs import data
from prunescape.jobs.common import (
    Wildcards,
    compact,
    masks_path,
    model_of,
    results,
    with_imports,
)
from prunescape.jobs.fit import checkpoint_pattern
from prunescape.pipeline import fits, paths, plan, replicates
from prunescape.pipeline.plan import Arm, Config
from prunescape.pipeline.schedules import Point, schedule
from prunescape.pipeline.training_lengths import epochs_before, length
from prunescape.pruning import effect_needs
from prunescape.scoring import needs

PLACE = ("criterion", "scope", "selection", "schedule")
"""Key columns that name an arm of a model."""


def _evaluated(config: Config, wildcards: Wildcards) -> tuple[Arm, Sequence[Point]]:
    """Return a job's arm, and the batch of the arm's points that the job evaluates."""
    name = (wildcards.criterion, wildcards.scope, wildcards.selection, wildcards.schedule)
    jobs = plan.evaluations(config, model_of(wildcards), name)
    batch = int(wildcards.batch)
    return next((arm, points) for arm, number, points in jobs if number == batch)


def evaluated_arm(config: Config, wildcards: Wildcards) -> str:
    """Return a job's arm with the points that the job evaluates."""
    arm, points = _evaluated(config, wildcards)
    ending = {} if arm.until_lost is None else {"until_lost": arm.until_lost}
    return compact(described(arm) | {"points": points} | ending)


def described(arm: Arm) -> dict[str, Any]:
    """Return an arm as scripts take it, `evaluating.cases` among others."""
    return {name: getattr(arm, name) for name in (*PLACE, "within", "effects", "points")}


def _conditions(config: Config, wildcards: Wildcards) -> list[list[tuple[str, str]]]:
    arm, points = _evaluated(config, wildcards)
    return [plan.conditions(config, model_of(wildcards), arm, point) for point in points]


def evaluated_conditions(config: Config, wildcards: Wildcards) -> str:
    """Return a list of (noise, noise level) pairs for every point of a job."""
    return compact(_conditions(config, wildcards))


def evaluated_samples(config: Config, wildcards: Wildcards) -> int:
    """Return of how many samples of weights a job's predictive averages are taken; 0: none."""
    arm, _ = _evaluated(config, wildcards)
    return plan.samples(config, model_of(wildcards), arm)


def evaluated_noises(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's kinds of noise among a job's conditions, as scripts take them."""
    pairs = itertools.chain.from_iterable(_conditions(config, wildcards))
    return input_noise_kinds.spelled(config, (kind for kind, _ in pairs))


def own_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files with a job's noise and effects, and the modules beside them."""
    spelled = evaluated_noises(config, wildcards) + evaluated_effects(config, wildcards)
    named = spelling.read_all(spelled).values()
    return with_imports(user_files.split(each)[0] for each in named)


def evaluated_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the mask files of a job's points; a dense network has none."""
    arm, points = _evaluated(config, wildcards)
    return [
        masks_path(config, wildcards, arm, point) for point in points if arm.criterion != "none"
    ]


def unpruned_rows(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the rows of the unpruned networks if a job ends where too much is lost."""
    arm, _ = _evaluated(config, wildcards)
    if arm.until_lost is None:
        return []
    names = ("criterion", "scope", "selection", "schedule")
    dense = {name: getattr(plan.DENSE, name) for name in names} | {"batch": 1}
    return results(config, paths.ROWS, **{**wildcards, **dense})


def evaluated_moments(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the file of the moments of layers' inputs if one of a job's effects needs them."""
    needed = effect_needs.MOMENTS & _read(config, wildcards)
    return results(config, paths.MOMENTS, **wildcards) if needed else []


def measured_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files on which one of a job's effects measures something; [] if none."""
    needed = effect_needs.ON_IMAGES & _read(config, wildcards)
    return data.measured_images(config, wildcards) if needed else []


def _read(config: Config, wildcards: Wildcards) -> frozenset[str]:
    """Return what a job's effects read."""
    arm, _ = _evaluated(config, wildcards)
    return frozenset().union(*(effect_needs.of(config, effect) for effect in arm.effects))


def evaluated_effects(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's effects among a job's, as scripts take them."""
    arm, _ = _evaluated(config, wildcards)
    return effect_needs.spelled(config, arm.effects)


def evaluated_checkpoints(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the retrained checkpoints that hold a job's points."""
    arm, points = _evaluated(config, wildcards)
    parts = plan.parts(config, wildcards.study, arm, points)
    return [results(config, paths.RETRAINED, **wildcards, part=part) for part in parts]


def counted_images(config: Config) -> list[str]:
    """Return the split files on which a study's networks are trained; [] if none can be."""
    [study] = config["studies"]
    return data.trained_on(config, config["catalogue"][study]["dataset"])


def courses(config: Config) -> list[dict[str, Any]]:
    """Return the trainings of studies by path, as `training_history.collect` takes them."""
    found: dict[str, dict[str, Any]] = {}
    for narrowed, named, block in plan.divided(config):
        place = {**named._asdict(), **block.names}
        settings = config["catalogue"][named.study]["fits"][named.fit]
        if not fits.is_given(settings):
            trained = place | {"last": replicates.trained(block.names["last"])}
            path = results(config, checkpoint_pattern(config, named.study, named.fit), **trained)
            found[path] = {"schedule": "none", "step": 0, "before": 0, **named._asdict()}
        for arm in plan.arms(narrowed, named.study, named.fit, named.network):
            course = schedule(config, named.study, arm.schedule)
            for part, points in course.jobs(arm.points, config["levels_per_job"]).items():
                path = results(config, paths.RETRAINED, **place, schedule=arm.schedule, part=part)
                before = epochs_before(course, fits.epochs(settings), part)
                found[path] = {"schedule": arm.schedule, "step": points[0].step, "before": before}
                found[path] |= named._asdict()
    return [{"path": path, **found[path]} for path in sorted(found)]


def checkpoints(config: Config) -> list[str]:
    """Return the checkpoints of all trainings of studies."""
    return [training["path"] for training in courses(config)]


def appended(config: Config) -> list[str]:
    """Return the files that name the rows for which replicates were appended, of studies with some.

    A study's table depends on it as on the config.
    """
    return [
        results(config, paths.of_study(paths.APPENDED), study=study)
        for study in config["studies"]
        if replicates.appended(config, study)
    ]


def training_lengths(config: Config) -> str:
    """Return how long the networks of every arm of a study are trained.

    It is a list of the structures that `training_costs.collect` takes as lengths.
    """
    found = []
    for model in plan.models(config):
        for arm in plan.arms(config, model.study, model.fit, model.network):
            known = arm.criterion == "none" or needs.before_training(config, arm.criterion)
            trained = length(config, model.study, model.fit, arm, known)
            trained_on = schedule(config, model.study, arm.schedule)
            found.append(
                {name: getattr(model, name) for name in ("network", "fit")}
                | {name: getattr(arm, name) for name in (*PLACE, "budget")}
                | {"before": trained.fit, "steps": trained.steps}
                | {"passes": trained.fit + _sampled(config, model) * (trained.fit > 0)}
                | {"grown": trained_on.dense_share, "taught": bool(trained_on.distillation)}
            )
    return compact(sorted(found, key=compact))  # in whatever order the config has them


def _sampled(config: Config, model: plan.Model) -> int:
    """Return for how many epochs a fit multiplies inputs by weights' means and by variances."""
    fit = config["catalogue"][model.study]["fits"][model.fit]
    return fits.epochs(fit) if fits.objective(fit).get("sampling") == "activations" else 0
