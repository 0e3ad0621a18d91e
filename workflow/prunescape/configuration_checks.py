"""What the blocks of a configuration must say of each other, beyond what a schema can express."""

import contextlib
import functools
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from prunescape import levels
from prunescape.configuration_words import Place, Problem, listed, nearest, plain, shown

CLAIMS = Path(__file__).parents[1] / "resources" / "claims.yaml"

NEED_POSTERIOR = ("snr", "inverse_sigma", "log_alpha")
"""Criteria that read the posterior's sigma."""


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
    for claim in _mapping(config.get("not_tested")):
        yield from _unknown(("not_tested", claim), claim, _claims(), "a claim of claims.yaml")
    for name, dataset in _blocks(datasets):
        place, source = ("datasets", name, "source"), dataset.get("source")
        yield from _unknown(place, source, config.get("sources"), "one of the sources")
    for name, study in _blocks(catalogue):
        place, dataset = ("catalogue", name), study.get("dataset")
        yield from _unknown((*place, "dataset"), dataset, datasets, "one of the datasets")
        for fit, settings in _blocks(study.get("fits")):
            here = (*place, "fits", fit)
            yield from _check_fit(here, settings, config.get("networks"))
            yield from _check_start(here, settings, study["fits"], config.get("networks"))
        for i, arm in _blocks(study.get("arms")):
            yield from _check_arm((*place, "arms", i), arm, study.get("fits"))
        yield from _check_arms_differ((*place, "arms"), _blocks(study.get("arms")))
        yield from _check_noise((*place, "noise"), study.get("noise"), study.get("arms"))


@functools.cache
def _claims() -> dict[str, Any]:
    """Return the claims that there are, by their id."""
    with CLAIMS.open(encoding="utf-8") as opened:
        claims = yaml.load(opened, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {claim["id"]: claim for claim in claims}


def _unknown(place: Place, name: Any, block: Any, of: str) -> Iterator[Problem]:
    if isinstance(block, dict) and isinstance(name, str) and name not in block:
        names = listed(block) or "none is defined"
        yield place, f"found {shown(name)}{nearest(name, block)}; allowed: {of} ({names})"


def _check_fit(place: Place, fit: dict[Any, Any], networks: Any) -> Iterator[Problem]:
    for i, network in _texts(fit.get("networks")):
        yield from _unknown((*place, "networks", i), network, networks, "one of the networks")
    warm_up = _mapping(_mapping(fit.get("objective")).get("kl")).get("warm_up")
    match warm_up:
        case [int() as first, int() as last] if first > last:
            text = f"found {warm_up}; allowed: [first, last] with first <= last"
            yield (*place, "objective", "kl", "warm_up"), text


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


def _check_arm(place: Place, arm: dict[Any, Any], fits: Any) -> Iterator[Problem]:
    for i, fit in _texts(arm.get("fits")):
        yield from _unknown((*place, "fits", i), fit, fits, "a fit of the study")
    yield from _check_posterior((*place, "criteria"), arm, _mapping(fits))

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


def _check_posterior(place: Place, arm: dict[Any, Any], fits: dict[Any, Any]) -> Iterator[Problem]:
    points = [fit for fit in _words(arm.get("fits")) if _kind(fits.get(fit)) == "likelihood"]
    for i, criterion in _texts(arm.get("criteria")):
        if criterion in NEED_POSTERIOR and points:
            text = f"found {shown(criterion)}, which needs a posterior, for {listed(points)}"
            yield (*place, i), f"{text}; allowed: fits with objective.kind: variational"


def _check_arms_differ(place: Place, arms: list[tuple[Any, dict[Any, Any]]]) -> Iterator[Problem]:
    """Find an arm that an earlier entry of the list has already."""
    seen: dict[tuple[str, ...], int] = {}
    for i, arm in arms:
        lists = [_words(arm.get(key)) for key in ("fits", "criteria", "scopes", "schedules")]
        for names in itertools.product(*lists, [shown(arm.get("selection"))]):
            first = seen.setdefault(names, i)
            if first != i:
                text = f"found {' / '.join(map(plain, names[:-1]))} again, as in [{first}]"
                yield (*place, i), f"{text}; allowed: each once, with all its effects and levels"
                break


def _check_noise(place: Place, noise: Any, arms: Any) -> Iterator[Problem]:
    entries = _blocks(noise)
    for i, entry in entries:
        yield from _repeated_levels((*place, i, "levels"), entry.get("levels"))
        sparsities = (*place, i, "sparsities")
        yield from _repeated_levels(sparsities, entry.get("sparsities"))
        yield from _check_sparsities(sparsities, entry.get("sparsities"), arms)
    for (i, one), (j, other) in itertools.combinations(entries, 2):
        same = shown(one.get("kind")) == shown(other.get("kind"))
        sparsities = [_values(each.get("sparsities")) for each in (one, other)]
        everywhere = not all("sparsities" in each for each in (one, other))
        if same and (everywhere or sparsities[0] & sparsities[1]):
            for position, level, value in _numbers(other.get("levels")):
                if value in _values(one.get("levels")):
                    text = f"found {shown(level)}, which [{i}] has for the same kind and sparsity"
                    yield (*place, j, "levels", position), f"{text}; allowed: each once"


def _check_sparsities(place: Place, sparsities: Any, arms: Any) -> Iterator[Problem]:
    """Check that networks of these sparsities are there to be evaluated."""
    lists = [arm.get("levels") for _, arm in _blocks(arms) if arm.get("selection") != "threshold"]
    if any(not isinstance(each, list) or len(_numbers(each)) < len(each) for each in lists):
        return
    # "0" is the dense network, which is always evaluated.
    spellings = {Fraction(0): "0"}
    spellings |= {value: level for each in lists for _, level, value in _numbers(each)}
    for i, level, value in _numbers(sparsities):
        if value not in spellings:
            text = f"found {shown(level)}; allowed: 0 (dense) or a level of the arms"
            yield (*place, i), f"{text} ({', '.join(spellings.values())})"


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
