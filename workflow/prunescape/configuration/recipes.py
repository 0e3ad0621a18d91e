"""Checks of training recipes: settings of schedules, decay and augmentation that go together."""

from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import mapping, objective_kind, optimiser_kind
from prunescape.configuration.words import Place, Problem, plain, shown


def check_recipe(place: Place, fit: dict[Any, Any]) -> Iterator[Problem]:
    """Check a fit's optimiser, augmentation and label smoothing against each other."""
    optimiser = mapping(fit.get("optimiser"))
    yield from check_optimiser((*place, "optimiser"), optimiser)
    epochs, warm_up = fit.get("epochs"), mapping(optimiser.get("warm_up")).get("epochs")
    if isinstance(epochs, int) and isinstance(warm_up, int | float) and warm_up >= epochs:
        text = f"found {warm_up} with epochs: {epochs}; allowed: a number below that"
        yield (*place, "optimiser", "warm_up", "epochs"), text
    if objective_kind(fit) == "variational":
        for key in ("weight_decay", "average"):
            if key in optimiser:
                text = "found with objective.kind: variational; allowed: only with likelihood"
                yield (*place, "optimiser", key), text
    if optimiser_kind(fit) == "psgd":
        smoothed = "label_smoothing" in mapping(fit.get("objective"))
        found = [(*place, "objective", "label_smoothing")] * smoothed
        for each in found + [(*place, "augmentation")] * ("augmentation" in fit):
            yield each, "found with optimiser.kind: psgd; allowed: only with adam, sgd"
    if "cutout" in mapping(fit.get("augmentation")) and fit.get("scaling") == "standardised":
        text = "found with scaling: standardised, which drops pixels; allowed: another scaling"
        yield (*place, "augmentation", "cutout"), text


def check_optimiser(place: Place, optimiser: dict[Any, Any]) -> Iterator[Problem]:
    """Check an optimiser's block by itself, that of a fit or of a schedule."""
    decay = mapping(optimiser.get("decay"))
    if optimiser.get("nesterov") is True and not optimiser.get("momentum"):
        yield (*place, "nesterov"), "found true without momentum; allowed: momentum above 0"
    if "warm_up" in optimiser and decay.get("kind") == "one_cycle":
        text = "found with decay.kind: one_cycle, which rises by itself; allowed: one of the two"
        yield (*place, "warm_up"), text
    match decay.get("epochs"):
        case [*after] if all(isinstance(n, int) for n in after) and after != sorted(set(after)):
            yield (*place, "decay", "epochs"), f"found {after}; allowed: numbers that rise"


def check_retraining(
    place: Place, name: str, schedule: dict[Any, Any], fit: dict[Any, Any]
) -> Iterator[Problem]:
    """Check training after pruning: its length and warm-up, and with augmentation or a teacher.

    Args:
        place: where the schedule is named.
        name: its name.
        schedule: the schedule.
        fit: a fit that it trains on.
    """
    stated = mapping(schedule.get("fit"))
    optimiser = mapping(stated.get("optimiser", fit.get("optimiser")))
    if optimiser.get("kind") == "psgd" and "augmentation" in fit:
        text = f"found {shown(name)} with optimiser.kind: psgd, for a fit with augmentation"
        yield place, f"{text}; allowed: only with adam, sgd"
    yield from _check_taught(place, name, schedule, fit, optimiser)
    warm_up = mapping(optimiser.get("warm_up")).get("epochs")
    steps = schedule.get("steps")
    counts = [schedule.get("epochs")] if steps is None else [each[1:2] for each in _lists(steps)]
    lengths = [n for each in counts for n in (each if isinstance(each, list) else [each])]
    if not isinstance(warm_up, int | float):
        return
    short = [n for n in lengths if isinstance(n, int) and n <= warm_up]
    if short:
        text = f"found {shown(name)}, which trains {min(short)} epochs, with a warm-up of {warm_up}"
        yield place, f"{text}; allowed: schedules.{plain(name)}.fit.optimiser with a shorter one"


def _check_taught(
    place: Place,
    name: str,
    schedule: dict[Any, Any],
    fit: dict[Any, Any],
    optimiser: dict[Any, Any],
) -> Iterator[Problem]:
    """Check that a fit's pruned networks can learn from a teacher, where a schedule has one."""
    if "distillation" not in schedule:
        return
    objective = mapping(fit.get("objective"))
    for found, allowed in (
        ("optimiser.kind: psgd" if optimiser.get("kind") == "psgd" else "", "adam, sgd"),
        ("objective.softmax: twice" if objective.get("softmax") == "twice" else "", "once"),
        ("objective.loss" if "loss" in objective else "", "fits without"),
    ):
        if found:
            text = f"found {shown(name)}, which has a distillation, with {found}"
            yield place, f"{text}; allowed: {allowed}"


def _lists(steps: Any) -> list[list[Any]]:
    return [each for each in steps if isinstance(each, list)] if isinstance(steps, list) else []
