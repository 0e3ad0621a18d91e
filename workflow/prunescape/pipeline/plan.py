"""The plan that follows from the config: models, arms, batches and the rows of the table.

Standard library only: the workflow imports this when it is parsed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

from prunescape.foundations import levels
from prunescape.pipeline import fits, paths
from prunescape.pipeline.replicates import ROW, Block, Row, appended, blocks
from prunescape.pipeline.schedules import Point, batches, schedule
from prunescape.pipeline.scopes import UNPRUNED, Scope, scope

Config = Mapping[str, Any]
Key = tuple[str | int | float, ...]  # of a row of the table, in the order of its key columns
NO_NOISE = ("none", "0")


class Model(NamedTuple):
    """A network that a fit trains on a study's data set."""

    study: str
    dataset: str
    network: str
    fit: str


@dataclass(frozen=True)
class Arm:
    """One way to prune a model: criterion, scope, selection and schedule, with points and effects.

    `floor` is the least number of weights that a layer keeps under scope floor; `within` is what
    the scope's name stands for; `budget` the epochs of training that the config declares, or 0;
    `until_lost` the points of accuracy whose loss ends the evaluation, or None.
    """

    criterion: str
    scope: str
    selection: str
    schedule: str
    effects: tuple[str, ...]
    points: tuple[Point, ...]
    floor: int = 0
    within: Scope = UNPRUNED
    budget: int = 0
    until_lost: float | None = None

    @property
    def name(self) -> tuple[str, str, str, str]:
        """The names that identify an arm among those of a model."""
        return self.criterion, self.scope, self.selection, self.schedule


DENSE = Arm("none", "none", "none", "none", ("none",), (Point(0, "0"),))


def models(config: Config) -> list[Model]:
    """Return the models of the studies and fits that the config runs."""
    return [
        Model(study, config["catalogue"][study]["dataset"], network, fit)
        for study in config["studies"]
        for fit, settings in _fits(config, study).items()
        for network in settings["networks"]
    ]


def _fits(config: Config, study: str) -> dict[str, Any]:
    """Return the fits of a study that the config runs: all, unless it names some."""
    known: Mapping[str, Any] = config["catalogue"][study]["fits"]
    return {fit: each for fit, each in known.items() if fit in (config.get("fits") or known)}


def divided(config: Config) -> Iterator[tuple[Config, Model, Block]]:
    """Yield every model with each of its blocks, and the config with the rows of that block."""
    for model in models(config):
        for block in blocks(config, model.study):
            yield config, model, block
        for block, rows in appended(config, model.study):
            narrowed = {**config, "rows": rows}
            if arms(narrowed, model.study, model.fit, model.network):
                yield narrowed, model, block


def checked(config: Config, model: Model) -> list[Block]:
    """Return the blocks on which a model's estimate of the gradients' noise is checked.

    The fit must have such an estimate.
    """
    also = [block for block, rows in appended(config, model.study) if model[2:] in rows]
    return [*blocks(config, model.study), *also]


def arms(config: Config, study: str, fit: str, network: str) -> list[Arm]:
    """Return a model's arms: the dense one, the dense controls of its schedules, the pruned ones.

    In a config with some rows alone (`of_block`) these are the arms that the rows need, one for
    each effect. ValueError if two entries of the config describe the same arm.
    """
    pruned: dict[tuple[str, ...], Arm] = {}
    for entry in config["catalogue"][study]["arms"]:
        if fit not in entry["fits"] or network not in entry.get("networks", [network]):
            continue
        for criterion, counted, name in product(
            entry["criteria"], entry["scopes"], entry["schedules"]
        ):
            arm = Arm(
                criterion,
                counted,
                entry["selection"],
                name,
                tuple(entry["effects"]),
                schedule(config, study, name).points(entry.get("levels", ())),
                entry.get("floor", 0),
                scope(config, study, counted),
                entry.get("budget", 0),
                entry.get("until_lost"),
            )
            if arm.name in pruned:
                raise ValueError(
                    f"catalogue.{study}.arms: fit {fit} has the arm {' / '.join(arm.name)} twice"
                )
            pruned[arm.name] = arm
    controls = {}
    for arm in pruned.values():
        if points := schedule(config, study, arm.schedule).controls():
            controls[arm.schedule] = Arm("none", "none", "none", arm.schedule, ("none",), points)
    found = [DENSE, *controls.values(), *pruned.values()]
    if "rows" not in config:
        return found
    return [each for arm in found for each in _narrowed(config, (study, fit, network), arm)]


