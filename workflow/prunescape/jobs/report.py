"""Jobs of report.smk: masks that are compared, and what figures draw beside the table."""

from prunescape.jobs.common import Wildcards, compact, masks_path, results
from prunescape.pipeline import paths, plan
from prunescape.pipeline.plan import Config

LONGEST = 100_000
"""Characters of a list in a job's command: Linux takes 131,071 in one argument."""

MOST = 5_000
"""Files in a job's command: of 200 characters each, half of what Linux takes in all arguments."""


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
                    path = masks_path(config, place, arm, point)
                    cut = (named.network, named.fit, arm.schedule, point.step, point.level)
                    found.setdefault(path, cut)
    return found


def compared_masks(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the masks of a study that keep an exact number of weights."""
    return list(_cuts(config, wildcards.study))


def cuts(config: Config, wildcards: Wildcards) -> str:
    """Return network, fit, schedule, step and level of each of them."""
    return compact(list(_cuts(config, wildcards.study).values()))


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


def not_tested(config: Config) -> str:
    """Return the claims that the configuration can't test, each with its reason."""
    return compact({claim: reason for claim, reason in config["not_tested"].items() if reason})


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
