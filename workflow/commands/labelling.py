"""Write the config of a label from make's settings: NETWORK, WEIGHTS, DATA and what goes with them.

The config stays, yours to edit. The same command goes on with it; another one needs another RUN.
"""

import contextlib
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from prunescape.configuration import reading
from prunescape.data import own_sources
from prunescape.foundations import files, home, network_names, weight_files
from prunescape.label import recipe
from prunescape.running import converting, surroundings

NEEDED = ("NETWORK", "WEIGHTS", "DATA")
SIZES = ("RESIZE", "CROP")
CONVERTED = (".pt", ".pth", ".bin", ".ckpt")
HEAD = """\
# How far can this network be pruned? Written by `make label`, yours to edit: the same command goes
# on with this file as it is, and
#
#     make run CONFIG={file}
#
# computes everything else that a run has. docs/your-model.md says more.

"""


def written() -> str:
    """Write the config that the settings describe, unless it is there; return its path.

    Raises:
        ValueError: if a setting is missing or wrong, weights can't be converted, or the file is
            there from another command.
    """
    folder = Path(home.expanded(surroundings.given("DIRECTORY")) or ".")
    if not folder.is_dir():
        raise ValueError(f"DIRECTORY: found {str(folder)!r}; allowed: a folder that is there")
    with contextlib.chdir(folder):  # paths in a config start where Snakemake runs
        return str(folder / _written())


def _written() -> Path:
    network, weights, images = (_needed(name) for name in NEEDED)
    name = network_names.split(network).name
    network_names.check(network)
    run = surroundings.given("RUN", f"label_{re.sub(r'[^a-z0-9_]', '_', name.lower())}")
    config = Path(f"{run}.yaml")
    command = _command()
    given = [home.expanded(file) for file in shlex.split(weights)]
    if config.exists():
        label = reading.read(config).get("label", {})
        before = label.get("command")
        if before != command:
            raise ValueError(
                f"{config}: it is there, written by {before or 'something else'}; allowed: the "
                f"same command, RUN=<another name>, or make run CONFIG={config}"
            )
        _renew(config, run, given, label.get("origins", {}))
        return config
    _check_there("WEIGHTS", given)
    tensors = [_safetensors(file, run, i) for i, file in enumerate(given, 1)]
    source = _source(images)
    made = recipe.config(
        run,
        network,
        tensors,
        source,
        _scaling(),
        _epochs(),
        command,
        normalised=any(map(_normalises, tensors)),
        sizes=_sizes(),
        origins={file: files.sha256(file) for file in given if file not in tensors},
    )
    text = yaml.dump(made, Dumper=_Spelled, sort_keys=False, width=100)
    files.write_text(config, HEAD.format(file=config) + text)
    print(f"{config}: written; it can be edited", flush=True)
    return config


def _renew(config: Path, run: str, given: list[str], origins: Mapping[str, str]) -> None:
    """Convert files again that are others than when the config was written, and tell it."""
    for number, file in enumerate(given, 1):
        known = origins.get(file)
        if known and Path(file).exists() and files.sha256(file) != known:
            print(f"{file}: another file than before", flush=True)
            _safetensors(file, run, number)
            text = config.read_text(encoding="utf-8")
            files.write_text(config, text.replace(known, files.sha256(file)))


class _Spelled(yaml.SafeDumper):
    """Writes a list again where it occurs again: behind an alias, an edit would change both."""

    def ignore_aliases(self, _: Any) -> bool:
        """Return that there are none."""
        return True


def _needed(name: str) -> str:
    value = surroundings.given(name)
    if not value:
        raise ValueError(
            f"{name}: found nothing; needed: NETWORK=<file.py:name> WEIGHTS=<file> DATA=<file or "
            "folder of images>"
        )
    return value


def _check_there(setting: str, names: Iterable[str]) -> None:
    for name in names:
        if not Path(name).exists():
            raise ValueError(f"{setting}: {name}: no such file")


def _safetensors(file: str, run: str, number: int) -> str:
    """Return a file of weights; one of torch.save is converted by a program of its own."""
    if Path(file).suffix not in CONVERTED:
        return file
    new = f"{run}-{number}.safetensors"
    try:
        print(converting.convert(file, new), end="", flush=True)
    except ValueError as error:
        raise ValueError(f"WEIGHTS: {error}") from None
    return new


def _normalises(file: str) -> bool:
    """Return whether weights have running statistics, by which layers such as BatchNorm work."""
    try:
        return any(name.endswith("running_mean") for name in weight_files.names(file))
    except ValueError as error:
        raise ValueError(f"WEIGHTS: {error}") from None


def _source(images: str) -> str:
    """Return the entry of `sources` for a file or folder of images."""
    place = home.expanded(images)
    _check_there("DATA", [place])
    path = Path(place)
    arrays = path.is_file() or any(own_sources.ending(each.name) for each in path.iterdir())
    return f"{'file' if arrays else 'classes'}:{place}"


def _scaling() -> str | dict[str, list[float]]:
    mean, std = _numbers("MEAN"), _numbers("STD")
    if not mean and not std:
        return "unit"
    if len(mean) != len(std):
        raise ValueError(
            f"MEAN, STD: found {len(mean)} and {len(std)} numbers; allowed: as many of both, "
            "one a channel"
        )
    return {"mean": mean, "std": std}


def _numbers(name: str) -> list[float]:
    text = surroundings.given(name)
    try:
        return [float(each) for each in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"{name}: found {text!r}; allowed: numbers, one a channel") from None


def _sizes() -> dict[str, int]:
    """Return what is done to pictures, as the config's data sets have it: resize, crop."""
    found = {}
    for name in SIZES:
        if text := surroundings.given(name):
            if not text.isdecimal() or not int(text):
                raise ValueError(f"{name}: found {text!r}; allowed: a number of pixels")
            found[name.lower()] = int(text)
    return found


def _epochs() -> int:
    text = surroundings.given("FINETUNE", "0")
    if not text.isdecimal():
        raise ValueError(f"FINETUNE: found {text!r}; allowed: a number of epochs")
    return int(text)


def _command() -> str:
    settings: dict[str, Any] = {
        name: surroundings.given(name)
        for name in (*NEEDED, "RUN", "MEAN", "STD", *SIZES, "FINETUNE")
    }
    given = [f"{name}={shlex.quote(value)}" for name, value in settings.items() if value]
    return " ".join(["make label", *given])
