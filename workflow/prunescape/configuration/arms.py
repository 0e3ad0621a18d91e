"""Checks of arms and schedules: that arms differ, and that fits provide what criteria read."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    is_given,
    levels_in,
    mapping,
    objective_kind,
    optimiser_kind,
    repeated_levels,
    step_levels,
    texts_in,
    texts_of,
    unknown_name,
)
from prunescape.configuration.own_scopes import kind_of, networks_of
from prunescape.configuration.recipes import check_optimiser, check_retraining
from prunescape.configuration.words import Place, Problem, listed, plain, shown
from prunescape.foundations import user_files
from prunescape.pipeline import own_rises
from prunescape.pipeline.schedules import CHAINS, GROWTHS, REWOUND
from prunescape.pruning import effect_needs
from prunescape.scoring import needs

RETRAINED = ("zero", "freeze")
"""Effects after which training may follow."""
Read = dict[str, frozenset[str]]
"""Criterion -> the statistics that it reads."""


def check_schedule(place: Place, schedule: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a schedule's name isn't reserved, and that the levels of a chain don't fall."""
    if place[-1] in ("none", "oneshot"):
        text = f"found {shown(place[-1])}, which means no training after pruning"
        yield place, f"{text}; allowed: another name"
    yield from _check_rise((*place, "rise"), schedule)
    refit = mapping(mapping(schedule.get("fit")).get("optimiser"))
    yield from check_optimiser((*place, "fit", "optimiser"), refit)
    if "start" in schedule and "new_optimiser" in schedule:
        text = "found with start, at which every step's optimiser is new; allowed: one of the two"
        yield (*place, "new_optimiser"), text
    if schedule.get("start") in REWOUND and "fit" in schedule:
        text = f"found with start: {schedule['start']}, which trains as the fit did"
        yield (*place, "fit"), f"{text}; allowed: left out"
    if schedule.get("start") in REWOUND and "distillation" in schedule:
        text = f"found with start: {schedule['start']}, which trains as the fit did"
        yield (*place, "distillation"), f"{text}; allowed: left out"
    steps = schedule.get("steps")
    for i, step in enumerate(schedule.get("new_optimiser") or []):
        if isinstance(step, int) and isinstance(steps, list) and step >= len(steps):
            text = f"found {step}; allowed: the number of a step, at most {len(steps) - 1}"
            yield (*place, "new_optimiser", i), text
    for (_, before, lower), (i, level, share) in itertools.pairwise(step_levels(schedule)):
        if share < lower:
            text = f"found {shown(level)} after {shown(before)}; allowed: levels that don't fall"
            yield (*place, "steps", i, 0), f"{text} (a removed weight stays removed)"


def _check_rise(place: Place, schedule: dict[Any, Any]) -> Iterator[Problem]:
    """Check the function in a user's file by which a gradual schedule's levels rise."""
    named, prunings = schedule.get("rise"), schedule.get("prunings")
    if not isinstance(named, str) or not user_files.NAMED.fullmatch(named):
        return
    # Other keys of a wrong type are the schema's to report.
    tried = {"rise": named, "level": "0.50", "every": 1, "last": 1}
    try:
        own_rises.chain(tried | {"prunings": prunings if type(prunings) is int else 1})
    except ValueError as error:
        yield place, f"found {shown(named)}: {error}"


