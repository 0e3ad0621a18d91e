"""Jobs of export.smk: the files from which an exported network is made."""

from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.jobs import data
from prunescape.jobs.common import compact, masks_path, results
from prunescape.jobs.fit import checkpoint_pattern, files_of
from prunescape.pipeline import paths, plan, replicates
from prunescape.pipeline.plan import Arm, Config, Model
from prunescape.pipeline.schedules import Point


def _export(config: Config, name: str) -> tuple[dict[str, Any], Arm, Point]:
    """Return the path wildcards of an export's network, its arm, and its point.

    If several steps of a chain have the export's level, the point is the last one.
    """
    wanted = config["exports"][name]
    dataset = config["catalogue"][wanted["study"]]["dataset"]
    blocks = replicates.blocks(config, wanted["study"])
    block = next(block for block in blocks if wanted["replicate"] <= block.last)
    place = {key: wanted[key] for key in ("study", "network", "fit")} | {"dataset": dataset}
    place |= block.names
    named = tuple(wanted[key] for key in ("criterion", "scope", "selection", "schedule"))
    arms = plan.arms(config, wanted["study"], wanted["fit"], wanted["network"])
    arm = next(arm for arm in arms if arm.name == named)
    return place, arm, [point for point in arm.points if point.level == wanted["level"]][-1]


def of_layers(config: Config) -> list[str]:
    """Return the exports whose network is a list of layers."""
    return [name for name in config["exports"] if name not in of_modules(config)]


def of_modules(config: Config) -> list[str]:
    """Return the exports whose network is a user's module; they have other files."""
    exports = config["exports"].items()
    return [name for name, each in exports if isinstance(_network(config, each), str)]


def _network(config: Config, export: Mapping[str, Any]) -> Any:
    return config["networks"][export["network"]]


def exported_network_files(config: Config, name: str) -> list[str]:
    """Return the user's file with an export's network and the modules beside it."""
    return files_of(_network(config, config["exports"][name]))


def network_files(config: Config, names: Iterable[str]) -> list[str]:
    """Return the users' files with the networks of some exports."""
    return sorted({path for name in names for path in exported_network_files(config, name)})


def exported_checkpoint(config: Config, name: str) -> str:
    """Return the checkpoint of an export's fit."""
    place, *_ = _export(config, name)
    return results(config, checkpoint_pattern(config, place["study"], place["fit"]), **place)


def exported_retrained(config: Config, name: str) -> str | list[str]:
    """Return the checkpoint after retraining if the export's schedule retrains."""
    place, arm, point = _export(config, name)
    parts = plan.parts(config, place["study"], arm, [point])
    named = {**place, "schedule": arm.schedule}
    return results(config, paths.RETRAINED, **named, part=parts[0]) if parts else []


def exported_masks(config: Config, name: str) -> str:
    """Return the masks of an export's level."""
    return masks_path(config, *_export(config, name))


def exported_moments(config: Config, name: str) -> str | list[str]:
    """Return the file of the moments of layers' inputs if the export's effect needs them."""
    place, *_ = _export(config, name)
    compensated = config["exports"][name]["effect"] == "compensate"
    return results(config, paths.MOMENTS, **place) if compensated else []


def exported_training(config: Config, name: str) -> list[str]:
    """Return the split files on which the export's effect measures something; [] if it doesn't."""
    if config["exports"][name]["effect"] != "recalibrate":
        return []
    place, *_ = _export(config, name)
    return data.measured_images(config, Model(*(place[each] for each in Model._fields)))


def whole_units(config: Config, name: str) -> list[str]:
    """Return an option if an export's scope removes whole units."""
    _, arm, _ = _export(config, name)
    return ["--units"] if arm.within.kind == "neuron" else []


def exported_origin(config: Config, name: str) -> str:
    """Return the table's key columns of an export's network, study to replicate."""
    place, _, point = _export(config, name)
    return compact(config["exports"][name] | {"dataset": place["dataset"], "step": point.step})
