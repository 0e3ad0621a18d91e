"""Jobs of prune.smk: criteria, moments, arms and masks."""

from prunescape.foundations import user_files
from prunescape.jobs.common import (
    Wildcards,
    arms_of,
    compact,
    results,
    schedule_of,
    with_imports,
)
from prunescape.pipeline import paths
from prunescape.pipeline.plan import Arm, Config
from prunescape.pipeline.schedules import schedule
from prunescape.pruning import effect_needs
from prunescape.scoring import needs


def _criteria(config: Config, wildcards: Wildcards, schedule: str | None = None) -> list[str]:
    """Return the criteria of a model's arms, or of those of its arms that have `schedule`."""
    found = [
        arm.criterion
        for arm in arms_of(config, wildcards)
        if arm.criterion != "none" and schedule in (None, arm.schedule)
    ]
    return list(dict.fromkeys(found))


def criteria(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the criteria by which a model's weights are scored, as scripts take them."""
    return needs.spelled(config, _criteria(config, wildcards))


def criterion_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files with criteria of a model's arms, and the modules beside them."""
    return _own_files(config, _criteria(config, wildcards))


def whole_units(config: Config, wildcards: Wildcards) -> list[str]:
    """Return an option if an arm removes whole units of a network that is a module."""
    is_module = isinstance(config["networks"][wildcards.network], str)
    kinds = [arm.within.kind for arm in arms_of(config, wildcards)]
    return ["--units"] if is_module and "neuron" in kinds else []


def chained_criteria(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the criteria by which the steps of a chain are scored, as scripts take them."""
    return needs.spelled(config, _criteria(config, wildcards, wildcards.schedule))


def chained_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files with criteria of a chain, and the modules beside them."""
    return _own_files(config, _criteria(config, wildcards, wildcards.schedule))


def _own_files(config: Config, names: list[str]) -> list[str]:
    return with_imports(needs.files(config, names))


def reads_moments(config: Config, arm: Arm) -> bool:
    """Return whether an arm's criterion or effect reads the moments of layers' inputs."""
    return bool(needs.INPUT_MOMENTS & needs.of(config, arm.criterion)) or any(
        effect_needs.MOMENTS & effect_needs.of(config, effect) for effect in arm.effects
    )


def scored_moments(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the file of the moments of layers' inputs if one of a model's criteria needs them."""
    read = [needs.of(config, criterion) for criterion in _criteria(config, wildcards)]
    needed = any(needs.INPUT_MOMENTS & statistics for statistics in read)
    return results(config, paths.MOMENTS, **wildcards) if needed else []


def pruned_arms(config: Config, wildcards: Wildcards) -> str:
    """Return what `arm_masks.Pruned` has of the arms that have a job's selection and level."""
    found = [
        (arm.criterion, arm.scope, arm.floor, arm.within)
        for arm in arms_of(config, wildcards)
        if arm.selection == wildcards.selection
        and wildcards.level in [point.level for point in arm.points]
        and not schedule(config, wildcards.study, arm.schedule).is_chain
    ]
    return compact(list(dict.fromkeys(found)))


def chained_arms(config: Config, wildcards: Wildcards) -> str:
    """Return what `arm_masks.Pruned` has of the arms of a chain."""
    found = [
        (arm.criterion, arm.scope, arm.floor, arm.within)
        for arm in arms_of(config, wildcards)
        if arm.schedule == wildcards.schedule and arm.criterion != "none"
    ]
    return compact(list(dict.fromkeys(found)))


def scope_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that share weights among layers, in scopes of a model's arms."""
    named = [arm.within.density for arm in arms_of(config, wildcards) if arm.within.density]
    return with_imports(user_files.split(each)[0] for each in named)


def step_level(config: Config, wildcards: Wildcards) -> str:
    """Return the level of a chain's step."""
    return schedule_of(config, wildcards).points(())[int(wildcards.step)].level


def step_scores(config: Config, wildcards: Wildcards) -> str:
    """Return the scores by which a chain's step prunes: the step before's; the fit's for step 0."""
    step = int(wildcards.step)
    if step == 0:
        return results(config, paths.SCORES, **wildcards)
    return results(config, paths.RETRAINED_SCORES, **wildcards, part=f"s{step - 1}")


def previous_masks(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the masks of a chain's step before; the first step has none."""
    step = int(wildcards.step)
    if step == 0:
        return []
    return results(config, paths.STEP_MASKS, **{**wildcards, "step": step - 1})