def check_schedules(
    place: Place, arm: dict[Any, Any], fits: Any, schedules: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    """Check that an arm's schedules exist and are allowed with its effects, levels and fits."""
    known = {"oneshot": {"kind": "oneshot"}} | schedules
    names, effects = texts_of(arm.get("schedules")), texts_of(arm.get("effects"))
    for i, name in enumerate(names):
        here = (*place, "schedules", i)
        yield from unknown_name(here, name, known, "oneshot or a schedule of the study")
        for effect in effects:
            if name in schedules and effect not in RETRAINED:
                yield here, f"found {shown(name)} with effect {effect}; allowed: oneshot with it"
        if name in schedules and arm.get("selection") == "threshold":
            yield here, f"found {shown(name)} with selection threshold; allowed: oneshot with it"
        if mapping(known.get(name)).get("kind") in CHAINS:
            yield from _check_chain(here, name, schedules[name], arm, read)
        started = [
            fit
            for fit in texts_of(arm.get("fits"))
            if "start" in mapping(known.get(name)) and _has_no_start(mapping(fits).get(fit))
        ]
        if started:
            text = f"found {shown(name)}, whose start needs initial weights, for {listed(started)}"
            yield here, f"{text}; allowed: fits with initial_weights"
        if name in schedules:
            yield from _check_retrained(here, name, schedules[name], arm, fits)
            yield from _check_rewound(here, name, mapping(schedules[name]), arm, fits)
            for fit in texts_of(arm.get("fits")):
                trained = mapping(mapping(fits).get(fit))
                yield from check_retraining(here, name, mapping(schedules[name]), trained)
    kinds = [mapping(known.get(name)).get("kind") for name in names]
    if "levels" not in arm and {"oneshot", "retrain", *GROWTHS} & set(map(str, kinds)):
        text = "found nothing; allowed: a list of levels, which only a chain has of its own"
        yield (*place, "levels"), text
    if "levels" in arm and kinds and set(map(str, kinds)) <= set(CHAINS):
        yield (
            (*place, "levels"),
            "found with chains only; allowed: left out, as a chain has its own",
        )


def _check_rewound(
    place: Place, name: str, schedule: dict[Any, Any], arm: dict[Any, Any], fits: Any
) -> Iterator[Problem]:
    """Check that the fits have the last epochs to which a schedule goes back."""
    if schedule.get("start") not in REWOUND:
        return
    steps = schedule.get("steps")
    listed_epochs = [schedule.get("epochs")] if steps is None else [s[1] for s in _pairs(steps)]
    most = max([n for n in listed_epochs if isinstance(n, int)], default=0)
    for fit in texts_of(arm.get("fits")):
        trained, epochs = (
            mapping(mapping(fits).get(fit)),
            mapping(mapping(fits).get(fit)).get("epochs"),
        )
        if objective_kind(trained) == "variational":
            text = f"found {shown(name)}, which repeats a training, for the posterior {plain(fit)}"
            yield place, f"{text}; allowed: fits with objective.kind: likelihood"
        elif isinstance(epochs, int) and most > epochs:
            text = f"found {shown(name)}, which goes back {most} epochs, for {plain(fit)}"
            yield place, f"{text}; allowed: fits with as many epochs, not {epochs}"


def _pairs(steps: Any) -> list[list[Any]]:
    entries = steps if isinstance(steps, list) else []
    return [each for each in entries if isinstance(each, list) and len(each) == 2]


def _has_no_start(fit: Any) -> bool:
    """Return whether a fit's weights were never drawn here: warm_start, or given ones."""
    return "warm_start" in mapping(fit) or is_given(fit)


def _check_retrained(
    place: Place, name: str, schedule: Any, arm: dict[Any, Any], fits: Any
) -> Iterator[Problem]:
    """Check that a schedule says how given weights train on, since their fit can't."""
    given = [fit for fit in texts_of(arm.get("fits")) if is_given(mapping(fits).get(fit))]
    stated = mapping(mapping(schedule).get("fit"))
    lacking = [key for key in ("optimiser", "batch_size") if key not in stated]
    if given and lacking:
        text = f"found {shown(name)}, whose fit has no {' and no '.join(lacking)}"
        text += f", for {listed(given)}, whose weights are given"
        yield place, f"{text}; allowed: schedules.{plain(name)}.fit with optimiser and batch_size"


def _check_chain(
    place: Place, name: str, chain: Any, arm: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    """Check that an arm can be pruned in a chain; a step prunes the result of the step before."""
    effects = texts_of(arm.get("effects"))
    if len(effects) > 1:
        text = f"found the chain {plain(name)} with {len(effects)} effects; allowed: one effect"
        yield place, f"{text} (every step is pruned by the weights that its arm has)"
    for criterion, statistics in read.items():
        for needing, what, why in (
            (needs.POSTERIOR, "needs a posterior", "a step leaves no posterior"),
            (needs.INITIAL, "reads initial weights", "a step starts at those of the one before"),
        ):
            if needing & statistics:
                text = f"found the chain {plain(name)} with {shown(criterion)}, which {what}"
                yield place, f"{text}; allowed: criteria of weights ({why})"
        if criterion.startswith(needs.SHUFFLED):
            text = f"found the chain {plain(name)} with {shown(criterion)}; allowed: a criterion"
            yield place, f"{text} that is not shuffled (an earlier step's choice would count)"
    if set(effects) - {"freeze"}:
        for _, level, share in step_levels(chain):
            if share == 1:
                text = f"found the chain {plain(name)}, which has the level {shown(level)}"
                yield place, f"{text}; allowed: below 1, or effects: [freeze]"


def check_arm(
    place: Place, arm: dict[Any, Any], fits: Any, networks: Any, scopes: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that an arm's fits and networks exist, and that its other lists are possible."""
    for i, fit in texts_in(arm.get("fits")):
        yield from unknown_name((*place, "fits", i), fit, fits, "a fit of the study")
    for i, network in texts_in(arm.get("networks")):
        here = (*place, "networks", i)
        yield from unknown_name(here, network, networks, "one of the networks")
        fitted = [mapping(fits).get(fit) for fit in texts_of(arm.get("fits"))]
        trained = [name for fit in fitted for name in texts_of(mapping(fit).get("networks"))]
        if trained and network in mapping(networks) and network not in trained:
            text = f"found {shown(network)}; allowed: a network of the arm's fits"
            yield here, f"{text} ({listed(dict.fromkeys(trained))})"

    if "recalibrate" in texts_of(arm.get("effects")):
        for network in networks_of(arm, fits):
            if isinstance(mapping(networks).get(network), list):
                text = f"found 'recalibrate' with the network {plain(network)}, which is a list of"
                text += " layers, none of which normalises; allowed: a network that is a module"
                yield (*place, "effects"), text
    counting = [kind_of(name, scopes) for name in texts_of(arm.get("scopes"))]
    has_scope, has_number = "floor" in counting, "floor" in arm
    if has_scope and not has_number:
        yield (*place, "floor"), "found nothing, but scope floor needs it; allowed: an integer >= 1"
    if has_number and not has_scope and isinstance(arm.get("scopes"), list):
        yield (*place, "floor"), "found without scope floor; allowed: only where scopes has floor"

    if "until_lost" in arm:
        found = [arm.get("selection"), *texts_of(arm.get("schedules"))]
        for other in (each for each in found if each not in ("exact_k", "oneshot")):
            text = f"found with {shown(other)}; allowed: with exact_k and oneshot only"
            yield (*place, "until_lost"), text
    yield from repeated_levels((*place, "levels"), arm.get("levels"))
    if arm.get("selection") == "exact_k" and set(texts_of(arm.get("effects"))) - {"freeze"}:
        for i, level, share in levels_in(arm.get("levels")):
            if share == 1:
                text = f"found {shown(level)}; allowed: below 1, or effects: [freeze]"
                yield (*place, "levels", i), f"{text} (no weight would be left)"


def check_effects(place: Place, arm: dict[Any, Any], config: dict[Any, Any]) -> Iterator[Problem]:
    """Check that an arm's effects exist."""
    known = dict.fromkeys([*effect_needs.BUILT_IN, *mapping(config.get("effects"))])
    for i, effect in texts_in(arm.get("effects")):
        yield from unknown_name((*place, i), effect, known, "an effect")


def statistics_read(arm: dict[Any, Any], config: dict[Any, Any]) -> Read:
    """Return criterion -> statistics for an arm; unknown and faulty criteria are left out."""
    own = {k: v for k, v in mapping(config.get("criteria")).items() if isinstance(v, str)}
    found = {}
    for criterion in texts_of(arm.get("criteria")):
        with contextlib.suppress(ValueError):
            found[criterion] = needs.of({"criteria": own}, criterion)
    return found


def check_needs(
    place: Place, arm: dict[Any, Any], fits: dict[Any, Any], config: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    """Check that an arm's criteria exist, and that its fits have the statistics that these read."""
    known = dict.fromkeys([*needs.built_in(), *mapping(config.get("criteria"))])
    named = {name: mapping(fits[name]) for name in texts_of(arm.get("fits")) if name in fits}
    given = [name for name, fit in named.items() if is_given(fit)]
    points = [name for name, fit in named.items() if objective_kind(fit) == "likelihood"]
    trained = [name for name in points if name not in given]
    plain_steps = [name for name, fit in named.items() if optimiser_kind(fit) in ("adam", "sgd")]
    started = [name for name, fit in named.items() if _has_no_start(fit)]
    for i, criterion in texts_in(arm.get("criteria")):
        yield from unknown_name((*place, i), needs.base(criterion), known, "a criterion")
        for needing, what, without, allowed in (
            (needs.POSTERIOR, "a posterior", trained, "objective.kind: variational"),
            (needs.POSTERIOR, "a posterior", sorted({*points} & {*given}), "posterior: true"),
            (needs.PRECONDITIONER, "a preconditioner", plain_steps + given, "optimiser.kind: psgd"),
            (needs.INITIAL, "initial weights", started, "initial_weights"),
            (needs.TRAINED, "a training here", given, "kind: trained"),
        ):
            if needing & read.get(criterion, frozenset()) and without:
                text = f"found {shown(criterion)}, which needs {what}, for {listed(without)}"
                yield (*place, i), f"{text}; allowed: fits with {allowed}"


def check_pruned_biases(
    place: Place,
    arm: dict[Any, Any],
    fits: dict[Any, Any],
    networks: Any,
    scopes: dict[Any, Any],
    read: Read,
) -> Iterator[Problem]:
    """Check what goes with networks whose biases are pruned, tensor by tensor like weights."""
    named = [fits[name] for name in texts_of(arm.get("fits")) if name in fits]
    trained = [name for fit in named for name in texts_of(mapping(fit).get("networks"))]
    biased = [
        network
        for network in dict.fromkeys(texts_of(arm.get("networks")) or trained)
        for _, layer in blocks_in(mapping(networks).get(network))
        if layer.get("prune_bias") is True
    ]
    if not biased:
        return
    what = f"with prune_bias in the network {plain(biased[0])}"
    for key, allowed in (("scopes", ["layer"]), ("effects", ["zero", "freeze"])):
        for word in texts_of(arm.get(key)):
            if (kind_of(word, scopes) if key == "scopes" else word) not in allowed:
                yield (*place, key), f"found {shown(word)} {what}; allowed: {listed(allowed)}"
    for criterion, statistics in read.items():
        if statistics - needs.OF_ANY_TENSOR:
            text = f"found {shown(criterion)} {what}; allowed: criteria that read no more than"
            yield (*place, "criteria"), f"{text} {listed(sorted(needs.OF_ANY_TENSOR))}"
    if any(objective_kind(fit) == "variational" for fit in named):
        yield (*place, "fits"), f"found a posterior {what}; allowed: fits with kind: likelihood"


def check_arms_differ(
    place: Place, arms: list[tuple[Any, dict[Any, Any]]], fits: dict[Any, Any]
) -> Iterator[Problem]:
    """Find arms that an earlier entry of the list has too."""
    seen: dict[tuple[str, ...], int] = {}
    for i, arm in arms:
        lists = [texts_of(arm.get(key)) for key in ("criteria", "scopes", "schedules")]
        models = [
            (fit, network)
            for fit in texts_of(arm.get("fits"))
            for network in texts_of(arm.get("networks") or mapping(fits.get(fit)).get("networks"))
        ]
        for model, names in itertools.product(models, itertools.product(*lists)):
            first = seen.setdefault((*model, *names, shown(arm.get("selection"))), i)
            if first != i:
                text = f"found {' / '.join(map(plain, [model[0], *names]))} again, as in [{first}]"
                yield (*place, i), f"{text}; allowed: each once, with all its effects and levels"
                break
