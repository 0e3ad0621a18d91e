"""Checks of schedules whose training changes the masks: rigl and set."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import blocks_in, mapping, texts_in, texts_of
from prunescape.configuration.own_scopes import kind_of, networks_of
from prunescape.configuration.words import Place, Problem, listed, plain, shown
from prunescape.pipeline.schedules import GROWTHS, REWOUND
from prunescape.pipeline.scopes import OWN

SCOPES = ("global", "layer", "floor", "erdos_renyi", "erk", OWN)
"""Kinds of scopes that count the weights of layers or of the network, which stay as many."""


def check_updates(place: Place, schedule: dict[Any, Any]) -> Iterator[Problem]:
    """Check where a training whose masks change starts."""
    if schedule.get("kind") in GROWTHS and schedule.get("start") in REWOUND:
        text = f"found {schedule['start']} with kind: {schedule['kind']}"
        yield (*place, "start"), f"{text}; allowed: initial, redrawn, or left out"


def check_rewired(
    place: Place,
    arm: dict[Any, Any],
    fits: dict[Any, Any],
    networks: Any,
    schedules: dict[Any, Any],
    scopes: dict[Any, Any],
) -> Iterator[Problem]:
    """Check that masks may change in training, where a schedule of an arm changes them."""
    for i, name in texts_in(arm.get("schedules")):
        schedule = mapping(schedules.get(name))
        if schedule.get("kind") not in GROWTHS:
            continue
        here, found = (*place, "schedules", i), f"found {shown(name)}, whose masks change,"
        for effect in sorted({*texts_of(arm.get("effects"))} - {"zero"}):
            yield here, f"{found} with effect {plain(effect)}; allowed: zero"
        for scope in texts_of(arm.get("scopes")):
            if kind_of(scope, scopes) not in (*SCOPES, None):
                text = f"{found} with scope {plain(scope)}; allowed: scopes of kinds"
                yield here, f"{text} {listed(SCOPES)}"
        for fit in texts_of(arm.get("fits")):
            fitted = mapping(fits.get(fit)).get("optimiser")
            trained = mapping(schedule.get("fit")).get("optimiser", fitted)
            if mapping(trained).get("kind") == "psgd":
                text = f"{found} with optimiser.kind: psgd, for {plain(fit)}"
                yield here, f"{text}; allowed: schedules.{plain(name)}.fit.optimiser with adam, sgd"
        for network in networks_of(arm, fits):
            layers = blocks_in(mapping(networks).get(network))
            if any(layer.get("nonzero", 1) != 1 for _, layer in layers):
                text = f"{found} with the network {plain(network)}, which has sparse weights"
                yield here, f"{text} (nonzero); allowed: networks without"
