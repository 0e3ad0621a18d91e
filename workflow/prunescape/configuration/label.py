"""Checks of a label: that its study has one fit of one network, which is pruned."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    mapping,
    repeated_levels,
    texts_of,
    unknown_name,
)
from prunescape.configuration.input_noise import check_severities
from prunescape.configuration.words import Place, Problem, listed
from prunescape.scoring.needs import SHUFFLED

PLACE: Place = ("label",)


def check_label(config: dict[Any, Any], kinds: dict[str, None]) -> Iterator[Problem]:
    """Check the study, the losses and the noise of a config's label, if it has one.

    `kinds` are the known kinds of noise.
    """
    label = mapping(config.get("label"))
    run = dict.fromkeys(texts_of(config.get("studies")))
    yield from unknown_name((*PLACE, "study"), label.get("study"), run, "a study of the run")
    name = label.get("study")
    study = mapping(mapping(config.get("catalogue")).get(name) if isinstance(name, str) else None)
    if study:
        yield from _check_study(study, texts_of(config.get("fits")))
    losses = label.get("losses")
    losses = losses if isinstance(losses, list) else []
    numbers = [each for each in losses if isinstance(each, int | float)]
    if numbers == losses and sorted(set(numbers)) != numbers:
        yield (*PLACE, "losses"), f"found {losses}; allowed: rising numbers"
    for i, noise in blocks_in(label.get("noise")):
        place = (*PLACE, "noise", i)
        yield from unknown_name((*place, "kind"), noise.get("kind"), kinds, "a kind of noise")
        yield from repeated_levels((*place, "levels"), noise.get("levels"))
        yield from check_severities((*place, "levels"), noise)


def _check_study(study: dict[Any, Any], chosen: list[str]) -> Iterator[Problem]:
    """Check that there is one network to label, and a way of pruning to choose."""
    fits = {name: fit for name, fit in blocks_in(study.get("fits")) if name in (chosen or [name])}
    networks = [f"{fit}/{each}" for fit in fits for each in texts_of(fits[fit].get("networks"))]
    if len(networks) > 1:
        text = f"found one with {listed(networks)}; allowed: a study with one fit of one network"
        yield (*PLACE, "study"), text
    ways = [
        arm
        for _, arm in blocks_in(study.get("arms"))
        if arm.get("selection") == "exact_k"
        and set(texts_of(arm.get("effects"))) - {"freeze"}
        and any(_is_choice(each) for each in texts_of(arm.get("criteria")))
    ]
    if not ways:
        text = "found one that prunes by no criterion but controls; allowed: one that prunes"
        yield (*PLACE, "study"), text


def _is_choice(criterion: str) -> bool:
    return criterion != "random" and not criterion.startswith(SHUFFLED)
