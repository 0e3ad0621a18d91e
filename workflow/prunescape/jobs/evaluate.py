"""Jobs of evaluate.smk: the points of an arm, and the noise that they meet."""

import itertools
from collections.abc import Sequence

from prunescape.evaluation import input_noise_kinds
from prunescape.foundations import spelling, user_files
from prunescape.jobs.common import (
    Wildcards,
    arms_of,
    compact,
    masks_path,
    model_of,
    results,
    with_imports,
)
from prunescape.pipeline import paths, plan
from prunescape.pipeline.plan import Arm, Config
from prunescape.pipeline.schedules import Point, batches


def _evaluated(config: Config, wildcards: Wildcards) -> tuple[Arm, Sequence[Point]]:
    """Return the arm of a job, and the batch of its points that the job evaluates."""
    name = (wildcards.criterion, wildcards.scope, wildcards.selection, wildcards.schedule)
    arm = next(arm for arm in arms_of(config, wildcards) if arm.name == name)
    return arm, batches(arm.points, config["levels_per_job"])[int(wildcards.batch) - 1]


def evaluated_arm(config: Config, wildcards: Wildcards) -> str:
    """Return what a job evaluates: its arm with the points of its batch."""
    arm, points = _evaluated(config, wildcards)
    names = ("criterion", "scope", "selection", "schedule", "effects")
    return compact({name: getattr(arm, name) for name in names} | {"points": points})


def _conditions(config: Config, wildcards: Wildcards) -> list[list[tuple[str, str]]]:
    arm, points = _evaluated(config, wildcards)
    return [plan.conditions(config, model_of(wildcards), arm, point) for point in points]


def evaluated_conditions(config: Config, wildcards: Wildcards) -> str:
    """Return the (noise, noise level) pairs of each of a job's points."""
    return compact(_conditions(config, wildcards))


def evaluated_noises(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's kinds of noise among them, as scripts take them."""
    pairs = itertools.chain.from_iterable(_conditions(config, wildcards))
    return input_noise_kinds.spelled(config, (kind for kind, _ in pairs))


def noise_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that have these kinds, and modules beside them."""
    named = spelling.read_all(evaluated_noises(config, wildcards)).values()
    return with_imports(user_files.split(each)[0] for each in named)


def evaluated_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the masks of a job's points; a dense network has none."""
    arm, points = _evaluated(config, wildcards)
    return [
        masks_path(config, wildcards, arm, point) for point in points if arm.criterion != "none"
    ]


def evaluated_moments(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the moments of a model's layers if one of a job's effects needs them."""
    arm, _ = _evaluated(config, wildcards)
    return results(config, paths.MOMENTS, **wildcards) if "compensate" in arm.effects else []


def evaluated_checkpoints(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the retrained checkpoints that hold a job's points."""
    arm, points = _evaluated(config, wildcards)
    parts = plan.parts(config, wildcards.study, arm, points)
    return [results(config, paths.RETRAINED, **wildcards, part=part) for part in parts]
