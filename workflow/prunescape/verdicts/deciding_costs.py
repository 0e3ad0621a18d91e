"""What it costs to decide claims, in CPU seconds, from the costs of a run's jobs (costs.csv)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from prunescape.foundations.table_rows import named_rows
from prunescape.pipeline import plan
from prunescape.pipeline.plan import Arm, Model
from prunescape.pipeline.replicates import Config, Row, blocks, of_block
from prunescape.pipeline.schedules import Point

TRAINING = ("train", "fit_variational")


def share(config: Config, job: Any, rows: frozenset[Row]) -> float:
    """Return which share of a job some rows need, in [0, 1].

    A job that trains under masks, or evaluates, is divided by the networks and rows in it.

    Args:
        config: the config with the rows of the job's block (`replicates.of_block`).
        job: a row of costs.csv.
        rows: tuples of the columns `replicates.ROW` or `replicates.CHECK`, of the job's study.
    """
    model = Model(job.study, job.dataset, job.network, job.fit)
    place = job.part.split("/")
    if job.stage in TRAINING:
        if place == ["noise"]:
            return float((job.network, job.fit) in rows)
        fits = config["catalogue"][job.study]["fits"]
        on_top = {job.fit} | {fit for fit in fits if fits[fit].get("warm_start") == job.fit}
        return float(any(row[0] == job.network and row[1] in on_top for row in rows))
    narrowed = {**config, "rows": rows}
    wanted = _networks(narrowed, model)
    if job.stage == "retrain":
        trained = plan.retrained(config, model, place[0], place[1])
        return _part({n for arm, points in trained for n in _members(arm, points)}, wanted)
    if job.stage == "evaluate":
        jobs = plan.evaluations(config, model, tuple(place[:4]))
        batch = [(arm, points) for arm, number, points in jobs if f"b{number}" == place[4]]
        there = {row for arm, points in batch for row in _evaluated(config, model, arm, points)}
        arms = plan.arms(narrowed, model.study, model.fit, model.network)
        needed = {row for a in arms for row in _evaluated(narrowed, model, a, a.points)}
        return _part(there, needed)
    pruned = [(name, point) for name, _, point in wanted if name[0] != "none"]
    if job.stage == "prune":
        return float(any(name[2] == place[0] and p.level == place[1] for name, p in pruned))
    if job.stage == "prune_step":
        return float(any(n[3] == place[0] and f"s{p.step}" == place[1] for n, p in pruned))
    return float(bool(pruned))


def _networks(config: Config, model: Model) -> set[Any]:
    """Return the networks of a model as (arm's name, effect, point)."""
    arms = plan.arms(config, model.study, model.fit, model.network)
    return {network for arm in arms for network in _members(arm, arm.points)}


def _members(arm: Arm, points: Sequence[Point]) -> Iterable[Any]:
    return ((arm.name, *pair) for pair in product(arm.effects, points))


def _evaluated(config: Config, model: Model, arm: Arm, points: Sequence[Point]) -> Iterable[Any]:
    for network in _members(arm, points):
        for condition in plan.conditions(config, model, arm, network[-1]):
            yield (*network, condition)


def _part(there: set[Any], needed: set[Any]) -> float:
    return len(there & needed) / len(there) if there else 0.0


def a_replicate(config: Config, costs: pd.DataFrame, study: str, rows: frozenset[Row]) -> float:
    """Return the CPU seconds that a replicate of some rows of a study takes, NaN if unknown.

    They are those of the jobs that the rows need, as they were in the blocks that have all rows.
    """
    end = blocks(config, study)[-1].last
    jobs = costs[(costs["study"] == study) & (costs["appended"] == 0) & (costs["last"] <= end)]
    if jobs.empty:
        return float("nan")
    return float(sum(job.cpu_seconds * share(config, job, rows) for job in named_rows(jobs))) / end


def spent(
    config: Config,
    costs: pd.DataFrame,
    read: Mapping[str, frozenset[Row]],
    verdicts: Iterable[Any],
) -> dict[str, float]:
    """Return the CPU seconds of the appended replicates that each claim asked for: id -> seconds.

    A claim asks for replicates up to the look that it has reached. What several claims need is
    divided among them.

    Args:
        config: the config, with what was appended.
        costs: the costs of the run's jobs.
        read: claim's id -> the rows that it reads.
        verdicts: rows of claims.csv with id, study and look.
    """
    asked = [row for row in verdicts if row.id in read and not pd.isna(row.look)]
    found = dict.fromkeys((row.id for row in asked), 0.0)
    for study in dict.fromkeys(row.study for row in asked):
        end = blocks(config, study)[-1].last
        for job in named_rows(costs[(costs["study"] == study) & (costs["first"] > end)]):
            last = f"{job.last}_{job.appended}" if job.appended else str(job.last)
            narrowed = of_block(config, study, str(job.first), last)
            users = [
                row.id
                for row in asked
                if row.study == study
                and row.look >= job.first
                and share(narrowed, job, read[row.id])
            ]
            for name in users:
                found[name] += job.cpu_seconds / len(users)
    return found
