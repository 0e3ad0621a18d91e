"""What each job reads and is told, as functions of the config and of the job's wildcards.

Rules name these functions; so no rule computes anything. Paths are relative to the working folder,
structured settings are JSON with sorted keys (the same text for the same value). Standard library
only: the workflow reads this when it is parsed.
"""

import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prunescape import closure, needs, noise_kinds, own_sources, paths, plan, sources, user_files
from prunescape.plan import Arm, Config, Model, Point

LONGEST = 100_000
"""Characters of a list in a job's command: Linux takes 131,071 in one argument."""
MOST = 5_000
"""Files in a job's command: of 200 characters each, half of what Linux takes in all arguments."""

Wildcards = Any  # Snakemake's, or anything with the names of the path grammar as attributes


def compact(value: Any) -> str:
    """Return a value as JSON, the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def results(config: Config, pattern: str, **values: Any) -> str:
    """Return a path of the run; with `values` these are filled in."""
    return f"results/{config['run']}/{pattern.format(**values) if values else pattern}"


def _study(config: Config, wildcards: Wildcards) -> Mapping[str, Any]:
    return config["catalogue"][wildcards.study]


def _fit(config: Config, wildcards: Wildcards) -> Mapping[str, Any]:
    return _study(config, wildcards)["fits"][wildcards.fit]


def _model(wildcards: Wildcards) -> Model:
    return Model(wildcards.study, wildcards.dataset, wildcards.network, wildcards.fit)


def _arms(config: Config, wildcards: Wildcards) -> list[Arm]:
    return plan.arms(config, wildcards.study, wildcards.fit, wildcards.network)


def _schedule(config: Config, wildcards: Wildcards, name: str | None = None) -> Mapping[str, Any]:
    return plan.schedule(config, wildcards.study, name or wildcards.schedule)


def _is_chain(config: Config, wildcards: Wildcards, name: str | None = None) -> bool:
    return _schedule(config, wildcards, name)["kind"] == "chain"


# --- data and fits ------------------------------------------------------------------------------


def raw_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the files that a data set is made of."""
    source = config["datasets"][wildcards.dataset]["source"]
    if source in sources.FILES:
        return [f"data/{source}/raw/{name}" for name in sources.FILES[source]]
    return own_sources.files(source, config["sources"][source][0])


def read_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return how a data set's preparation is told what to read: an option and its paths.

    The user's own images are named by their file or folder alone: a folder may have more files
    than a command line has room for.
    """
    source = config["datasets"][wildcards.dataset]["source"]
    if source in sources.FILES:
        return ["--raw", *raw_files(config, wildcards)]
    return ["--own", own_sources.path(source, config["sources"][source][0])]


def collections(config: Config) -> list[tuple[str, str]]:
    """Return the sources that download a collection of torchvision, and its name."""
    own = {name: places for name, places in config["sources"].items() if name not in sources.FILES}
    named = [(source, own_sources.collection(places[0])) for source, places in own.items()]
    return [(source, collection) for source, collection in named if collection]


def training_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files that a fit trains on."""
    splits = ["train", "validation"] if config["split"] == "final" else ["train"]
    return [f"data/{wildcards.dataset}/{split}.safetensors" for split in splits]


def evaluated_images(config: Config, wildcards: Wildcards) -> str:
    """Return the split file that the table is about."""
    split = "test" if config["split"] == "final" else "validation"
    return f"data/{wildcards.dataset}/{split}.safetensors"


def layers(config: Config, wildcards: Wildcards) -> str:
    """Return the layers of a job's network."""
    return compact(config["networks"][wildcards.network])


def network_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's file that has a job's network, and the modules beside it; or nothing."""
    network = config["networks"][wildcards.network]
    if not isinstance(network, str):
        return []
    path, _ = user_files.split(network)
    return [os.path.relpath(file) for file in closure.code(path)]


def network_check(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the check that goes before training, which a user's network has."""
    if not isinstance(config["networks"][wildcards.network], str):
        return []
    return results(config, paths.NETWORK_CHECK, **wildcards)


def fit_settings(config: Config, wildcards: Wildcards) -> str:
    """Return a fit's settings without the list of its networks, which no single job reads."""
    settings = _fit(config, wildcards)
    return compact({key: value for key, value in settings.items() if key != "networks"})