def _narrowed(config: Config, of: tuple[str, str, str], arm: Arm) -> Iterator[Arm]:
    """Yield for each effect of an arm the part that the config's `rows` need.

    These are the points with such rows; in a chain also the points before.
    """
    study, fit, network = of
    for effect in arm.effects:
        wanted = {
            (row[ROW.index("step")], row[ROW.index("level")])
            for row in config["rows"]
            if row[: ROW.index("step")] == _network_of(network, fit, arm, effect)
        }
        with_rows = [(point.step, levels.number(point.level)) in wanted for point in arm.points]
        if any(with_rows):
            points = tuple(p for p, has in zip(arm.points, with_rows, strict=True) if has)
            if schedule(config, study, arm.schedule).is_chain:
                points = arm.points[: points[-1].step + 1]
            # Rows that are asked for one by one are all evaluated.
            yield replace(arm, effects=(effect,), points=points, until_lost=None)


def _network_of(network: str, fit: str, arm: Arm, effect: str) -> Row:
    """Return the first columns of ROW, to the schedule."""
    return network, fit, arm.criterion, arm.scope, arm.selection, effect, arm.schedule


def retrained(config: Config, model: Model, name: str, part: str) -> list[tuple[Arm, list[Point]]]:
    """Return what a retraining job trains: (arm, the points that the job trains) for every arm.

    `name` is the schedule, `part` the job's name, which `Schedule` explains. A dense control with
    one point trains in the first batch.
    """
    course = schedule(config, model.study, name)
    found = []
    for arm in arms(config, model.study, model.fit, model.network):
        if arm.schedule == name:
            jobs = course.jobs(arm.points, config["levels_per_job"])
            if part in jobs:
                found.append((arm, jobs[part]))
    return found


def parts(config: Config, study: str, arm: Arm, points: Sequence[Point]) -> list[str]:
    """Return the retraining jobs in which an arm's points are trained."""
    jobs = schedule(config, study, arm.schedule).jobs(arm.points, config["levels_per_job"])
    return [part for part, those in jobs.items() if set(those) & set(points)]


def conditions(config: Config, model: Model, arm: Arm, point: Point) -> list[tuple[str, str]]:
    """Return the (noise, noise level) pairs at which a point of an arm is evaluated, clean first.

    A study's noise entries may name the networks and the sparsities to which they apply. The dense
    control of a chain is evaluated under the same noise as the step's pruned networks. A
    threshold's sparsity isn't known beforehand, so thresholds are evaluated on clean images only.
    A noise level has its shortest spelling: another one in the config changes no job. In a config
    with some rows alone there may be none: the point is trained for those after it.
    """
    found = _conditions(config, model, arm, point)
    if "rows" not in config:
        return found
    begin = _network_of(model.network, model.fit, arm, arm.effects[0])
    place = (*begin, point.step, levels.number(point.level))
    return [each for each in found if (*place, each[0], float(each[1])) in config["rows"]]


def _conditions(config: Config, model: Model, arm: Arm, point: Point) -> list[tuple[str, str]]:
    if arm.selection == "threshold":
        return [NO_NOISE]
    level = levels.fraction(schedule(config, model.study, arm.schedule).level(point))
    return [NO_NOISE] + [
        (entry["kind"], levels.shortest(noise_level))
        for entry in config["catalogue"][model.study].get("noise", [])
        if model.network in entry.get("networks", [model.network])
        and ("sparsities" not in entry or level in map(levels.fraction, entry["sparsities"]))
        for noise_level in entry["levels"]
    ]


def keys(config: Config) -> Iterator[Key]:
    """Yield the key of every row that the table must have, in the order of its key columns."""
    for model in models(config):
        yield from _keys(config, model, range(1, blocks(config, model.study)[-1].last + 1))
        for block, rows in appended(config, model.study):
            replicates = range(block.first, block.last + 1)
            yield from _keys({**config, "rows": rows}, model, replicates)


def _keys(config: Config, model: Model, replicates: Sequence[int]) -> Iterator[Key]:
    """Yield the keys of a model's rows for some replicates."""
    for arm in arms(config, model.study, model.fit, model.network):
        predicted = ("mean", "sampled") if samples(config, model, arm) else ("mean",)
        for effect, point in product(arm.effects, arm.points):
            met = conditions(config, model, arm, point)
            for (noise, noise_level), prediction in product(met, predicted):
                for replicate in replicates:
                    yield (
                        *model,
                        *(arm.criterion, arm.scope, arm.selection, effect, arm.schedule),
                        *(point.step, levels.number(point.level), replicate),
                        *(noise, float(noise_level), prediction),
                    )


def samples(config: Config, model: Model, arm: Arm) -> int:
    """Return of how many samples of weights an arm's predictive average is taken; 0 for none.

    Only a posterior can be sampled, and what trains after pruning is none any more.
    """
    asked: int = config.get("posterior_samples", 0)
    if not asked or parts(config, model.study, arm, arm.points):
        return 0
    objective = fits.objective(config["catalogue"][model.study]["fits"][model.fit])
    return asked if objective["kind"] == "variational" else 0


