"""Jobs of fit.smk: networks, settings of fits, given weights, checkpoints."""

import os
from typing import Any

from prunescape.data import published_weights
from prunescape.foundations import home, network_names
from prunescape.jobs.common import Wildcards, arms_of, compact, fit_of, results, with_imports
from prunescape.optimising import loss_needs
from prunescape.pipeline import fits, imported_code, paths, replicates
from prunescape.pipeline.plan import Arm, Config
from prunescape.scoring import needs

_OF_THE_PLAN = ("kind", "networks", "weights", "posterior")
"""Keys of a fit that no script reads among its settings."""


def layers(config: Config, wildcards: Wildcards) -> str:
    """Return the layers of a job's network."""
    return compact(config["networks"][wildcards.network])


def network_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's file with a job's network and the modules beside it; [] if it has none."""
    return files_of(config["networks"][wildcards.network])


def files_of(network: Any) -> list[str]:
    """Return the file of a network of the config and the modules beside it; [] if it has none."""
    if not isinstance(network, str):
        return []
    named = network_names.split(network)
    if not named.is_file:
        return []
    return [os.path.relpath(file) for file in imported_code.code(named.place)]


def training_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's files that decide a job's training: network and loss, and modules beside.

    The loss counts in retraining too.
    """
    own = loss_needs.files(fits.objective(fit_of(config, wildcards)))
    return list(dict.fromkeys([*network_files(config, wildcards), *with_imports(own)]))


def network_check(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the output of the check that a user's network must pass before it is trained."""
    if not isinstance(config["networks"][wildcards.network], str):
        return []
    return results(config, paths.NETWORK_CHECK, **wildcards)


def given_weights(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the files with the weights of a job's replicates: the user's, or torchvision's."""
    files = weight_files(fit_of(config, wildcards))
    return files[int(wildcards.first) - 1 : int(wildcards.last)]


def weight_files(fit: fits.Fit) -> list[str]:
    """Return the safetensors files of a fit with given weights, one a replicate."""
    found = [(named, published_weights.split(named)) for named in fit["weights"]]
    return [published_weights.path(of) if of else home.expanded(named) for named, of in found]


def published(_: Config, wildcards: Wildcards) -> str:
    """Return the name of the published weights that a job downloads."""
    return published_weights.name(wildcards.weights)


def checked_settings(config: Config, wildcards: Wildcards) -> str:
    """Return what a check must know of a fit: scaling, how weights start, what trains them, ..."""
    fit = fit_of(config, wildcards)
    found = {
        "scaling": fit["scaling"],
        "optimiser": fits.optimiser(fit),
        "distribution": _distribution(fit),
        "batch_sizes": _batch_sizes(config, wildcards),
    }
    if any("recalibrate" in arm.effects for arm in arms_of(config, wildcards)):
        found["recalibrated"] = True
    if not fits.is_given(fit) and fits.objective(fit)["kind"] == "variational":
        found["posterior"] = True
    return compact(found)


def checked_scopes(config: Config, wildcards: Wildcards) -> str:
    """Return name -> fields of each of the study's own scopes in which a model is pruned."""
    arms = arms_of(config, wildcards)
    return compact({arm.scope: arm.within for arm in arms if arm.scope != arm.within.kind})


def _distribution(fit: fits.Fit) -> str:
    """Return the distribution of a fit's initial weights, "warm_start" or "given"."""
    other = "given" if fits.is_given(fit) else "warm_start"
    return str(fit.get("initial_weights", {}).get("distribution", other))


def _batch_sizes(config: Config, wildcards: Wildcards) -> dict[str, int]:
    """Return config key -> batch size for a fit and the schedules that retrain its networks."""
    study = config["catalogue"][wildcards.study]
    fit, place = fit_of(config, wildcards), f"catalogue.{wildcards.study}"
    keys = ("batch_size", "first_epoch_batch_size")
    found = {f"{place}.fits.{wildcards.fit}.{key}": fit[key] for key in keys if key in fit}
    used = {
        name for arm in study["arms"] if wildcards.fit in arm["fits"] for name in arm["schedules"]
    }
    for name, schedule in study.get("schedules", {}).items():
        if name in used and "batch_size" in schedule.get("fit", {}):
            key = f"{place}.schedules.{name}.fit.batch_size"
            found[key] = schedule["fit"]["batch_size"]
    return found


def fit_settings(config: Config, wildcards: Wildcards) -> str:
    """Return a fit's settings: what scripts need, with the objective of given weights."""
    fit = fit_of(config, wildcards)
    settings = {key: value for key, value in fit.items() if key not in _OF_THE_PLAN}
    if any(collects(config, arm) for arm in arms_of(config, wildcards)):
        settings["movement"] = True
    return compact(settings | {"objective": fits.objective(fit)})


def collects(config: Config, arm: Arm) -> bool:
    """Return whether an arm's criterion reads what a training must have collected."""
    return arm.criterion != "none" and bool(needs.TRAINED & needs.of(config, arm.criterion))


def starting_point(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the checkpoint that a variational fit starts from, if its settings name one."""
    start = fit_of(config, wildcards).get("warm_start")
    if not start:
        return []
    pattern = checkpoint_pattern(config, wildcards.study, start)
    return results(config, pattern, **{**wildcards, "fit": start})


def checkpoint(config: Config, wildcards: Wildcards) -> str:
    """Return the checkpoint of a job's model and block: estimates, a posterior, given weights."""
    pattern = checkpoint_pattern(config, wildcards.study, wildcards.fit)
    return results(config, pattern, **{**wildcards, "last": replicates.trained(wildcards.last)})


def checkpoint_pattern(config: Config, study: str, fit: str) -> str:
    """Return the path pattern of a fit's checkpoint, which the rule that makes it names."""
    settings: dict[str, Any] = config["catalogue"][study]["fits"][fit]
    if fits.is_given(settings):
        return paths.GIVEN
    return paths.POINT if settings["objective"]["kind"] == "likelihood" else paths.POSTERIOR
