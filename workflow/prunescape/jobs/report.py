"""Jobs of report.smk: the masks that are compared, and the figures' inputs beside the table."""

from prunescape.jobs import data
from prunescape.jobs.common import Wildcards, compact, masks_path, of_study, results
from prunescape.pipeline import paths, plan, replicates
from prunescape.pipeline.plan import Config
from prunescape.verdicts import claim_files
from prunescape.verdicts.claim_files import Claim
from prunescape.verdicts.rows_read import Rows


def _cuts(config: Config, study: str) -> dict[str, tuple[str, str, str, int, str]]:
    """Return mask file -> (network, fit, schedule, step, level), for a study's exact_k arms."""
    found: dict[str, tuple[str, str, str, int, str]] = {}
    for narrowed, named, block in plan.divided(of_study(config, study)):
        place = {**named._asdict(), **block.names}
        for arm in plan.arms(narrowed, study, named.fit, named.network):
            for point in arm.points if arm.selection == "exact_k" else ():
                path = masks_path(config, place, arm, point)
                cut = (named.network, named.fit, arm.schedule, point.step, point.level)
                found.setdefault(path, cut)
    return found


def compared_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the mask files of a study's exact_k arms."""
    return list(_cuts(config, wildcards.study))


def cuts(config: Config, wildcards: Wildcards) -> str:
    """Return [path, network, fit, schedule, step, level] for every file of `compared_masks`."""
    return compact([(path, *cut) for path, cut in _cuts(config, wildcards.study).items()])


def not_tested(config: Config) -> str:
    """Return claim -> reason, for the claims that the configuration can't test."""
    return compact({claim: reason for claim, reason in config["not_tested"].items() if reason})


def designs(config: Config) -> str:
    """Return for each study what decides its results: seed, split, data set, fits, networks, ..."""
    found = {}
    for study in config["studies"]:
        block = config["catalogue"][study]
        networks = {name for fit in block["fits"].values() for name in fit["networks"]}
        found[study] = {
            "seed": config["seed"],
            "split": config["split"],
            "dataset": {block["dataset"]: config["datasets"][block["dataset"]]},
            "fits": block["fits"],
            "networks": {name: config["networks"][name] for name in sorted(networks)},
            "schedules": block.get("schedules", {}),
            "floors": sorted({arm["floor"] for arm in block["arms"] if "floor" in arm}),
        }
        if (rounding := block.get("rounding", "nearest")) != "nearest":
            found[study]["rounding"] = rounding
    return compact(found)


def figure_source(config: Config, study: str, kind: str) -> list[str]:
    """Return the files of the run that a kind of figure draws beside the table; [] if none."""
    if kind == "score_histograms":
        return _scores(config, study)
    if kind == "mask_pictures":
        images = data.evaluated_on(config, config["catalogue"][study]["dataset"])
        return [images, *_scores(config, study), *_first_masks(config, study)]
    sources = {
        "cost_accuracy": [paths.of_study(paths.COSTS), paths.of_study(paths.TRAINING)],
        "mask_overlap": [paths.OVERLAPS],
        "class_losses": [paths.FLIPS],
        "broken_images": [paths.BROKEN_IMAGES],
        "training_curves": [paths.of_study(paths.HISTORY)],
        "reliability": [paths.of_study(paths.RELIABILITY)],
    }
    return [results(config, each.format(study=study)) for each in sources.get(kind, [])]


def _scores(config: Config, study: str) -> list[str]:
    """Return the scores of the first replicates of a study's models, of those that are pruned."""
    found = []
    for named in plan.models(of_study(config, study)):
        pruned = [each.criterion for each in plan.arms(config, study, named.fit, named.network)]
        if set(pruned) > {"none"}:
            first = replicates.blocks(config, study)[0].names
            found.append(results(config, paths.SCORES, **named._asdict(), **first))
    return sorted(found)


def _first_masks(config: Config, study: str) -> list[str]:
    """Return the mask files of exact_k arms that a fit's own scores cut, at any of their levels."""
    # By the folder's place: a run, a study or a network may be called prune.
    return [path for path in _cuts(config, study) if path.split("/")[-4] == "prune"]


def claim_outcomes(config: Config) -> list[str]:
    """Return the outcomes files with rows that tested claims read.

    Claims count whose measure follows from the outcomes of images.
    """
    untested = {claim for claim, reason in config["not_tested"].items() if reason}
    asked: dict[str, list[Claim]] = {}
    for claim in claim_files.read(claim_files.PROJECT, *config["claims"]):
        if claim.study in config["studies"] and claim.id not in untested and claim.per_image:
            asked.setdefault(claim.study, []).append(claim)
    found: list[str] = []
    for study, claims in asked.items():
        rows = Rows(config, study)
        wanted = [key for claim in claims for key in rows.read_by(claim)]
        found += plan.outcome_files_with(of_study(config, study), wanted)
    return [results(config, path) for path in found]


def study_images(config: Config, wildcards: Wildcards) -> str:
    """Return the split file on which a study's networks are evaluated."""
    return data.evaluated_on(config, config["catalogue"][wildcards.study]["dataset"])


def figure_resources(kind: str) -> list[str]:
    """Return the resources with published results that a kind of figure draws."""
    if kind == "error_compression":
        return ["literature.csv"]
    also = ["literature.csv"] if kind == "accuracy_sparsity" else []
    return ["public_figures.csv", *also]
