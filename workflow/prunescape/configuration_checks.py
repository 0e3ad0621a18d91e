"""What the blocks of a configuration must say of each other, beyond what a schema can express."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from prunescape import levels, needs, noise_kinds, own_sources, sources, statements, user_files
from prunescape.configuration_words import Place, Problem, few, listed, nearest, plain, shown

CLAIMS = Path(__file__).parents[1] / "resources" / "claims.yaml"

Read = dict[str, frozenset[str]]
"""Criterion -> the statistics that it reads."""


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _blocks(value: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """Return the blocks of a mapping or a list, each with its key or position."""
    pairs = enumerate(value) if isinstance(value, list) else _mapping(value).items()
    return [(key, block) for key, block in pairs if isinstance(block, dict)]


def _texts(value: Any) -> list[tuple[int, str]]:
    """Return the entries of a list that are text, with their positions."""
    entries = value if isinstance(value, list) else []
    return [(i, entry) for i, entry in enumerate(entries) if isinstance(entry, str)]


def _words(value: Any) -> list[str]:
    return [entry for _, entry in _texts(value)]


def _numbers(value: Any) -> list[tuple[int, str, Fraction]]:
    """Return the entries of a list that are levels: position, spelling, meaning."""
    numbers = []
    for i, level in _texts(value):
        with contextlib.suppress(ValueError):
            numbers.append((i, level, levels.fraction(level)))
    return numbers


def cross_checks(config: Any) -> Iterator[Problem]:
    """Yield what is wrong between blocks: names that lead nowhere, rows that would be double, ...

    `config` may be anything that YAML can hold. Values of a wrong type are the schema's matter, and
    what depends on them is not checked.
    """
    config = _mapping(config)
    datasets, catalogue = config.get("datasets"), config.get("catalogue")
    for i, study in _texts(config.get("studies")):
        yield from _unknown(("studies", i), study, catalogue, "a study of the catalogue")
    yield from _check_claims(config.get("claims"), catalogue)
    claims = dict.fromkeys(each.id for path in _claim_files(config) for each in _claims(path))
    for claim in _mapping(config.get("not_tested")):
        yield from _unknown(("not_tested", claim), claim, claims, "a claim of claims.yaml")
    for source, places in _mapping(config.get("sources")).items():
        yield from _check_source(("sources", source), source, _texts(places))
    for name, dataset in _blocks(datasets):
        place, source = ("datasets", name, "source"), dataset.get("source")
        yield from _unknown(place, source, config.get("sources"), "one of the sources")
    for name, network in _mapping(config.get("networks")).items():
        if isinstance(network, str) and user_files.NAMED.fullmatch(network):
            try:
                user_files.check(network)
            except ValueError as error:
                text = f"found {shown(network)}, but {error}; allowed: a name that a file defines"
                yield ("networks", name), text
    yield from _check_own_criteria(config.get("criteria"))
    yield from _check_own_noises(config.get("noises"))
    kinds = dict.fromkeys([*noise_kinds.BUILT_IN, *_mapping(config.get("noises"))])
    for name, export in _blocks(config.get("exports")):
        yield from _check_export(("exports", name), export, config)
    for name, study in _blocks(catalogue):
        place, dataset = ("catalogue", name), study.get("dataset")
        yield from _unknown((*place, "dataset"), dataset, datasets, "one of the datasets")
        for fit, settings in _blocks(study.get("fits")):
            here = (*place, "fits", fit)
            yield from _check_fit(here, settings, config.get("networks"))
            yield from _check_start(here, settings, study["fits"], config.get("networks"))
        schedules = _mapping(study.get("schedules"))
        for schedule, settings in _blocks(schedules):
            yield from _check_schedule((*place, "schedules", schedule), settings)
        for i, arm in _blocks(study.get("arms")):
            here = (*place, "arms", i)
            yield from _check_arm(here, arm, study.get("fits"), config.get("networks"))
            read = _read(arm, config)
            yield from _check_needs(
                (*here, "criteria"), arm, _mapping(study.get("fits")), config, read
            )
            yield from _check_schedules(here, arm, _mapping(study.get("fits")), schedules, read)
        yield from _check_arms_differ(
            (*place, "arms"), _blocks(study.get("arms")), _mapping(study.get("fits"))
        )
        yield from _check_noise((*place, "noise"), study, schedules, kinds)


def _check_export(
    place: Place, export: dict[Any, Any], config: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that an export is a network that the run makes, of layers that others can compute."""
    wanted = {"selection": "exact_k"} | {k: v for k, v in export.items() if isinstance(v, str)}
    runs = dict.fromkeys(_words(config.get("studies")))
    yield from _unknown((*place, "study"), wanted.get("study"), runs, "a study of the run")
    study = _mapping(_mapping(config.get("catalogue")).get(wanted.get("study")))
    if study:
        yield from _check_chosen(place, wanted, study)
    network = _mapping(config.get("networks")).get(wanted.get("network"))
    if isinstance(network, str):
        text = f"found {wanted['network']}, which is in a file"
        yield (*place, "network"), f"{text}; allowed: a network that is a list of layers"
    for i, layer in _blocks(network):
        if layer.get("kind") == "k_winners":
            text = f"found {wanted['network']}, whose layer [{i}] is k_winners"
            yield (*place, "network"), f"{text}; allowed: a network without such layers"
    replicates = config.get("replicates")
    if isinstance(replicates, list) and all(type(size) is int for size in replicates):
        number = export.get("replicate")
        if type(number) is int and number > sum(replicates):
            text = f"found {number}; allowed: up to {sum(replicates)}, the run's replicates"
            yield (*place, "replicate"), text


