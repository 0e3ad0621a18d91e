"""Jobs of label.smk: the networks of a label, its noise, and what it was made from."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prunescape.data import sources
from prunescape.evaluation import input_noise_kinds
from prunescape.foundations import spelling, user_files
from prunescape.jobs import data, evaluate, fit
from prunescape.jobs.common import compact, masks_path, of_study, results, with_imports
from prunescape.pipeline import fits, paths, plan, replicates
from prunescape.pipeline.plan import Arm, Config, Model
from prunescape.pruning import effect_needs


def targets(config: Config) -> list[str]:
    """Return the label of a run; [] if the config has none."""
    if config.get("label", {}).get("study") not in config["studies"]:
        return []
    return [results(config, paths.LABEL), results(config, paths.LABEL_PAGE)]


def outcomes(config: Config) -> list[str]:
    """Return the outcomes of all rows of the label's study."""
    return [results(config, path) for path in plan.outcome_files(of_study(config, _study(config)))]


def table(config: Config) -> str:
    """Return the table of the label's study."""
    return results(config, paths.of_study(paths.TABLE).format(study=_study(config)))


def limits(config: Config) -> list[float]:
    """Return the points of accuracy that may be lost."""
    found: list[float] = config["label"]["losses"]
    return found


def images(config: Config) -> str:
    """Return the split file on which the label's networks are evaluated."""
    return data.evaluated_on(config, _model(config).dataset)


def training(config: Config) -> list[str]:
    """Return the split files with which the label's criteria rank weights."""
    return data.measured_images(config, _model(config))


def measured_on(config: Config) -> list[str]:
    """Return the same files if one of the effects of the label's arms measures on them."""
    return training(config) if effect_needs.ON_IMAGES & _read(config) else []


def blocks(config: Config) -> str:
    """Return for each block of networks its checkpoint, moments and arms with their files."""
    return compact(list(_blocks(config)))


def files(config: Config) -> list[str]:
    """Return the files of `blocks`."""
    found = []
    for block in _blocks(config):
        found += [block["checkpoint"], *([block["moments"]] if block["moments"] else [])]
        for arm in block["arms"]:
            found += [*arm["masks"], *(path for each in arm["retrained"] for path in each)]
    return list(dict.fromkeys(found))


def _blocks(config: Config) -> Iterator[dict[str, Any]]:
    named, arms = _model(config), _arms(config)
    with_moments = bool(effect_needs.MOMENTS & _read(config))
    for block in replicates.blocks(config, named.study):
        place = {**named._asdict(), **block.names}
        checkpoint = fit.checkpoint_pattern(config, named.study, named.fit)
        found = []
        for arm in arms:
            trained = [
                [
                    results(config, paths.RETRAINED, **place, schedule=arm.schedule, part=part)
                    for part in plan.parts(config, named.study, arm, [point])
                ]
                for point in arm.points
            ]
            masks = [masks_path(config, place, arm, point) for point in arm.points]
            found.append(evaluate.described(arm) | {"masks": masks, "retrained": trained})
        yield {
            "checkpoint": results(config, checkpoint, **place),
            "moments": results(config, paths.MOMENTS, **place) if with_moments else None,
            "arms": found,
        }


def conditions(config: Config) -> list[tuple[str, str]]:
    """Return the (noise, noise level) pairs at which the chosen networks are evaluated."""
    return [(each["kind"], level) for each in config["label"]["noise"] for level in each["levels"]]


def noises(config: Config) -> list[str]:
    """Return the user's kinds of noise among them, as scripts take them."""
    return input_noise_kinds.spelled(config, (kind for kind, _ in conditions(config)))


def effects(config: Config) -> list[str]:
    """Return the user's effects among those of the label's arms, as scripts take them."""
    return effect_needs.spelled(config, _effects(config))


def own_files(config: Config) -> list[str]:
    """Return the user's files with this noise and these effects, and the modules beside them."""
    named = spelling.read_all([*noises(config), *effects(config)]).values()
    return with_imports(user_files.split(each)[0] for each in named)


def network_files(config: Config) -> list[str]:
    """Return the user's file with the label's network and the modules beside it."""
    return fit.network_files(config, _model(config))


def made_from(config: Config) -> list[str]:
    """Return the user's files: of images, if that is one, of weights, and of code."""
    named = _model(config)
    settings = config["catalogue"][named.study]["fits"][named.fit]
    weights = fit.weight_files(settings) if fits.is_given(settings) else []
    source = config["datasets"][named.dataset]["source"]
    raw = data.raw_files(config, named) if source not in sources.FILES else []
    images = raw if len(raw) == 1 else []
    return [*images, *weights, *network_files(config), *own_files(config)]


def said(config: Config, citation: str) -> str:
    """Return what a label tells of the run: names, the version of the code, the command.

    `citation` is the file CITATION.cff, which has the version.
    """
    version = re.search(r"^version: (.+)$", Path(citation).read_text(encoding="utf-8"), re.M)
    named = _model(config)
    network = config["networks"][named.network]
    return compact(
        {
            "run": config["run"],
            "network": network if isinstance(network, str) else named.network,
            "fit": named.fit,
            "dataset": named.dataset,
            "source": " ".join(config["sources"][config["datasets"][named.dataset]["source"]]),
            "version": version[1] if version else "",
            "command": config["label"].get("command", ""),
            "origins": config["label"].get("origins", {}),
            **_until_lost(config),
        }
    )


def _until_lost(config: Config) -> dict[str, float]:
    """Return the loss at which evaluations end; {} if all sparsities are evaluated."""
    ends = [arm.until_lost for arm in _every_arm(config) if arm.until_lost is not None]
    return {"until_lost": max(ends)} if ends else {}


def dataset(config: Config) -> str:
    """Return the data set of the label's study."""
    return _model(config).dataset


def _study(config: Config) -> str:
    study: str = config["label"]["study"]
    return study


def _arms(config: Config) -> list[Arm]:
    """Return the arms of the label's study among whose ways of pruning it chooses."""
    return [arm for arm in _every_arm(config) if arm.selection == "exact_k"]


def _every_arm(config: Config) -> list[Arm]:
    named = _model(config)
    return plan.arms(config, named.study, named.fit, named.network)


def _effects(config: Config) -> list[str]:
    return list(dict.fromkeys(effect for arm in _arms(config) for effect in arm.effects))


def _read(config: Config) -> frozenset[str]:
    """Return what the effects of the label's arms read."""
    return frozenset().union(*(effect_needs.of(config, each) for each in _effects(config)))


def _model(config: Config) -> Model:
    """Return the only model of the label's study, as `configuration` checks."""
    [found] = plan.models(of_study(config, _study(config)))
    return found
