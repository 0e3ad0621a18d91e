"""Checks of fits: their networks, settings and starting weights.

`given_weights` has those of fits whose weights are the user's files.
"""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    mapping,
    objective_kind,
    optimiser_kind,
    texts_in,
    texts_of,
    unknown_name,
)
from prunescape.configuration.recipes import check_recipe
from prunescape.configuration.words import Place, Problem, listed, plain, shown
from prunescape.foundations import user_files
from prunescape.optimising import loss_needs
from prunescape.pipeline import fits


def check_fit(place: Place, fit: dict[Any, Any], networks: Any) -> Iterator[Problem]:
    """Check that a fit's networks exist, and that its settings go together."""
    for i, network in texts_in(fit.get("networks")):
        yield from unknown_name((*place, "networks", i), network, networks, "one of the networks")
        start = mapping(fit.get("initial_weights")).get("distribution")
        if start == "own" and isinstance(mapping(networks).get(network), list):
            text = f"found 'own' with the network {plain(network)}, which is not in a file"
            place_of = (*place, "initial_weights", "distribution")
            yield place_of, f"{text}; allowed: another distribution"
    warm_up = mapping(mapping(fit.get("objective")).get("kl")).get("warm_up")
    match warm_up:
        case [int() as first, int() as last] if first > last:
            text = f"found {warm_up}; allowed: [first, last] with first <= last"
            yield (*place, "objective", "kl", "warm_up"), text
    yield from _check_log_alpha((*place, "objective", "log_alpha"), mapping(fit.get("objective")))
    if fit.get("replacement") is True and fit.get("shuffle") is False:
        text = "found true with shuffle: false; allowed: only where images are shuffled"
        yield (*place, "replacement"), text
    yield from _check_loss((*place, "objective", "loss"), fit)
    yield from check_recipe(place, fit)
    if optimiser_kind(fit) == "psgd" and objective_kind(fit) == "variational":
        text = "found 'psgd' with objective.kind: variational; allowed: only with likelihood"
        yield (*place, "optimiser", "kind"), text


def check_replicates(
    place: Place, fit: dict[Any, Any], study: dict[Any, Any], config: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that something is drawn for each replicate of a fit that starts from zeros.

    A network in a file may start other parameters than its layers' by itself; what it starts is
    looked at before it is trained (`ensemble_fits`).
    """
    if mapping(fit.get("initial_weights")).get("distribution") != "zeros":
        return
    named = study.get("dataset")
    datasets = mapping(config.get("datasets"))
    dataset = mapping(datasets.get(named) if isinstance(named, str) else None)
    sizes = study.get("replicates", config.get("replicates"))
    images = dataset.get("train") or None  # 0: nothing is trained, which is a problem of its own
    same = fits.alike(fit, images if isinstance(images, int) else None)
    if not same or not isinstance(sizes, list) or sizes == [1]:
        return
    for network in texts_of(fit.get("networks")):
        layers = mapping(config.get("networks")).get(network)
        sparse = any("nonzero" in layer for _, layer in blocks_in(layers))
        if isinstance(layers, list) and not sparse:
            text = f"found 'zeros' with {same}: all replicates of {plain(network)} would be one "
            here = (*place, "initial_weights", "distribution")
            yield here, f"{text}network; allowed: another distribution, or batches that differ"


def _check_loss(place: Place, fit: dict[Any, Any]) -> Iterator[Problem]:
    """Check the source of a loss of the user's, and what goes with it; nothing is executed."""
    objective = mapping(fit.get("objective"))
    named = objective.get("loss")
    if not isinstance(named, str) or not user_files.NAMED.fullmatch(named):
        return
    try:
        loss_needs.of_user(named)
    except ValueError as error:
        yield place, f"found {shown(named)}: {error}"
    if "label_smoothing" in objective:
        yield place, "found with label_smoothing; allowed: one of the two"
    if optimiser_kind(fit) == "psgd":
        yield place, "found with optimiser.kind: psgd; allowed: adam, sgd"


def _check_log_alpha(place: Place, objective: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a bounded log alpha goes with the rest of an objective."""
    if "log_alpha" not in objective:
        return
    taken_for = objective.get("sigma_in_kl", "standard_deviation")
    settings = {
        "prior: ard": objective.get("prior") == "ard",
        "sigma.parameter: log": mapping(objective.get("sigma")).get("parameter") == "log",
        "sampling: activations": objective.get("sampling") == "activations",
        "sigma_in_kl: standard_deviation": taken_for == "standard_deviation",
    }
    lacking = [setting for setting, is_there in settings.items() if not is_there]
    if lacking:
        yield place, f"found without {listed(lacking)}; allowed: only with these"
    match mapping(objective["log_alpha"]).get("clamp"):
        case [int() | float() as least, int() | float() as most] if least >= most:
            text = f"found {[least, most]}; allowed: [least, most] with least < most"
            yield (*place, "clamp"), text


def check_start(
    place: Place, fit: dict[Any, Any], others: dict[Any, Any], networks: Any
) -> Iterator[Problem]:
    """Check that a fit has one start, and that it doesn't depend on the fit itself."""
    here = (*place, "warm_start")
    if fit.get("kind", "trained") != "trained":
        return
    if "warm_start" not in fit:
        if "initial_weights" not in fit:
            text = "found nothing; allowed: a start, which is initial_weights or warm_start"
            yield (*place, "initial_weights"), text
        return
    if "initial_weights" in fit:
        yield here, "found beside initial_weights; allowed: one of the two"
    yield from unknown_name(here, fit["warm_start"], others, "another fit of the study")
    source = fit["warm_start"]
    started = mapping(others.get(source) if isinstance(source, str) else None).get("networks")
    for i, network in texts_in(fit.get("networks")):
        if isinstance(started, list) and network not in started and network in mapping(networks):
            text = f"found {shown(network)}; allowed: networks of the warm_start {plain(source)}"
            yield (*place, "networks", i), f"{text} ({listed(texts_of(started))})"
    yield from _check_order(here, source, others)


def _check_order(place: Place, source: Any, others: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a fit can start from the fit `source`; `place` is the fit's key warm_start."""
    name = place[-2]
    chain = [name]
    while isinstance(source, str) and source in others and source not in chain:
        chain.append(source)
        source = mapping(others[source]).get("warm_start")
    if source == name and isinstance(name, str):
        if name == min(chain):  # report a circle once, not for all its fits
            circle = " -> ".join(plain(each) for each in [*chain, name])
            yield place, f"found a circle, {circle}; allowed: a fit that has initial_weights"
        return
    kinds = [objective_kind(others.get(each)) for each in chain[:2]]
    if kinds[0] == "likelihood":
        yield place, "found with objective.kind: likelihood; allowed: only with variational"
    if kinds[1:] == ["variational"]:
        text = f"found {shown(chain[1])}, whose objective.kind is variational"
        yield place, f"{text}; allowed: a fit with objective.kind: likelihood"