_CHOSEN = ("network", "fit", "criterion", "scope", "selection", "effect", "schedule", "level")


def _check_chosen(place: Place, wanted: dict[str, str], study: dict[Any, Any]) -> Iterator[Problem]:
    """Check that an arm of the study has all that an export asks for."""
    arms = [_choices(arm, study, wanted) for _, arm in _blocks(study.get("arms"))]
    asked = [key for key in _CHOSEN if key in wanted]
    unknown = []
    for key in asked:
        there = dict.fromkeys(value for choices in arms for value in choices[key])
        unknown += _unknown((*place, key), wanted[key], there, "what the study's arms have")
    yield from unknown
    if not unknown and not any(all(wanted[k] in choices[k] for k in asked) for choices in arms):
        words = " / ".join(plain(wanted[key]) for key in asked)
        yield place, f"found {words}; allowed: what one arm of the study has together"


def _choices(arm: dict[Any, Any], study: dict[Any, Any], wanted: dict[str, str]) -> dict[str, Any]:
    """Return what the networks of an arm are named by: key of an export -> its possible values."""
    lists = {"fit": "fits", "criterion": "criteria", "scope": "scopes", "effect": "effects"}
    found = {key: _words(arm.get(many)) for key, many in lists.items()}
    fit = _mapping(_mapping(study.get("fits")).get(wanted.get("fit")))
    schedule = _mapping(study.get("schedules")).get(wanted.get("schedule"))
    levels_of_chain = [level for _, level, _ in _step_levels(schedule)]
    return found | {
        "network": _words(arm.get("networks") or fit.get("networks")),
        "selection": _words([arm.get("selection")]),
        "schedule": _words(arm.get("schedules")),
        "level": levels_of_chain or _words(arm.get("levels")),
    }


def _claim_files(config: dict[Any, Any]) -> list[str]:
    return [str(CLAIMS), *_words(config.get("claims"))]


def _claims(path: str) -> list[statements.Claim]:
    """Return the claims of a file; none if it is faulty, which `_check_claims` says."""
    with contextlib.suppress(ValueError, OSError):
        return statements.read(path)
    return []


