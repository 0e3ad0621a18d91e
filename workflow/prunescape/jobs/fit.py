"""Jobs of fit.smk: networks, settings of fits, checkpoints."""

import os

from prunescape.foundations import user_files
from prunescape.jobs.common import Wildcards, compact, fit_of, results
from prunescape.pipeline import imported_code, paths
from prunescape.pipeline.plan import Config


def layers(config: Config, wildcards: Wildcards) -> str:
    """Return the layers of a job's network."""
    return compact(config["networks"][wildcards.network])


def network_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the user's file with a job's network and the modules beside it; [] if it has none."""
    network = config["networks"][wildcards.network]
    if not isinstance(network, str):
        return []
    path, _ = user_files.split(network)
    return [os.path.relpath(file) for file in imported_code.code(path)]


def network_check(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the output of the check that a user's network must pass before it is trained."""
    if not isinstance(config["networks"][wildcards.network], str):
        return []
    return results(config, paths.NETWORK_CHECK, **wildcards)


def distribution(config: Config, wildcards: Wildcards) -> str:
    """Return the distribution of a fit's initial weights, or "warm_start"."""
    kind = fit_of(config, wildcards).get("initial_weights", {}).get("distribution", "warm_start")
    return str(kind)


def batch_sizes(config: Config, wildcards: Wildcards) -> str:
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
    return compact(found)


def fit_settings(config: Config, wildcards: Wildcards) -> str:
    """Return a fit's settings without the list of its networks, which no job needs."""
    settings = fit_of(config, wildcards)
    return compact({key: value for key, value in settings.items() if key != "networks"})


def starting_point(config: Config, wildcards: Wildcards) -> str | list[str]:
    """Return the checkpoint that a variational fit starts from, if its settings name one."""
    start = fit_of(config, wildcards).get("warm_start")
    return results(config, paths.POINT, **{**wildcards, "fit": start}) if start else []


def checkpoint(config: Config, wildcards: Wildcards) -> str:
    """Return the checkpoint of a job's model and block: a point estimate or a posterior."""
    return results(config, checkpoint_pattern(config, wildcards.study, wildcards.fit), **wildcards)


def checkpoint_pattern(config: Config, study: str, fit: str) -> str:
    """Return the path pattern of a fit's checkpoint: a point estimate's or a posterior's."""
    kind = config["catalogue"][study]["fits"][fit]["objective"]["kind"]
    return paths.POINT if kind == "likelihood" else paths.POSTERIOR
