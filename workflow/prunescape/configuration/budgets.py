"""Checks of budgets: that the networks of an arm are trained for as long as it declares."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from prunescape.configuration.words import Place, Problem
from prunescape.pipeline.plan import Arm
from prunescape.pipeline.schedules import schedule
from prunescape.pipeline.training_lengths import Length, length
from prunescape.scoring import needs


def check_budgets(config: dict[str, Any]) -> Iterator[Problem]:
    """Report arms whose networks are trained for fewer or more epochs than their budget.

    Args:
        config: a valid configuration, with defaults filled in.
    """
    for study, block in config["catalogue"].items():
        for i, entry in enumerate(block["arms"]):
            if "budget" in entry:
                yield from _check(("catalogue", study, "arms", i, "budget"), entry, config)


def _check(place: Place, entry: dict[str, Any], config: dict[str, Any]) -> Iterator[Problem]:
    """Report each fit and schedule of an entry once, with the first criterion."""
    budget, study, seen = entry["budget"], place[1], set()
    for fit, name, criterion in product(entry["fits"], entry["schedules"], entry["criteria"]):
        points = schedule(config, study, name).points(entry.get("levels", ()))
        arm = Arm(criterion, "", entry["selection"], name, (), points)
        found = length(config, study, fit, arm, needs.before_training(config, criterion))
        if found.total != budget and (fit, name, found.fit) not in seen:
            seen.add((fit, name, found.fit))
            yield place, _line(f"{fit} / {criterion} / {name}", name, budget, found)


def _line(arm: str, name: str, budget: int, found: Length) -> str:
    """Return the message about an arm, with the epochs that would do."""
    after = found.total - found.fit
    parts = f"{found.fit} + {after} = " if found.fit and after else ""
    apart = f"{abs(found.total - budget)} too {'many' if found.total > budget else 'few'}"
    text = f"found {budget}, but {arm} has {parts}{found.total} epochs of training, {apart}"
    if after and budget > found.fit:
        return f"{text}; allowed: {found.total}, or {budget - found.fit} epochs in schedule {name}"
    if found.fit and budget > after:
        return f"{text}; allowed: {found.total}, or a fit with {budget - after} epochs"
    return f"{text}; allowed: {found.total}"
