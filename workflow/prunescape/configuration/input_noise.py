"""Checks of a study's noise: kinds, levels, and the sparsities at which it applies."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    level_values,
    levels_in,
    repeated_levels,
    texts_in,
    texts_of,
    unknown_name,
)
from prunescape.configuration.words import Place, Problem, few, listed, shown
from prunescape.evaluation import noise_suites


def check_noise(
    place: Place, study: dict[Any, Any], schedules: dict[Any, Any], kinds: dict[str, None]
) -> Iterator[Problem]:
    """Check the kinds, networks, levels and sparsities of a study's noise; report duplicates."""
    if isinstance(study.get("noise"), dict):  # a suite that could not become its kinds
        yield from _check_suite(place, study["noise"])
        return
    entries, arms = blocks_in(study.get("noise")), study.get("arms")
    used = {
        name for _, fit in blocks_in(study.get("fits")) for name in texts_of(fit.get("networks"))
    }
    for i, entry in entries:
        yield from unknown_name((*place, i, "kind"), entry.get("kind"), kinds, "a kind of noise")
        for j, network in texts_in(entry.get("networks")):
            of = "a network of the study's fits"
            yield from unknown_name(
                (*place, i, "networks", j), network, dict.fromkeys(sorted(used)), of
            )
        yield from repeated_levels((*place, i, "levels"), entry.get("levels"))
        yield from check_severities((*place, i, "levels"), entry)
        sparsities = (*place, i, "sparsities")
        yield from repeated_levels(sparsities, entry.get("sparsities"))
        yield from _check_sparsities(sparsities, entry.get("sparsities"), arms, schedules)
    for (i, one), (j, other) in itertools.combinations(entries, 2):
        same = shown(one.get("kind")) == shown(other.get("kind")) and not set(
            texts_of(one.get("networks", list(used)))
        ).isdisjoint(texts_of(other.get("networks", list(used))))
        shares = [level_values(each.get("sparsities")) for each in (one, other)]
        everywhere = not all("sparsities" in each for each in (one, other))
        if same and (everywhere or shares[0] & shares[1]):
            for position, level, value in levels_in(other.get("levels")):
                if value in level_values(one.get("levels")):
                    text = f"found {shown(level)}, which [{i}] has for the same kind and sparsity"
                    yield (*place, j, "levels", position), f"{text}; allowed: each once"


def _check_suite(place: Place, noise: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a suite has the severities that are asked for."""
    suite, chosen = noise.get("suite"), noise.get("severities")
    if not isinstance(suite, str) or not isinstance(chosen, list):
        return
    known = noise_suites.SUITES[suite].severities if suite in noise_suites.SUITES else range(1, 6)
    for i, each in enumerate(chosen):
        if each in range(1, 6) and each not in known:
            yield (*place, "severities", i), f"found {each}; allowed: {listed(known)} with {suite}"


def check_severities(place: Place, entry: dict[Any, Any]) -> Iterator[Problem]:
    """Check that the levels of a standard corruption are severities that its suite has."""
    suite = noise_suites.KINDS.get(str(entry.get("kind")))
    if suite is None:
        return
    allowed = noise_suites.levels(suite)
    values = {Fraction(each) for each in allowed}
    for i, level, value in levels_in(entry.get("levels")):
        if value not in values:
            text = f"found {shown(level)} for {entry['kind']}; allowed: {listed(allowed)}"
            yield (*place, i), f"{text} (severity / 5)"


def _check_sparsities(
    place: Place, sparsities: Any, arms: Any, schedules: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that the arms have networks with these sparsities."""
    counted = [arm for _, arm in blocks_in(arms) if arm.get("selection") != "threshold"]
    lists = [arm["levels"] for arm in counted if "levels" in arm]
    chains = [schedule.get("steps", []) for _, schedule in blocks_in(schedules)]
    lists += [[step[0] for step in steps if isinstance(step, list) and step] for steps in chains]
    if any(not isinstance(each, list) or len(levels_in(each)) < len(each) for each in lists):
        return
    # "0" is the dense network, which is always evaluated.
    spellings = {Fraction(0): "0"}
    spellings |= {value: level for each in lists for _, level, value in levels_in(each)}
    for i, level, value in levels_in(sparsities):
        if value not in spellings:
            text = f"found {shown(level)}; allowed: 0 (dense) or a level of the arms"
            yield (*place, i), f"{text} ({few(list(spellings.values()))})"
