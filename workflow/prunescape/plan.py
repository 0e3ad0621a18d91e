"""From the config to what there is to do: models, arms, batches and the rows of the table.

Standard library only: the workflow reads this when it is parsed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from prunescape import levels, paths

Config = Mapping[str, Any]
NO_NOISE = ("none", "0")


class Model(NamedTuple):
    """What is trained: a fit of a network on a study's data set."""

    study: str
    dataset: str
    network: str
    fit: str


@dataclass(frozen=True)
class Arm:
    """One way to prune a fit: a criterion and a scope, at a list of levels with some effects."""

    criterion: str
    scope: str
    selection: str
    schedule: str
    effects: tuple[str, ...]
    levels: tuple[str, ...]
    floor: int = 0


DENSE = Arm("none", "none", "none", "none", ("none",), ("0",))


def blocks(config: Config) -> list[tuple[int, int]]:
    """Return the first and last replicate of each block: [5, 3] -> (1, 5), (6, 8)."""
    ends = [sum(config["replicates"][: i + 1]) for i in range(len(config["replicates"]))]
    return [(end - size + 1, end) for end, size in zip(ends, config["replicates"], strict=True)]


def models(config: Config) -> list[Model]:
    """Return the models of the studies that the config runs."""
    return [
        Model(study, config["catalogue"][study]["dataset"], network, fit)
        for study in config["studies"]
        for fit, settings in config["catalogue"][study]["fits"].items()
        for network in settings["networks"]
    ]


def arms(config: Config, study: str, fit: str) -> list[Arm]:
    """Return the arms of a fit, one for each criterion, scope, selection and schedule.

    ValueError if two entries of the config describe the same one.
    """
    found: dict[tuple[str, ...], Arm] = {}
    for entry in config["catalogue"][study]["arms"]:
        if fit not in entry["fits"]:
            continue
        for criterion, scope, schedule in product(
            entry["criteria"], entry["scopes"], entry["schedules"]
        ):
            key = (criterion, scope, entry["selection"], schedule)
            if key in found:
                raise ValueError(
                    f"catalogue.{study}.arms: fit {fit} has the arm {' / '.join(key)} twice"
                )
            found[key] = Arm(
                *key, tuple(entry["effects"]), tuple(entry["levels"]), entry.get("floor", 0)
            )
    return list(found.values())


def batches(levels: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    """Cut levels, in their order, into batches of `size`; the last may be smaller."""
    return [levels[start : start + size] for start in range(0, len(levels), size)]


def conditions(config: Config, study: str, arm: Arm, level: str) -> list[tuple[str, str]]:
    """Return the (noise, noise level) pairs at which an arm's level is evaluated, clean first.

    Noise entries of a study name the sparsities at which they apply; without, they apply at all.
    A threshold's sparsity isn't known beforehand, so thresholds are evaluated on clean images.
    """
    chosen = [NO_NOISE]
    for entry in config["catalogue"][study].get("noise", []):
        sparsities = entry.get("sparsities")
        everywhere = sparsities is None or levels.fraction(level) in map(
            levels.fraction, sparsities
        )
        if everywhere and arm.selection != "threshold":
            chosen += [(entry["kind"], noise_level) for noise_level in entry["levels"]]
    return chosen


def keys(config: Config) -> Iterator[tuple[str | int | float, ...]]:
    """Yield the key of every row that the table must have, in the order of its key columns."""
    replicates = range(1, sum(config["replicates"]) + 1)
    for model in models(config):
        for arm in [DENSE, *arms(config, model.study, model.fit)]:
            for effect, level in product(arm.effects, arm.levels):
                for noise, noise_level in conditions(config, model.study, arm, level):
                    for replicate in replicates:
                        yield (
                            *model,
                            *(arm.criterion, arm.scope, arm.selection, effect, arm.schedule),
                            *(0, levels.number(level), replicate, noise, float(noise_level)),
                        )


def row_files(config: Config) -> Iterator[str]:
    """Yield the path of every evaluation job's rows, below the run's folder."""
    for model in models(config):
        for first, last in blocks(config):
            for arm in [DENSE, *arms(config, model.study, model.fit)]:
                for number, _ in enumerate(batches(arm.levels, config["levels_per_job"]), 1):
                    yield paths.ROWS.format(
                        **model._asdict(),
                        first=first,
                        last=last,
                        criterion=arm.criterion,
                        scope=arm.scope,
                        selection=arm.selection,
                        schedule=arm.schedule,
                        batch=number,
                    )


def outline(config: Config) -> dict[str, Any]:
    """Return the part of the config that decides which rows there are: what `keys` reads."""
    return {
        **{key: config[key] for key in ("replicates", "levels_per_job", "studies")},
        "catalogue": {
            study: {
                "dataset": config["catalogue"][study]["dataset"],
                "fits": {
                    fit: {"networks": settings["networks"]}
                    for fit, settings in config["catalogue"][study]["fits"].items()
                },
                "arms": config["catalogue"][study]["arms"],
                "noise": config["catalogue"][study].get("noise", []),
            }
            for study in config["studies"]
        },
    }
