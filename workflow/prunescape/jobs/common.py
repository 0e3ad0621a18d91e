"""Functions that several stages' jobs share: paths, JSON, a job's model and arms."""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.pipeline import imported_code, paths, plan, replicates
from prunescape.pipeline.plan import Arm, Config, Model
from prunescape.pipeline.schedules import Point, Schedule, schedule
from prunescape.running.processes import divided

Wildcards = Any  # Snakemake's, or anything with the names of the path grammar as attributes


def compact(value: Any) -> str:
    """Return a value as JSON; equal values have equal texts.

    < is escaped: Snakemake writes params unescaped into the scripts of its report, where a user's
    text with a closing tag would end the script and could start another.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":")).replace("<", r"\u003c")


def results(config: Config, pattern: str, **values: Any) -> str:
    """Return a path of the run: the pattern, with `values` filled in if there are any."""
    return f"results/{config['run']}/{pattern.format(**values) if values else pattern}"


def _study(config: Config, wildcards: Wildcards) -> Mapping[str, Any]:
    study: Mapping[str, Any] = config["catalogue"][wildcards.study]
    return study


def of_study(config: Config, study: str) -> dict[str, Any]:
    """Return the config as if a study were the only one that it runs."""
    return {**config, "studies": [study]}


def priority(config: Config, wildcards: Wildcards, early: bool = False) -> int:
    """Return the priority of a study's job: studies in turn; `early` ones first within a study."""
    after = config["studies"][::-1]
    turn = after.index(wildcards.study) if wildcards.study in after else 0
    return 2 * turn + early


def processes(config: Config, wildcards: Wildcards, most: int) -> int:
    """Return how many processes share a job's replicates, at most `most`.

    They decide no bit of what the job makes, so they are its threads and none of its params. With a
    GPU, or where one may be found, there is one.
    """
    if config["device"] != "cpu":
        return 1
    members = int(replicates.trained(wildcards.last)) - int(wildcards.first) + 1
    return len(divided(members, most))


def fit_of(config: Config, wildcards: Wildcards) -> Mapping[str, Any]:
    """Return the settings of a job's fit."""
    fit: Mapping[str, Any] = _study(config, wildcards)["fits"][wildcards.fit]
    return fit


def model_of(wildcards: Wildcards) -> Model:
    """Return a job's study, dataset, network and fit."""
    return Model(wildcards.study, wildcards.dataset, wildcards.network, wildcards.fit)


def of_block(config: Config, wildcards: Wildcards) -> Config:
    """Return the config with the rows alone that a job's block has; all of it if it has all."""
    if "last" not in wildcards.keys():  # noqa: SIM118 - iterating Snakemake's gives values
        return config
    return replicates.of_block(config, wildcards.study, wildcards.first, wildcards.last)


def arms_of(config: Config, wildcards: Wildcards) -> list[Arm]:
    """Return the arms of a job's model."""
    return plan.arms(config, wildcards.study, wildcards.fit, wildcards.network)


def schedule_of(config: Config, wildcards: Wildcards) -> Schedule:
    """Return the schedule of a job."""
    return schedule(config, wildcards.study, wildcards.schedule)


def with_imports(own: Iterable[str]) -> list[str]:
    """Return the user's files and the modules beside them that they import."""
    files = [path for each in own for path in imported_code.code(each)]
    return list(dict.fromkeys(map(os.path.relpath, files)))


def model(config: Config, wildcards: Wildcards) -> str:
    """Return study, dataset, network and fit of a job."""
    return compact(model_of(wildcards)._asdict())


def masks_path(config: Config, place: Any, arm: Arm, point: Point) -> str:
    """Return the path of the masks that an arm's networks have in the end.

    `place` has the wildcards of the model.
    """
    course = schedule(config, place["study"], arm.schedule)
    if course.is_chain:
        named = {**place, "schedule": arm.schedule, "step": point.step}
        return results(config, paths.STEP_MASKS, **named)
    if course.rewires:
        (part,) = course.jobs([point], 1)
        named = {**place, "schedule": arm.schedule, "part": part}
        return results(config, paths.RETRAINED_MASKS, **named)
    return first_masks_path(config, place, arm, point)


def first_masks_path(config: Config, place: Any, arm: Arm, point: Point) -> str:
    """Return the path of the masks that a level's scores give, outside of chains."""
    named = {**place, "selection": arm.selection, "level": point.level}
    return results(config, paths.MASKS, **named)
