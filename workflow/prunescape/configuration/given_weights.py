"""Checks of fits with given weights: the files, what is published, and as many as replicates.

The names and shapes in the files are checked by a job, which reads them.
"""

import contextlib
import filecmp
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    is_given,
    mapping,
    texts_in,
    texts_of,
)
from prunescape.configuration.words import Place, Problem, plain, shown
from prunescape.data import published_weights
from prunescape.foundations import home, network_names

ENDING = ".safetensors"


def check_given(
    place: Place,
    fit: dict[Any, Any],
    study: dict[Any, Any],
    networks: Any,
    configs: Sequence[str] = (),
) -> Iterator[Problem]:
    """Check a fit with given weights; other fits have no problem here.

    Args:
        place: where the fit stands.
        fit: its settings.
        study: the fit's study.
        networks: the block of that name.
        configs: the config files; if a file of weights lies beside one, the message says so.
    """
    if not is_given(fit):
        return
    named = texts_of(fit.get("networks"))
    if len(named) > 1:
        text = f"found {len(named)} networks; allowed: one, as the files have the weights of one"
        yield (*place, "networks"), text
    for i, network in texts_in(fit.get("networks")):
        if any("nonzero" in layer for _, layer in blocks_in(mapping(networks).get(network))):
            text = f"found {shown(network)}, whose layers draw which weights are zero (nonzero)"
            yield (*place, "networks", i), f"{text}; allowed: layers without it for given weights"
    for i, path in texts_in(fit.get("weights")):
        where = Path(home.expanded(path))
        if where.suffix == ENDING and not where.is_file():  # of another, the schema tells
            text = f"found {shown(path)}, but there is no such file{_beside(where, configs)}"
            yield (*place, "weights", i), f"{text}; allowed: files that are there"
    yield from _check_published(place, fit, mapping(networks))
    yield from _check_apart(place, texts_in(fit.get("weights")))
    yield from _check_numbers(place, fit, study)


def _check_published(
    place: Place, fit: dict[Any, Any], networks: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that weights which torchvision publishes are of the fit's network, and all different.

    Which weights there are is known to torchvision alone: the job that downloads them asks it.
    """
    found = [(i, path, published_weights.split(path)) for i, path in texts_in(fit.get("weights"))]
    named = [(i, path, of) for i, path, of in found if of]
    newest = {of.model: path for _, path, of in named if not of.weights}
    for i, path, of in named:
        here = (*place, "weights", i)
        for network in texts_of(fit.get("networks")):
            if network in networks and not _is_of(of, networks[network]):
                text = f"found {shown(path)} for {plain(network)}, which is another network"
                classes = f"{published_weights.CLASSES} classes"
                yield here, f"{text}; allowed: for {_network(of)}, which has {classes}"
        if of.weights and of.model in newest:
            text = f"found {shown(path)} beside {newest[of.model]}, which may be the same"
            yield here, f"{text}; allowed: names for both"
    if named and fit.get("posterior") is True:
        text = f"found true with {named[0][1]}, which has no standard deviations"
        yield (*place, "posterior"), f"{text}; allowed: false"


def _is_of(of: published_weights.Named, network: str | list[Any]) -> bool:
    """Return whether published weights are those of a network of the config."""
    try:
        place, name, arguments = network_names.split(str(network))
    except ValueError:
        return False
    classes = arguments.get("num_classes", published_weights.CLASSES)
    turned = of.model not in published_weights.TURNED or arguments.get("transform_input") is True
    wanted = (network_names.TORCHVISION, of.model, published_weights.CLASSES, True)
    return (place, name, classes, turned) == wanted


def _network(of: published_weights.Named) -> str:
    """Return the name of the network that published weights are of."""
    options = "(transform_input=True)" if of.model in published_weights.TURNED else ""
    return f'"torchvision:{of.model}{options}"'


def _check_apart(place: Place, named: list[tuple[int, str]]) -> Iterator[Problem]:
    """Check that no two files have the same bytes: copies, links, one file by two names."""
    seen: dict[tuple[int, bytes], list[tuple[int, str]]] = {}
    for i, path in named:
        with contextlib.suppress(OSError):  # missing, which is a problem of its own
            here = home.expanded(path)
            alike = seen.setdefault(_ends(here), [])
            for first, other in alike:
                if other != path and filecmp.cmp(here, home.expanded(other), shallow=False):
                    text = f"found {shown(path)}, the same weights as {shown(other)} in [{first}]"
                    yield (*place, "weights", i), f"{text}; allowed: a file for each replicate"
                    break
            alike.append((i, path))


def _ends(path: str) -> tuple[int, bytes]:
    """Return a file's size and last bytes, which differ between trained networks.

    So that whole files are read only if they probably are copies.
    """
    with Path(path).open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        if not size:
            raise OSError("an empty file, which is no other file's copy")
        opened.seek(-min(size, 4096), os.SEEK_END)
        return size, opened.read()


def _beside(where: Path, configs: Sequence[str]) -> str:
    """Return a clause that names the file beside a config file, if it lies there."""
    for config in configs:
        other = Path(config).parent / where
        if not where.is_absolute() and other.is_file():
            return f" here (beside {Path(config).name} there is one: {os.path.relpath(other)})"
    return f": looked for {Path.cwd() / where}"


def _check_numbers(place: Place, fit: dict[Any, Any], study: dict[Any, Any]) -> Iterator[Problem]:
    """Check that there are as many files as the study has replicates."""
    here, count = (*place, "weights"), len(texts_of(fit.get("weights")))
    sizes = study.get("replicates")
    if isinstance(sizes, list) and all(type(size) is int for size in sizes) and sum(sizes) != count:
        text = f"found {count} with {sum(sizes)} replicates of the study ({'.'.join(place[:2])}"
        yield here, f"{text}.replicates); allowed: a file for each replicate"
    for name, other in blocks_in(study.get("fits")):
        theirs = len(texts_of(other.get("weights")))
        if is_given(other) and theirs != count and str(name) < str(place[-1]):
            text = f"found {count}, but {plain(name)} has {theirs}"
            yield here, f"{text}; allowed: as many for all fits of a study"


def with_replicates(config: dict[str, Any]) -> dict[str, Any]:
    """Return a valid config in which studies with given weights have a replicate for each file.

    They are one block, unless the study says itself how they are divided.
    """
    catalogue = {
        name: {"replicates": [count]} | study if (count := _files(study)) else study
        for name, study in config["catalogue"].items()
    }
    return config | {"catalogue": catalogue}


def _files(study: Mapping[str, Any]) -> int:
    """Return how many files of weights a study has; 0 if all of its fits are trained."""
    return max((len(fit["weights"]) for fit in study["fits"].values() if is_given(fit)), default=0)
