"""Checks of exports: that the run trains and prunes the networks that they name."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    mapping,
    step_levels,
    texts_of,
    unknown_name,
)
from prunescape.configuration.words import Place, Problem, plain


def check_export(place: Place, export: dict[Any, Any], config: dict[Any, Any]) -> Iterator[Problem]:
    """Check that the run makes an export's network, and that other programs have its layers."""
    wanted = {"selection": "exact_k"} | {k: v for k, v in export.items() if isinstance(v, str)}
    runs = dict.fromkeys(texts_of(config.get("studies")))
    yield from unknown_name((*place, "study"), wanted.get("study"), runs, "a study of the run")
    study = mapping(mapping(config.get("catalogue")).get(wanted.get("study")))
    if study:
        yield from _check_chosen(place, wanted, study)
    network = mapping(config.get("networks")).get(wanted.get("network"))
    for i, layer in blocks_in(network):
        if layer.get("kind") == "k_winners":
            text = f"found {wanted['network']}, whose layer [{i}] is k_winners"
            yield (*place, "network"), f"{text}; allowed: a network without such layers"
        if layer.get("prune_bias") is True:
            text = f"found {wanted['network']}, whose layer [{i}] has prune_bias"
            yield (*place, "network"), f"{text}; allowed: a network without pruned biases"
    replicates = study.get("replicates", config.get("replicates"))
    if isinstance(replicates, list) and all(type(size) is int for size in replicates):
        number = export.get("replicate")
        if type(number) is int and number > sum(replicates):
            text = f"found {number}; allowed: up to {sum(replicates)}, the study's replicates"
            yield (*place, "replicate"), text


_CHOSEN = ("network", "fit", "criterion", "scope", "selection", "effect", "schedule", "level")


def _check_chosen(place: Place, wanted: dict[str, str], study: dict[Any, Any]) -> Iterator[Problem]:
    """Check that one arm of the study has all the names that an export chooses."""
    arms = [_choices(arm, study, wanted) for _, arm in blocks_in(study.get("arms"))]
    asked = [key for key in _CHOSEN if key in wanted]
    unknown: list[Problem] = []
    for key in asked:
        there = dict.fromkeys(value for choices in arms for value in choices[key])
        unknown += unknown_name((*place, key), wanted[key], there, "what the study's arms have")
    yield from unknown
    if not unknown and not any(all(wanted[k] in choices[k] for k in asked) for choices in arms):
        words = " / ".join(plain(wanted[key]) for key in asked)
        yield place, f"found {words}; allowed: what one arm of the study has together"


def _choices(arm: dict[Any, Any], study: dict[Any, Any], wanted: dict[str, str]) -> dict[str, Any]:
    """Return key of an export -> the values that an arm has for it."""
    lists = {"fit": "fits", "criterion": "criteria", "scope": "scopes", "effect": "effects"}
    found = {key: texts_of(arm.get(many)) for key, many in lists.items()}
    fit = mapping(mapping(study.get("fits")).get(wanted.get("fit")))
    schedule = mapping(study.get("schedules")).get(wanted.get("schedule"))
    levels_of_chain = [level for _, level, _ in step_levels(schedule)]
    return found | {
        "network": texts_of(arm.get("networks") or fit.get("networks")),
        "selection": texts_of([arm.get("selection")]),
        "schedule": texts_of(arm.get("schedules")),
        "level": levels_of_chain or texts_of(arm.get("levels")),
    }