def starting_point(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the checkpoint that a variational fit starts from, if its settings name one."""
    start = _fit(config, wildcards).get("warm_start")
    return results(config, paths.POINT, **{**wildcards, "fit": start}) if start else []


def checkpoint(config: Config, wildcards: Wildcards) -> str:
    """Return the checkpoint of a job's model and block: a point estimate or a posterior."""
    return results(config, _fitted(config, wildcards.study, wildcards.fit), **wildcards)


def _fitted(config: Config, study: str, fit: str) -> str:
    kind = config["catalogue"][study]["fits"][fit]["objective"]["kind"]
    return paths.POINT if kind == "likelihood" else paths.POSTERIOR


# --- masks --------------------------------------------------------------------------------------


def _criteria(config: Config, wildcards: Wildcards, schedule: str | None = None) -> list[str]:
    """Return the criteria of a model's arms, or of those with a certain schedule."""
    found = [
        arm.criterion
        for arm in _arms(config, wildcards)
        if arm.criterion != "none" and schedule in (None, arm.schedule)
    ]
    return list(dict.fromkeys(found))


def criteria(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the criteria by which a model's weights are scored, as scripts take them."""
    return needs.spelled(config, _criteria(config, wildcards))


def criterion_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that have criteria of a model's arms, and modules beside them."""
    return _own_files(config, _criteria(config, wildcards))


def chained_criteria(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the criteria by which the steps of a chain are scored, as scripts take them."""
    return needs.spelled(config, _criteria(config, wildcards, wildcards.schedule))


def chained_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that have criteria of a chain, and modules beside them."""
    return _own_files(config, _criteria(config, wildcards, wildcards.schedule))


def _own_files(config: Config, names: list[str]) -> list[str]:
    return _with_imports(needs.files(config, names))


def _with_imports(own: Iterable[str]) -> list[str]:
    """Return files of the user and the modules beside them that they import."""
    files = [path for each in own for path in closure.code(each)]
    return list(dict.fromkeys(map(os.path.relpath, files)))


def _reads_moments(config: Config, arm: Arm) -> bool:
    return bool(needs.INPUT_MOMENTS & needs.of(config, arm.criterion)) or (
        "compensate" in arm.effects
    )


def scored_moments(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the moments of a model's layers if one of its criteria needs them."""
    read = [needs.of(config, criterion) for criterion in _criteria(config, wildcards)]
    needed = any(needs.INPUT_MOMENTS & statistics for statistics in read)
    return results(config, paths.MOMENTS, **wildcards) if needed else []


def pruned_arms(config: Config, wildcards: Wildcards) -> str:
    """Return criterion, scope and floor of the arms that have a job's selection and level."""
    found = [
        (arm.criterion, arm.scope, arm.floor)
        for arm in _arms(config, wildcards)
        if arm.selection == wildcards.selection
        and wildcards.level in [point.level for point in arm.points]
        and not _is_chain(config, wildcards, arm.schedule)
    ]
    return compact(list(dict.fromkeys(found)))


def chained_arms(config: Config, wildcards: Wildcards) -> str:
    """Return criterion, scope and floor of the arms of a chain."""
    return compact(
        [
            (arm.criterion, arm.scope, arm.floor)
            for arm in _arms(config, wildcards)
            if arm.schedule == wildcards.schedule and arm.criterion != "none"
        ]
    )


def step_level(config: Config, wildcards: Wildcards) -> str:
    """Return the level of a step of a chain."""
    return _schedule(config, wildcards)["steps"][int(wildcards.step)][0]


def step_scores(config: Config, wildcards: Wildcards) -> str:
    """Return the scores from which a step of a chain is pruned: of the step before, or the fit."""
    step = int(wildcards.step)
    if step == 0:
        return results(config, paths.SCORES, **wildcards)
    return results(config, paths.RETRAINED_SCORES, **wildcards, part=f"s{step - 1}")


def previous_masks(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the masks of the step before; none for the first."""
    step = int(wildcards.step)
    if step == 0:
        return []
    return results(config, paths.STEP_MASKS, **{**wildcards, "step": step - 1})


# --- training under masks -----------------------------------------------------------------------


def _retrained(config: Config, wildcards: Wildcards) -> list[tuple[str, str, str, str]]:
    jobs = plan.retrained(config, _model(wildcards), wildcards.schedule, wildcards.part)
    return [
        (arm.criterion, arm.scope, effect, point.level)
        for arm, points in jobs
        for effect in arm.effects
        for point in points
    ]


def retrained_arms(config: Config, wildcards: Wildcards) -> str:
    """Return [criterion, scope, effect, level] of all that a retraining job trains."""
    return compact(_retrained(config, wildcards))


def retrained_levels(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the levels whose masks a retraining job needs."""
    arms = _retrained(config, wildcards)
    return list(dict.fromkeys(level for criterion, *_, level in arms if criterion != "none"))


def retrained_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the masks of a retraining job, a file a level."""
    if _is_chain(config, wildcards):
        return [results(config, paths.STEP_MASKS, **wildcards, step=wildcards.part[1:])]
    return [
        results(config, paths.MASKS, **wildcards, selection="exact_k", level=level)
        for level in retrained_levels(config, wildcards)
    ]


def retraining_start(config: Config, wildcards: Wildcards) -> str:
    """Return the checkpoint that a step of a chain goes on from: the step before, or the fit."""
    step = int(wildcards.part[1:])
    if step == 0:
        return checkpoint(config, wildcards)
    return results(config, paths.RETRAINED, **{**wildcards, "part": f"s{step - 1}"})


def retraining_settings(config: Config, wildcards: Wildcards) -> str:
    """Return a retraining job's settings: the fit's, with what its schedule changes."""
    fit, schedule = _fit(config, wildcards), _schedule(config, wildcards)
    epochs = schedule.get("epochs")
    if epochs is None:
        epochs = schedule["steps"][int(wildcards.part[1:])][1]
    kept = {key: fit[key] for key in ("optimiser", "batch_size", "shuffle", "sparse_weights")}
    # Under masks a posterior's means train on as point estimates.
    point = {"kind": "likelihood", "softmax": "once"}
    objective = fit["objective"] if fit["objective"]["kind"] == "likelihood" else point
    found = kept | schedule.get("fit", {}) | {"objective": objective, "epochs": epochs}
    if "start" in schedule:
        found |= {"start": schedule["start"], "initial_weights": fit["initial_weights"]}
    return compact(found)


def epochs_before(config: Config, wildcards: Wildcards) -> int:
    """Return how many epochs a retraining job's members have been trained before."""
    epochs, schedule = _fit(config, wildcards)["epochs"], _schedule(config, wildcards)
    earlier = schedule["steps"][: int(wildcards.part[1:])] if "steps" in schedule else []
    return epochs + sum(count for _, count in earlier)


# --- evaluation ---------------------------------------------------------------------------------


def _evaluated(config: Config, wildcards: Wildcards) -> tuple[Arm, tuple[Point, ...]]:
    """Return the arm of a job, and the batch of its points that the job evaluates."""
    name = (wildcards.criterion, wildcards.scope, wildcards.selection, wildcards.schedule)
    arm = next(arm for arm in _arms(config, wildcards) if arm.name == name)
    return arm, plan.batches(arm.points, config["levels_per_job"])[int(wildcards.batch) - 1]


def model(config: Config, wildcards: Wildcards) -> str:
    """Return study, dataset, network and fit of a job."""
    return compact(_model(wildcards)._asdict())


def evaluated_arm(config: Config, wildcards: Wildcards) -> str:
    """Return what a job evaluates: its arm with the points of its batch."""
    arm, points = _evaluated(config, wildcards)
    names = ("criterion", "scope", "selection", "schedule", "effects")
    return compact({name: getattr(arm, name) for name in names} | {"points": points})


def _conditions(config: Config, wildcards: Wildcards) -> list[list[tuple[str, str]]]:
    arm, points = _evaluated(config, wildcards)
    return [plan.conditions(config, _model(wildcards), arm, point) for point in points]


def evaluated_conditions(config: Config, wildcards: Wildcards) -> str:
    """Return the (noise, noise level) pairs of each of a job's points."""
    return compact(_conditions(config, wildcards))


def evaluated_noises(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's kinds of noise among them, as scripts take them."""
    pairs = itertools.chain.from_iterable(_conditions(config, wildcards))
    return noise_kinds.spelled(config, (kind for kind, _ in pairs))


def noise_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that have these kinds, and modules beside them."""
    named = (each.partition("=")[2] for each in evaluated_noises(config, wildcards))
    return _with_imports(user_files.split(each)[0] for each in named)


def evaluated_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the masks of a job's points; a dense network has none."""
    arm, points = _evaluated(config, wildcards)
    return [_masks(config, wildcards, arm, point) for point in points if arm.criterion != "none"]


def evaluated_moments(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the moments of a model's layers if one of a job's effects needs them."""
    arm, _ = _evaluated(config, wildcards)
    return results(config, paths.MOMENTS, **wildcards) if "compensate" in arm.effects else []


def evaluated_checkpoints(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the retrained checkpoints that hold a job's points."""
    arm, points = _evaluated(config, wildcards)
    parts = plan.parts(config, wildcards.study, arm, points)
    return [results(config, paths.RETRAINED, **wildcards, part=part) for part in parts]


def _masks(config: Config, place: Any, arm: Arm, point: Point) -> str:
    if plan.schedule(config, place["study"], arm.schedule)["kind"] == "chain":
        named = {**place, "schedule": arm.schedule, "step": point.step}
        return results(config, paths.STEP_MASKS, **named)
    named = {**place, "selection": arm.selection, "level": point.level}
    return results(config, paths.MASKS, **named)


# --- exports ------------------------------------------------------------------------------------


def _export(config: Config, name: str) -> tuple[dict[str, Any], Arm, Point]:
    """Return where an export's network lies, its arm, and its point: of several, the last step."""
    wanted = config["exports"][name]
    dataset = config["catalogue"][wanted["study"]]["dataset"]
    ends = next(ends for ends in plan.blocks(config) if wanted["replicate"] <= ends[1])
    place = {key: wanted[key] for key in ("study", "network", "fit")} | {"dataset": dataset}
    place |= dict(zip(("first", "last"), ends, strict=True))
    name = tuple(wanted[key] for key in ("criterion", "scope", "selection", "schedule"))
    arms = plan.arms(config, wanted["study"], wanted["fit"], wanted["network"])
    arm = next(arm for arm in arms if arm.name == name)
    return place, arm, [point for point in arm.points if point.level == wanted["level"]][-1]


def exported_checkpoint(config: Config, name: str) -> str:
    """Return the checkpoint of an export's fit."""
    place, *_ = _export(config, name)
    return results(config, _fitted(config, place["study"], place["fit"]), **place)


def exported_retrained(config: Config, name: str) -> str | list[str]:
    """Return the checkpoint after retraining, if the export's schedule retrains."""
    place, arm, point = _export(config, name)
    parts = plan.parts(config, place["study"], arm, [point])
    named = {**place, "schedule": arm.schedule}
    return results(config, paths.RETRAINED, **named, part=parts[0]) if parts else []


def exported_masks(config: Config, name: str) -> str:
    """Return the masks of an export's level."""
    return _masks(config, *_export(config, name))


def exported_moments(config: Config, name: str) -> str | list[str]:
    """Return the moments of the layers' inputs, if the export's effect needs them."""
    place, *_ = _export(config, name)
    compensated = config["exports"][name]["effect"] == "compensate"
    return results(config, paths.MOMENTS, **place) if compensated else []


def exported_origin(config: Config, name: str) -> str:
    """Return the table's key columns of an export's network, study to replicate."""
    place, _, point = _export(config, name)
    return compact(config["exports"][name] | {"dataset": place["dataset"], "step": point.step})


def exports(config: Config) -> list[str]:
    """Return what exporting makes; nothing, if nothing is to be exported."""
    found = [results(config, paths.EXPORT, export=name) for name in config["exports"]]
    return [*found, *sizes(config)]


def sizes(config: Config) -> list[str]:
    """Return the sizes of the exports, if there are any."""
    return [results(config, paths.SIZES)] if config["exports"] else []


# --- masks of a study -----------------------------------------------------------------------------


def _cuts(config: Config, study: str) -> dict[str, tuple[str, str, str, int, str]]:
    """Return each file of a study's masks that keep an exact number of weights, and its cut."""
    found = {}
    for named in plan.models({**config, "studies": [study]}):
        for arm in plan.arms(config, study, named.fit, named.network):
            if arm.selection != "exact_k":
                continue
            for first, last in plan.blocks(config):
                place = {**named._asdict(), "first": first, "last": last}
                for point in arm.points:
                    path = _masks(config, place, arm, point)
                    cut = (named.network, named.fit, arm.schedule, point.step, point.level)
                    found.setdefault(path, cut)
    return found


def compared_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the masks of a study that keep an exact number of weights."""
    return list(_cuts(config, wildcards.study))


def cuts(config: Config, wildcards: Wildcards) -> str:
    """Return network, fit, schedule, step and level of each of them."""
    return compact(list(_cuts(config, wildcards.study).values()))


# --- commands of jobs --------------------------------------------------------------------------


def check_commands(config: Config) -> None:
    """Look whether the lists that jobs are given fit into a command.

    Raises:
        ValueError: a study, or the run, has too many levels for that.
    """
    lists = {"studies": [compact(plan.outline(config))]}
    for study in config["studies"]:
        if "mask_overlap" in config["catalogue"][study]["figures"]:
            found = _cuts(config, study)
            lists[f"catalogue.{study}.arms"] = [*found, compact(list(found.values()))]
    for place, texts in lists.items():
        length = max(map(len, texts))
        if length > LONGEST or len(texts) > MOST:
            raise ValueError(
                f"{place}: found so many levels that a job's command lists {len(texts):,} files "
                f"and {length:,} characters; allowed: {MOST:,} and {LONGEST:,}. Several runs with "
                "some of the levels each, or a figure mask_overlap less, are a way out"
            )


# --- verdicts ----------------------------------------------------------------------------------


def not_tested(config: Config) -> str:
    """Return the claims that the configuration can't test, each with its reason."""
    return compact({claim: reason for claim, reason in config["not_tested"].items() if reason})


# --- targets ------------------------------------------------------------------------------------


def figures(config: Config) -> list[str]:
    """Return every figure of the run."""
    return [
        results(config, paths.FIGURE, study=study, figure=figure) + f".{extension}"
        for study in config["studies"]
        for figure in config["catalogue"][study]["figures"]
        for extension in ("svg", "png")
    ]


def figure_source(config: Config, study: str, kind: str) -> str | None:
    """Return the run's file that a kind of figure draws beside the table, if there is one."""
    sources = {"cost_accuracy": paths.COSTS, "mask_overlap": paths.OVERLAPS}
    return results(config, sources[kind].format(study=study)) if kind in sources else None


def figure_resources(kind: str) -> list[str]:
    """Return the resources with the results of others that a kind of figure draws."""
    if kind == "error_compression":
        return ["literature.csv"]
    also = ["literature.csv"] if kind == "accuracy_sparsity" else []
    return ["public_figures.csv", *also]


def rows(config: Config) -> list[str]:
    """Return the rows of every evaluation."""
    return [results(config, path) for path in plan.row_files(config)]


def noise_checks(config: Config) -> list[str]:
    """Return the check of the noise estimate of every fit that preconditioned SGD makes."""
    found = []
    for named in plan.models(config):
        fit = config["catalogue"][named.study]["fits"][named.fit]
        if fit["optimiser"]["kind"] == "psgd":
            for first, last in plan.blocks(config):
                place = {**named._asdict(), "first": first, "last": last}
                found.append(results(config, paths.NOISE_CHECK, **place))
    return found


def intermediates(config: Config) -> list[str]:
    """Return every file between the raw data and the rows.

    They are targets too: Snakemake removes the output of a job that fails, but records the job's
    new settings, and notices later that a file is missing only if the file is asked for.
    """
    found = [
        f"data/{dataset}/{split}.safetensors"
        for dataset in dict.fromkeys(model.dataset for model in plan.models(config))
        for split in ("train", "validation", "test")
    ]
    for named in plan.models(config):
        for first, last in plan.blocks(config):
            place = {**named._asdict(), "first": first, "last": last}
            if isinstance(config["networks"][named.network], str):
                found.append(results(config, paths.NETWORK_CHECK, **place))
            found.append(results(config, _fitted(config, named.study, named.fit), **place))
            found += _pruned_files(config, named, place)
    return list(dict.fromkeys(found))


def _pruned_files(config: Config, named: Model, place: Mapping[str, Any]) -> Iterator[str]:
    """Yield what pruning and retraining make of a model's arms; the same file may come twice."""
    for arm in plan.arms(config, named.study, named.fit, named.network):
        if arm.criterion != "none":
            yield results(config, paths.SCORES, **place)
            if _reads_moments(config, arm):
                yield results(config, paths.MOMENTS, **place)
            for point in arm.points:
                yield _masks(config, place, arm, point)
        for part in plan.parts(config, named.study, arm, arm.points):
            trained = {**place, "schedule": arm.schedule, "part": part}
            yield results(config, paths.RETRAINED, **trained)
            if part[0] == "s":
                yield results(config, paths.RETRAINED_SCORES, **trained)
