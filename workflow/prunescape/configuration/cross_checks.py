"""Checks between the blocks of a configuration, which a schema can't express."""

from collections.abc import Iterator, Sequence
from typing import Any

from prunescape.configuration.arms import (
    check_arm,
    check_arms_differ,
    check_effects,
    check_needs,
    check_pruned_biases,
    check_schedule,
    check_schedules,
    statistics_read,
)
from prunescape.configuration.blocks import (
    blocks_in,
    mapping,
    texts_in,
    texts_of,
    unknown_name,
)
from prunescape.configuration.drawable import check_figures
from prunescape.configuration.exports import check_export
from prunescape.configuration.fits import check_fit, check_replicates, check_start
from prunescape.configuration.given_weights import check_given
from prunescape.configuration.images_read import check_images
from prunescape.configuration.input_noise import check_noise
from prunescape.configuration.label import check_label
from prunescape.configuration.looks import check_looks
from prunescape.configuration.name_lengths import check_lengths
from prunescape.configuration.own_files import (
    check_claims,
    check_own_criteria,
    check_own_effects,
    check_own_noises,
    check_preparation,
    check_source,
    claims_in,
    files_of_claims,
)
from prunescape.configuration.own_scopes import (
    check_groups_of_arm,
    check_scope,
    check_scopes_of_arm,
)
from prunescape.configuration.rewiring import check_rewired, check_updates
from prunescape.configuration.versions import check_versions
from prunescape.configuration.words import Place, Problem, listed, shown
from prunescape.evaluation import input_noise_kinds
from prunescape.foundations import network_names


def cross_checks(config: Any, files: Sequence[str] = ()) -> Iterator[Problem]:
    """Yield the problems between blocks: names that nothing defines, duplicate rows, ...

    Args:
        config: anything that YAML can hold. The schema reports values of a wrong type; what
            depends on them is not checked here.
        files: the config files that it came from.
    """
    config = mapping(config)
    datasets, catalogue = config.get("datasets"), config.get("catalogue")
    # What the run consists of.
    yield from check_versions(config, files)
    for i, name in texts_in(config.get("studies")):
        yield from unknown_name(("studies", i), name, catalogue, "a study of the catalogue")
    run = dict.fromkeys(texts_of(config.get("studies")))
    for i, name in texts_in(config.get("only")):
        yield from unknown_name(("only", i), name, run, "a study that is run")
    yield from _check_fits(config, mapping(catalogue))
    yield from check_lengths(config)
    # Claims and how they are judged.
    yield from check_claims(config.get("claims"), catalogue)
    claims = dict.fromkeys(each.id for path in files_of_claims(config) for each in claims_in(path))
    yield from check_looks(config.get("verdicts"))
    yield from _check_validated(config)
    for claim in mapping(config.get("not_tested")):
        yield from unknown_name(("not_tested", claim), claim, claims, "a claim of claims.yaml")
    # Data, networks, and functions in files of the user.
    for source, places in mapping(config.get("sources")).items():
        yield from check_source(("sources", source), source, texts_in(places), files)
    for name, dataset in blocks_in(datasets):
        place, source = ("datasets", name), dataset.get("source")
        yield from unknown_name(
            (*place, "source"), source, config.get("sources"), "one of the sources"
        )
        yield from check_preparation(place, dataset)
        if dataset.get("split") == "sklearn" and dataset.get("test") in ("official", "rest"):
            text = f"found {dataset['test']} with split: sklearn; allowed: a number of images"
            yield (*place, "test"), text
    for name, network in mapping(config.get("networks")).items():
        if isinstance(network, str) and network_names.FORM.fullmatch(network):
            try:
                network_names.check(network)
            except ValueError as error:
                text = f"found {shown(network)}, but {error}; allowed: a name that a file defines"
                yield ("networks", name), text
    yield from check_own_criteria(config.get("criteria"))
    yield from check_own_effects(config.get("effects"))
    yield from check_own_noises(config.get("noises"))
    # What is made of the results, and each study by itself.
    for name, export in blocks_in(config.get("exports")):
        yield from check_export(("exports", name), export, config)
    yield from check_label(config, _kinds(config))
    for name, study in blocks_in(catalogue):
        yield from _check_study(("catalogue", name), study, config, files)