def _check_claims(own: Any, catalogue: dict[Any, Any]) -> Iterator[Problem]:
    """Check files of claims of the user, each with those before it."""
    for i, path in _texts(own):
        place = ("claims", i)
        try:
            statements.read(CLAIMS, *_words(own[: i + 1]))
        except (ValueError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            yield place, f"found {shown(path)}: {reason}; allowed: files of claims, each id once"
        for claim in _claims(path):
            of = f"a study of the catalogue in claim {claim.id}"
            yield from _unknown(place, claim.study, catalogue, of)


def _unknown(place: Place, name: Any, block: Any, of: str) -> Iterator[Problem]:
    if isinstance(block, dict) and isinstance(name, str) and name not in block:
        names = listed(block) or "none is defined"
        yield place, f"found {shown(name)}{nearest(name, block)}; allowed: {of} ({names})"


def _check_source(place: Place, source: Any, places: list[tuple[int, str]]) -> Iterator[Problem]:
    """Check that a source has places of its kind, and that files of the user's own are there."""
    known = source in sources.FILES
    form, what = (
        (sources.MIRROR, f"{source} has known files, so a mirror of them")
        if known
        else (own_sources.PLACE, "file:PATH, classes:FOLDER or torchvision:NAME")
    )
    for i, entry in places:
        either = sources.MIRROR.fullmatch(entry) or own_sources.PLACE.fullmatch(entry)
        if not form.fullmatch(entry):
            if either:
                yield (*place, i), f"found {shown(entry)}; allowed: {what}"
        elif not known and i > 0:
            text = f"found {shown(entry)} beside {shown(places[0][1])}; allowed: one place"
            yield (*place, i), f"{text}, except for {listed(sources.FILES)}"
        elif not known and (wrong := own_sources.problem(entry)):
            text = f"found {shown(entry)}, but {wrong}; allowed: images that are there"
            yield (*place, i), text


def _check_fit(place: Place, fit: dict[Any, Any], networks: Any) -> Iterator[Problem]:
    for i, network in _texts(fit.get("networks")):
        yield from _unknown((*place, "networks", i), network, networks, "one of the networks")
        start = _mapping(fit.get("initial_weights")).get("distribution")
        if start == "own" and isinstance(_mapping(networks).get(network), list):
            text = f"found 'own' with the network {plain(network)}, which is not in a file"
            place_of = (*place, "initial_weights", "distribution")
            yield place_of, f"{text}; allowed: another distribution"
    warm_up = _mapping(_mapping(fit.get("objective")).get("kl")).get("warm_up")
    match warm_up:
        case [int() as first, int() as last] if first > last:
            text = f"found {warm_up}; allowed: [first, last] with first <= last"
            yield (*place, "objective", "kl", "warm_up"), text
    if _optimiser(fit) == "psgd" and _kind(fit) == "variational":
        text = "found 'psgd' with objective.kind: variational; allowed: only with likelihood"
        yield (*place, "optimiser", "kind"), text


def _check_start(
    place: Place, fit: dict[Any, Any], fits: dict[Any, Any], networks: Any
) -> Iterator[Problem]:
    """Check that a fit has one start, which does not depend on the fit itself."""
    here = (*place, "warm_start")
    if "warm_start" not in fit:
        if "initial_weights" not in fit:
            text = "found nothing; allowed: a start, which is initial_weights or warm_start"
            yield (*place, "initial_weights"), text
        return
    if "initial_weights" in fit:
        yield here, "found beside initial_weights; allowed: one of the two"
    yield from _unknown(here, fit["warm_start"], fits, "another fit of the study")
    source = fit["warm_start"]
    started = _mapping(fits.get(source) if isinstance(source, str) else None).get("networks")
    for i, network in _texts(fit.get("networks")):
        if isinstance(started, list) and network not in started and network in _mapping(networks):
            text = f"found {shown(network)}; allowed: networks of the warm_start {plain(source)}"
            yield (*place, "networks", i), f"{text} ({listed(_words(started))})"
    yield from _check_order(here, source, fits)


def _check_order(place: Place, source: Any, fits: dict[Any, Any]) -> Iterator[Problem]:
    """Check that the fit at `place`, a warm_start, can be made after the fit `source`."""
    name = place[-2]
    chain = [name]
    while isinstance(source, str) and source in fits and source not in chain:
        chain.append(source)
        source = _mapping(fits[source]).get("warm_start")
    if source == name and isinstance(name, str):
        if name == min(chain):  # a circle is told once, not by all its fits
            circle = " -> ".join(plain(each) for each in [*chain, name])
            yield place, f"found a circle, {circle}; allowed: a fit that has initial_weights"
        return
    kinds = [_kind(fits.get(each)) for each in chain[:2]]
    if kinds[0] == "likelihood":
        yield place, "found with objective.kind: likelihood; allowed: only with variational"
    if kinds[1:] == ["variational"]:
        text = f"found {shown(chain[1])}, whose objective.kind is variational"
        yield place, f"{text}; allowed: a fit with objective.kind: likelihood"


def _kind(fit: Any) -> Any:
    return _mapping(_mapping(fit).get("objective")).get("kind")


def _step_levels(schedule: Any) -> list[tuple[int, str, Fraction]]:
    """Return the levels of a chain: step, spelling, meaning."""
    steps = _mapping(schedule).get("steps")
    pairs = enumerate(steps) if isinstance(steps, list) else ()
    firsts = [(i, step[0]) for i, step in pairs if isinstance(step, list) and step]
    return [(i, *number[1:]) for i, level in firsts for number in _numbers([level])]


def _check_schedule(place: Place, schedule: dict[Any, Any]) -> Iterator[Problem]:
    """Check that a schedule has a name of its own, and that the levels of a chain don't fall."""
    if place[-1] in ("none", "oneshot"):
        text = f"found {shown(place[-1])}, which means no training after pruning"
        yield place, f"{text}; allowed: another name"
    for (_, before, lower), (i, level, share) in itertools.pairwise(_step_levels(schedule)):
        if share < lower:
            text = f"found {shown(level)} after {shown(before)}; allowed: levels that don't fall"
            yield (*place, "steps", i, 0), f"{text} (a removed weight stays removed)"


def _check_schedules(
    place: Place, arm: dict[Any, Any], fits: Any, schedules: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    known = {"oneshot": {"kind": "oneshot"}} | schedules
    names, effects = _words(arm.get("schedules")), _words(arm.get("effects"))
    for i, name in enumerate(names):
        here = (*place, "schedules", i)
        yield from _unknown(here, name, known, "oneshot or a schedule of the study")
        if name in schedules and "compensate" in effects:
            yield here, f"found {shown(name)} with effect compensate; allowed: oneshot with it"
        if name in schedules and arm.get("selection") == "threshold":
            yield here, f"found {shown(name)} with selection threshold; allowed: oneshot with it"
        if _mapping(known.get(name)).get("kind") == "chain":
            yield from _check_chain(here, name, schedules[name], arm, read)
        started = [
            fit
            for fit in _words(arm.get("fits"))
            if "start" in _mapping(known.get(name)) and "warm_start" in _mapping(fits.get(fit))
        ]
        if started:
            text = f"found {shown(name)}, whose start needs initial weights, for {listed(started)}"
            yield here, f"{text}; allowed: fits with initial_weights"
    kinds = [_mapping(known.get(name)).get("kind") for name in names]
    if "levels" not in arm and {"oneshot", "retrain"} & set(map(str, kinds)):
        text = "found nothing; allowed: a list of levels, which only a chain has of its own"
        yield (*place, "levels"), text
    if "levels" in arm and set(map(str, kinds)) == {"chain"}:
        yield (
            (*place, "levels"),
            "found with chains only; allowed: left out, as a chain has its own",
        )


def _check_chain(
    place: Place, name: str, chain: Any, arm: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    """Check what the steps of a chain ask of an arm: every step prunes what the one before left."""
    effects = _words(arm.get("effects"))
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
        for _, level, share in _step_levels(chain):
            if share == 1:
                text = f"found the chain {plain(name)}, which has the level {shown(level)}"
                yield place, f"{text}; allowed: below 1, or effects: [freeze]"


def _optimiser(fit: Any) -> Any:
    return _mapping(_mapping(fit).get("optimiser")).get("kind")


def _check_arm(place: Place, arm: dict[Any, Any], fits: Any, networks: Any) -> Iterator[Problem]:
    for i, fit in _texts(arm.get("fits")):
        yield from _unknown((*place, "fits", i), fit, fits, "a fit of the study")
    for i, network in _texts(arm.get("networks")):
        here = (*place, "networks", i)
        yield from _unknown(here, network, networks, "one of the networks")
        fitted = [_mapping(fits).get(fit) for fit in _words(arm.get("fits"))]
        trained = [name for fit in fitted for name in _words(_mapping(fit).get("networks"))]
        if trained and network in _mapping(networks) and network not in trained:
            text = f"found {shown(network)}; allowed: a network of the arm's fits"
            yield here, f"{text} ({listed(dict.fromkeys(trained))})"

    if "neuron" in _words(arm.get("scopes")):
        fitted = [_mapping(_mapping(fits).get(fit)) for fit in _words(arm.get("fits"))]
        named = arm.get("networks") or [n for fit in fitted for n in _words(fit.get("networks"))]
        for network in dict.fromkeys(_words(named)):
            if isinstance(_mapping(networks).get(network), str):
                text = f"found 'neuron' with the network {plain(network)}, which is in a file and"
                text += " doesn't say which layer feeds which; allowed: another scope"
                yield (*place, "scopes"), text
    has_scope, has_number = "floor" in _words(arm.get("scopes")), "floor" in arm
    if has_scope and not has_number:
        yield (*place, "floor"), "found nothing, but scope floor needs it; allowed: an integer >= 1"
    if has_number and not has_scope and isinstance(arm.get("scopes"), list):
        yield (*place, "floor"), "found without scope floor; allowed: only where scopes has floor"

    yield from _repeated_levels((*place, "levels"), arm.get("levels"))
    if arm.get("selection") == "exact_k" and set(_words(arm.get("effects"))) - {"freeze"}:
        for i, level, share in _numbers(arm.get("levels")):
            if share == 1:
                text = f"found {shown(level)}; allowed: below 1, or effects: [freeze]"
                yield (*place, "levels", i), f"{text} (no weight would be left)"


def _check_own_noises(own: Any) -> Iterator[Problem]:
    """Check names and sources of the user's kinds of noise; nothing is executed."""
    taken = {"none", *noise_kinds.BUILT_IN}
    others = f"none and {listed(noise_kinds.BUILT_IN)}"
    yield from _check_own("noises", own, taken.__contains__, others, noise_kinds.check)


def _check_own_criteria(own: Any) -> Iterator[Problem]:
    """Check names and sources of the user's criteria; nothing is executed."""

    def taken(name: Any) -> bool:
        return name == "none" or name in needs.built_in() or str(name).startswith(needs.SHUFFLED)

    others = f"none, shuffled_... and {listed(needs.built_in())}"
    yield from _check_own("criteria", own, taken, others, needs.of_user)


def _check_own(
    key: str,
    own: Any,
    taken: Callable[[Any], bool],
    others: str,
    look: Callable[[str], object],
) -> Iterator[Problem]:
    """Check a block of functions of the user: no name is `taken`, `look` finds no fault."""
    for name, named in _mapping(own).items():
        place = (key, name)
        if taken(name):
            text = f"found {shown(name)}, which has a meaning of its own; allowed: another name"
            yield place, f"{text} than {others}"
        if isinstance(named, str) and user_files.NAMED.fullmatch(named):
            try:
                look(named)
            except ValueError as error:
                yield place, f"found {shown(named)}: {error}"


def _read(arm: dict[Any, Any], config: dict[Any, Any]) -> Read:
    """Return what each of an arm's criteria reads; unknown and faulty ones are left out."""
    own = {k: v for k, v in _mapping(config.get("criteria")).items() if isinstance(v, str)}
    found = {}
    for criterion in _words(arm.get("criteria")):
        with contextlib.suppress(ValueError, KeyError):
            found[criterion] = needs.of({"criteria": own}, criterion)
    return found


def _check_needs(
    place: Place, arm: dict[Any, Any], fits: dict[Any, Any], config: dict[Any, Any], read: Read
) -> Iterator[Problem]:
    """Check that an arm's criteria are known, and that its fits have what they read."""
    known = dict.fromkeys([*needs.built_in(), *_mapping(config.get("criteria"))])
    named = {name: _mapping(fits[name]) for name in _words(arm.get("fits")) if name in fits}
    points = [name for name, fit in named.items() if _kind(fit) == "likelihood"]
    plain_steps = [name for name, fit in named.items() if _optimiser(fit) in ("adam", "sgd")]
    started = [name for name, fit in named.items() if "warm_start" in fit]
    for i, criterion in _texts(arm.get("criteria")):
        yield from _unknown((*place, i), needs.base(criterion), known, "a criterion")
        for needing, what, without, allowed in (
            (needs.POSTERIOR, "a posterior", points, "objective.kind: variational"),
            (needs.PRECONDITIONER, "a preconditioner", plain_steps, "optimiser.kind: psgd"),
            (needs.INITIAL, "initial weights", started, "initial_weights"),
        ):
            if needing & read.get(criterion, frozenset()) and without:
                text = f"found {shown(criterion)}, which needs {what}, for {listed(without)}"
                yield (*place, i), f"{text}; allowed: fits with {allowed}"


def _check_arms_differ(
    place: Place, arms: list[tuple[Any, dict[Any, Any]]], fits: dict[Any, Any]
) -> Iterator[Problem]:
    """Find an arm that an earlier entry of the list has already."""
    seen: dict[tuple[str, ...], int] = {}
    for i, arm in arms:
        lists = [_words(arm.get(key)) for key in ("criteria", "scopes", "schedules")]
        models = [
            (fit, network)
            for fit in _words(arm.get("fits"))
            for network in _words(arm.get("networks") or _mapping(fits.get(fit)).get("networks"))
        ]
        for model, *names in itertools.product(models, *lists):
            first = seen.setdefault((*model, *names, shown(arm.get("selection"))), i)
            if first != i:
                text = f"found {' / '.join(map(plain, [model[0], *names]))} again, as in [{first}]"
                yield (*place, i), f"{text}; allowed: each once, with all its effects and levels"
                break


def _check_noise(
    place: Place, study: dict[Any, Any], schedules: dict[Any, Any], kinds: dict[str, None]
) -> Iterator[Problem]:
    entries, arms = _blocks(study.get("noise")), study.get("arms")
    used = {name for _, fit in _blocks(study.get("fits")) for name in _words(fit.get("networks"))}
    for i, entry in entries:
        yield from _unknown((*place, i, "kind"), entry.get("kind"), kinds, "a kind of noise")
        for j, network in _texts(entry.get("networks")):
            of = "a network of the study's fits"
            yield from _unknown(
                (*place, i, "networks", j), network, dict.fromkeys(sorted(used)), of
            )
        yield from _repeated_levels((*place, i, "levels"), entry.get("levels"))
        sparsities = (*place, i, "sparsities")
        yield from _repeated_levels(sparsities, entry.get("sparsities"))
        yield from _check_sparsities(sparsities, entry.get("sparsities"), arms, schedules)
    for (i, one), (j, other) in itertools.combinations(entries, 2):
        same = shown(one.get("kind")) == shown(other.get("kind")) and not set(
            _words(one.get("networks", list(used)))
        ).isdisjoint(_words(other.get("networks", list(used))))
        sparsities = [_values(each.get("sparsities")) for each in (one, other)]
        everywhere = not all("sparsities" in each for each in (one, other))
        if same and (everywhere or sparsities[0] & sparsities[1]):
            for position, level, value in _numbers(other.get("levels")):
                if value in _values(one.get("levels")):
                    text = f"found {shown(level)}, which [{i}] has for the same kind and sparsity"
                    yield (*place, j, "levels", position), f"{text}; allowed: each once"


def _check_sparsities(
    place: Place, sparsities: Any, arms: Any, schedules: dict[Any, Any]
) -> Iterator[Problem]:
    """Check that networks of these sparsities are there to be evaluated."""
    counted = [arm for _, arm in _blocks(arms) if arm.get("selection") != "threshold"]
    lists = [arm["levels"] for arm in counted if "levels" in arm]
    chains = [schedule.get("steps", []) for _, schedule in _blocks(schedules)]
    lists += [[step[0] for step in steps if isinstance(step, list) and step] for steps in chains]
    if any(not isinstance(each, list) or len(_numbers(each)) < len(each) for each in lists):
        return
    # "0" is the dense network, which is always evaluated.
    spellings = {Fraction(0): "0"}
    spellings |= {value: level for each in lists for _, level, value in _numbers(each)}
    for i, level, value in _numbers(sparsities):
        if value not in spellings:
            text = f"found {shown(level)}; allowed: 0 (dense) or a level of the arms"
            yield (*place, i), f"{text} ({few(list(spellings.values()))})"


def _values(value: Any) -> set[Fraction]:
    return {number for _, _, number in _numbers(value)}


def _repeated_levels(place: Place, entries: Any) -> Iterator[Problem]:
    """Find levels that mean the same number, such as "0.9" and "0.90"."""
    seen: dict[Fraction, tuple[int, str]] = {}
    for i, level, value in _numbers(entries):
        first, spelling = seen.setdefault(value, (i, level))
        if first != i:
            text = f"found {shown(level)}, the same as {shown(spelling)} in [{first}]"
            yield (*place, i), f"{text}; allowed: each level once"