def row_files(config: Config) -> Iterator[str]:
    """Yield the path of every evaluation job's rows, below the run's folder."""
    return (path for _, _, path in _evaluations(config, paths.ROWS))


def outcome_files(config: Config) -> Iterator[str]:
    """Yield the path of every evaluation job's outcomes, in the order of `row_files`."""
    return (path for _, _, path in _evaluations(config, paths.OUTCOMES))


def outcome_files_with(config: Config, wanted: Iterable[Key]) -> Iterator[str]:
    """Yield the outcomes of the evaluation jobs that have rows with these keys.

    Args:
        config: the config.
        wanted: keys as `keys` has them; of which replicate they are doesn't matter.
    """
    # Without effect, replicate and what follows: a job evaluates an arm's points in all of these.
    places = {(*key[:7], *key[8:11]) for key in wanted}
    for arm_of, points, path in _evaluations(config, paths.OUTCOMES):
        if any((*arm_of, point.step, levels.number(point.level)) in places for point in points):
            yield path


def _evaluations(
    config: Config, pattern: str
) -> Iterator[tuple[tuple[str, ...], Sequence[Point], str]]:
    """Yield every evaluation job: names of its model and arm, points, and a path of it."""
    for narrowed, model, block in divided(config):
        for arm, batch, points in evaluations(narrowed, model):
            path = pattern.format(
                **model._asdict(),
                **block.names,
                criterion=arm.criterion,
                scope=arm.scope,
                selection=arm.selection,
                schedule=arm.schedule,
                batch=batch,
            )
            yield (*model, *arm.name), points, path


def evaluations(
    config: Config, model: Model, name: tuple[str, ...] | None = None
) -> Iterator[tuple[Arm, int, Sequence[Point]]]:
    """Yield every evaluation job of a model: its arm, the number of its batch, the points in it.

    Args:
        config: the config.
        model: the model.
        name: of the arm, to have the jobs of this arm alone.
    """
    numbers: Counter[tuple[str, ...]] = Counter()
    for arm in arms(config, model.study, model.fit, model.network):
        if name not in (None, arm.name):
            continue
        points = arm.points
        if "rows" in config:
            points = tuple(point for point in points if conditions(config, model, arm, point))
        # What ends an evaluation is known to the job alone that evaluates all levels.
        whole = arm.until_lost is not None
        for batch in batches(points, len(points) if whole else config["levels_per_job"]):
            numbers[arm.name] += 1
            yield arm, numbers[arm.name], batch


def outline(config: Config) -> dict[str, Any]:
    """Return the part of the config that decides the table's rows: what `keys` reads."""
    asked = config.get("posterior_samples", 0)
    sampled = {"posterior_samples": asked} if asked else {}
    return {
        **{key: config[key] for key in ("replicates", "levels_per_job", "studies")},
        **sampled,
        "catalogue": {
            study: {
                "dataset": config["catalogue"][study]["dataset"],
                **_stated(config["catalogue"][study], "replicates"),
                **_stated(config["catalogue"][study], "rounding"),
                **_stated(config["catalogue"][study], "scopes"),
                "fits": {
                    fit: {"networks": settings["networks"]}
                    | ({"objective": {"kind": fits.objective(settings)["kind"]}} if sampled else {})
                    for fit, settings in _fits(config, study).items()
                },
                "arms": config["catalogue"][study].get("arms", []),
                "schedules": config["catalogue"][study].get("schedules", {}),
                "noise": [
                    entry | {"sparsities": sorted(map(_plain, entry["sparsities"]))}
                    if "sparsities" in entry
                    else entry
                    for entry in config["catalogue"][study].get("noise", [])
                ],
            }
            for study in config["studies"]
        },
    }


def roundings(config: Config) -> dict[str, str]:
    """Return study -> how its arms round the number of units that go under exact_k."""
    catalogue = config["catalogue"]
    return {study: catalogue[study].get("rounding", "nearest") for study in config["studies"]}


def own_scopes(config: Config) -> dict[str, dict[str, str]]:
    """Return study -> name of each of its own scopes -> how it counts."""
    catalogue = config["catalogue"]
    return {
        study: {name: each["kind"] for name, each in catalogue[study].get("scopes", {}).items()}
        for study in config["studies"]
    }


def _stated(block: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a key of a block with its value, if the block has it."""
    return {key: block[key]} if key in block else {}


def _plain(level: str) -> str:
    """Return a level without trailing zeros, so that "0.9" equals "0.90"; "2x" stays."""
    whole, point, decimals = level.partition(".")
    return f"{whole}{point}{decimals}".rstrip("0").rstrip(".") if point else level