def _check_study(
    place: Place, study: dict[Any, Any], config: dict[Any, Any], files: Sequence[str]
) -> Iterator[Problem]:
    """Check a study against the rest of the configuration, and its blocks against each other."""
    named, networks, fits = study.get("dataset"), config.get("networks"), study.get("fits")
    yield from unknown_name(
        (*place, "dataset"), named, config.get("datasets"), "one of the datasets"
    )
    for fit, settings in blocks_in(fits):
        at_fit = (*place, "fits", fit)
        yield from check_fit(at_fit, settings, networks)
        yield from check_replicates(at_fit, settings, study, config)
        yield from check_start(at_fit, settings, study["fits"], networks)
        yield from check_given(at_fit, settings, study, networks, files)
    schedules, scopes = mapping(study.get("schedules")), mapping(study.get("scopes"))
    for scope, settings in blocks_in(scopes):
        yield from check_scope((*place, "scopes", scope), settings)
    for schedule, settings in blocks_in(schedules):
        yield from check_schedule((*place, "schedules", schedule), settings)
        yield from check_updates((*place, "schedules", schedule), settings)
    reading = {}
    for i, arm in blocks_in(study.get("arms")):
        at_arm = (*place, "arms", i)
        yield from check_arm(at_arm, arm, fits, networks, scopes)
        yield from check_scopes_of_arm(at_arm, arm, fits, networks, scopes)
        yield from check_effects((*at_arm, "effects"), arm, config)
        yield from check_groups_of_arm(at_arm, arm, schedules, scopes)
        read = reading[i] = statistics_read(arm, config)
        yield from check_needs((*at_arm, "criteria"), arm, mapping(fits), config, read)
        yield from check_pruned_biases(at_arm, arm, mapping(fits), networks, scopes, read)
        yield from check_schedules(at_arm, arm, mapping(fits), schedules, read)
        yield from check_rewired(at_arm, arm, mapping(fits), networks, schedules, scopes)
    yield from check_images(place, study, config, reading)
    yield from check_arms_differ((*place, "arms"), blocks_in(study.get("arms")), mapping(fits))
    yield from check_noise((*place, "noise"), study, schedules, _kinds(config))
    yield from check_figures(place, study, networks)


def _kinds(config: dict[Any, Any]) -> dict[str, None]:
    """Return the known kinds of noise: the library's and the config's own."""
    return dict.fromkeys([*input_noise_kinds.BUILT_IN, *mapping(config.get("noises"))])


def _check_validated(config: dict[Any, Any]) -> Iterator[Problem]:
    """Check that trainings measure accuracy on images that they don't learn from."""
    every = config.get("validate_every")
    if config.get("split") == "final" and isinstance(every, int) and every > 0:
        text = f"found {every} with split: final, which trains on the validation images too"
        yield ("validate_every",), f"{text}; allowed: 0, or split: tune"


def _check_fits(config: dict[Any, Any], catalogue: dict[Any, Any]) -> Iterator[Problem]:
    """Check that the fits to run exist, and that no study is left without one."""
    studies = [name for name in texts_of(config.get("studies")) if name in catalogue]
    fits = {name: mapping(mapping(catalogue[name]).get("fits")) for name in studies}
    known = dict.fromkeys(fit for of_study in fits.values() for fit in of_study)
    named = texts_of(config.get("fits"))
    for i, fit in texts_in(config.get("fits")):
        yield from unknown_name(("fits", i), fit, known, "a fit of the studies")
    for study, of_study in fits.items():
        if set(named) & set(known) and not set(named) & set(of_study):
            text = f"found none of the study {study}'s ({listed(of_study)})"
            yield ("fits",), f"{text}; allowed: at least one of every study"
