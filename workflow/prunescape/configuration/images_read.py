"""Checks of what reads images that a data set doesn't have: to learn from, or for calibration."""

import contextlib
from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import blocks_in, is_given, mapping, texts_in, texts_of
from prunescape.configuration.words import Place, Problem, listed, plain, shown
from prunescape.data import prepared_parts
from prunescape.pruning import effect_needs
from prunescape.scoring import needs


def check_images(
    place: Place, study: dict[Any, Any], config: dict[Any, Any], read: dict[int, Any]
) -> Iterator[Problem]:
    """Check that a study's data set has the images that its fits, schedules and arms read.

    Args:
        place: where the study stands.
        study: the study.
        config: the whole configuration.
        read: position of an arm -> criterion -> the statistics that it reads.
    """
    name = study.get("dataset")
    dataset = mapping(config.get("datasets")).get(name) if isinstance(name, str) else None
    if not isinstance(dataset, dict) or prepared_parts.CALIBRATION not in prepared_parts.of(
        dataset
    ):
        return
    yield from _check_scaling(place, study)
    if prepared_parts.learns(dataset):
        return
    lacking = f"and data set {plain(name)} has none (datasets.{plain(name)}.train: 0)"
    if config.get("split") == "tune" and place[-1] in texts_of(config.get("studies")):
        yield (
            ("split",),
            f"found 'tune', which evaluates validation images, {lacking}; allowed: final",
        )
    for fit, settings in blocks_in(study.get("fits")):
        if not is_given(settings):
            text = f"found a fit that learns from training images, {lacking}"
            yield (*place, "fits", fit), f"{text}; allowed: kind: given"
    for i, arm in blocks_in(study.get("arms")):
        for j, schedule in texts_in(arm.get("schedules")):
            if schedule in mapping(study.get("schedules")):
                text = f"found {shown(schedule)}, which learns from training images, {lacking}"
                yield (*place, "arms", i, "schedules", j), f"{text}; allowed: oneshot"
        if not prepared_parts.sets_apart(dataset):
            way = f"datasets.{plain(name)}.calibration: <how many>"
            yield from _check_criteria((*place, "arms", i), arm, study, read[i], (lacking, way))
            yield from _check_effects((*place, "arms", i), arm, config, (lacking, way))


def _check_scaling(place: Place, study: dict[Any, Any]) -> Iterator[Problem]:
    """Check that no given network is scaled by numbers of other images than its training's."""
    for fit, settings in blocks_in(study.get("fits")):
        if is_given(settings) and settings.get("scaling") == "standardised":
            text = "found 'standardised', which is measured on training images, not on those for "
            text += "calibration; allowed: mean and std of the network's training, or a fixed one"
            yield (*place, "fits", fit, "scaling"), text


def _check_criteria(
    place: Place,
    arm: dict[Any, Any],
    study: dict[Any, Any],
    read: dict[str, frozenset[str]],
    words: tuple[str, str],
) -> Iterator[Problem]:
    lacking, way = words
    fits = [mapping(mapping(study.get("fits")).get(name)) for name in texts_of(arm.get("fits"))]
    there = {"uniform"} | (needs.POSTERIOR if any(fit.get("posterior") for fit in fits) else set())
    known = [name for name, each in needs.built_in().items() if there.issuperset(each.statistics)]
    for i, criterion in texts_in(arm.get("criteria")):
        if needs.reads_images(read.get(criterion, frozenset())):
            text = f"found {shown(criterion)}, which reads statistics of training images, {lacking}"
            yield (*place, "criteria", i), f"{text}; allowed: {listed(known)}, or {way}"


def _check_effects(
    place: Place, arm: dict[Any, Any], config: dict[Any, Any], words: tuple[str, str]
) -> Iterator[Problem]:
    lacking, way = words
    known = [name for name, reads in effect_needs.BUILT_IN.items() if not reads]
    for i, effect in texts_in(arm.get("effects")):
        reads = frozenset[str]()
        with contextlib.suppress(ValueError):  # unknown or faulty, which is told by others
            reads = effect_needs.of({"effects": mapping(config.get("effects"))}, effect)
        if reads & (effect_needs.MOMENTS | effect_needs.ON_IMAGES):
            text = f"found {shown(effect)}, which measures on training images, {lacking}"
            yield (*place, "effects", i), f"{text}; allowed: {listed(known)}, or {way}"
