"""Every file of a run, as `rule all` asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from prunescape.jobs import data
from prunescape.jobs.common import first_masks_path, masks_path, results
from prunescape.jobs.fit import checkpoint_pattern
from prunescape.jobs.prune import reads_moments
from prunescape.pipeline import fits, paths, plan, replicates
from prunescape.pipeline.plan import Config, Model
from prunescape.pipeline.replicates import Block
from prunescape.pipeline.schedules import schedule


def exports(config: Config) -> list[str]:
    """Return the exports and the table of their sizes; [] if the config has no exports."""
    found = [results(config, paths.EXPORT, export=name) for name in config["exports"]]
    return [*found, *sizes(config)]


def sizes(config: Config) -> list[str]:
    """Return the table of the exports' sizes; [] if the config has no exports."""
    return [results(config, paths.SIZES)] if config["exports"] else []


def figures(config: Config) -> list[str]:
    """Return every figure of the run, that of all claims first."""
    figures = [
        results(config, paths.FIGURE, study=study, figure=figure)
        for study in config["studies"]
        for figure in config["catalogue"][study]["figures"]
    ]
    return [
        f"{figure}.{extension}"
        for figure in (results(config, paths.FOREST), *figures)
        for extension in ("svg", "png")
    ]


def main_tables(config: Config) -> list[str]:
    """Return every study's main table, for papers."""
    found = [results(config, paths.MAIN_TABLE, study=study) for study in config["studies"]]
    return [f"{path}.{extension}" for path in found for extension in ("csv", "tex")]


def parts(config: Config, path: str) -> list[str]:
    """Return the studies' parts of a table of the run."""
    pattern = paths.of_study(path)
    return [results(config, pattern, study=study) for study in config["studies"]]


def tables(config: Config) -> list[str]:
    """Return the tables that every study has of its own."""
    measured = (paths.TABLE, paths.NOISE_TABLE, paths.DIVERGED)
    trained = (paths.COSTS, paths.TRAINING, paths.HISTORY)
    others = (paths.RELIABILITY, paths.CLAIMS, paths.CLAIM_PARTS)
    return [path for name in (*measured, *trained, *others) for path in parts(config, name)]


def rows(config: Config) -> list[str]:
    """Return the rows files of all evaluation jobs."""
    return [results(config, path) for path in plan.row_files(config)]


def outcomes(config: Config) -> list[str]:
    """Return the outcomes files of all evaluation jobs."""
    return [results(config, path) for path in plan.outcome_files(config)]


def noise_checks(config: Config) -> list[str]:
    """Return the checks of the gradient-noise estimates, for all fits with preconditioned SGD."""
    found = []
    for named in plan.models(config):
        if fits.optimiser(config["catalogue"][named.study]["fits"][named.fit]) == "psgd":
            for block in plan.checked(config, named):
                place = _trained(named, block)
                found.append(results(config, paths.NOISE_CHECK, **place))
    return found


def intermediates(config: Config) -> list[str]:
    """Return every file between the raw data and the rows.

    They are targets too: Snakemake removes a failed job's output, but records the job's new
    settings, and later notices a missing file only if the file is a target.
    """
    found = [
        path
        for dataset in dict.fromkeys(model.dataset for model in plan.models(config))
        for path in data.split_files(config, dataset)
    ]
    for narrowed, named, block in plan.divided(config):
        trained = _trained(named, block)
        if isinstance(config["networks"][named.network], str):
            found.append(results(config, paths.NETWORK_CHECK, **trained))
        found.append(results(config, checkpoint_pattern(config, named.study, named.fit), **trained))
        found += _pruned_files(narrowed, named, {**named._asdict(), **block.names})
    return list(dict.fromkeys(found))


def _trained(named: Model, block: Block) -> dict[str, str]:
    """Return the names in the paths of a block's training."""
    return {**named._asdict(), **block.names, "last": replicates.trained(block.names["last"])}


def _pruned_files(config: Config, named: Model, place: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that pruning and retraining make for a model's arms, some of them twice."""
    for arm in plan.arms(config, named.study, named.fit, named.network):
        if arm.criterion != "none":
            yield results(config, paths.SCORES, **place)
            if reads_moments(config, arm):
                yield results(config, paths.MOMENTS, **place)
            for point in arm.points:
                yield masks_path(config, place, arm, point)
                if schedule(config, named.study, arm.schedule).rewires:
                    yield first_masks_path(config, place, arm, point)
        for part in plan.parts(config, named.study, arm, arm.points):
            trained = {**place, "schedule": arm.schedule, "part": part}
            yield results(config, paths.RETRAINED, **trained)
            if part[0] == "s":
                yield results(config, paths.RETRAINED_SCORES, **trained)
