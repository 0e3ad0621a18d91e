"""Blocks that name the user's files: sources, claims, networks, criteria, effects, noises."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from prunescape.configuration.blocks import mapping, texts_in, texts_of, unknown_name
from prunescape.configuration.words import Place, Problem, listed, shown
from prunescape.data import own_sources, sources
from prunescape.evaluation import input_noise_kinds, noise_suites
from prunescape.foundations import user_files
from prunescape.pruning import effect_needs
from prunescape.scoring import needs
from prunescape.verdicts import claim_files


def files_of_claims(config: Mapping[str, Any]) -> list[str]:
    """Return the files with a run's claims, the project's first."""
    return [str(claim_files.PROJECT), *texts_of(config.get("claims"))]


def claims_in(path: str) -> list[claim_files.Claim]:
    """Return the claims in a file; [] if it is faulty, which `check_claims` reports."""
    with contextlib.suppress(ValueError, OSError):
        return claim_files.read(path)
    return []


def check_claims(own: Any, catalogue: dict[Any, Any]) -> Iterator[Problem]:
    """Check the user's files of claims; a file is checked together with those before it."""
    for i, path in texts_in(own):
        place = ("claims", i)
        try:
            claim_files.read(claim_files.PROJECT, *texts_of(own[: i + 1]))
        except (ValueError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            yield place, f"found {shown(path)}: {reason}; allowed: files of claims, each id once"
        for claim in claims_in(path):
            of = f"a study of the catalogue in claim {claim.id}"
            yield from unknown_name(place, claim.study, catalogue, of)


def check_preparation(place: Place, dataset: Mapping[Any, Any]) -> Iterator[Problem]:
    """Check that only images of the user's own are resized, cut or coloured."""
    source = dataset.get("source")
    for key in ("resize", "crop", "colour"):
        if source in list(sources.FILES) and dataset.get(key):
            text = f"found {shown(dataset[key])} of {source}; allowed: for images of your own"
            yield (*place, key), text


def check_source(
    place: Place, source: Any, places: list[tuple[int, str]], configs: Sequence[str]
) -> Iterator[Problem]:
    """Check that a source's places have the right form, and that the user's files exist.

    If a file is missing but lies beside one of the config files `configs`, the message says so.
    """
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
        elif not known and (wrong := own_sources.problem(entry, configs)):
            text = f"found {shown(entry)}, but {wrong}; allowed: images that are there"
            yield (*place, i), text


def check_own_noises(own: Any) -> Iterator[Problem]:
    """Check names and sources of the user's kinds of noise; nothing is executed."""
    taken = {"none", *input_noise_kinds.BUILT_IN, *noise_suites.SUITES}
    others = f"none, {listed(input_noise_kinds.SIMPLE)}, mnist_c, cifar_c and their kinds"
    yield from _check_own("noises", own, taken.__contains__, others, input_noise_kinds.check)


def check_own_effects(own: Any) -> Iterator[Problem]:
    """Check names and sources of the user's effects; nothing is executed."""
    taken = {"none", *effect_needs.BUILT_IN}
    others = f"none and {listed(effect_needs.BUILT_IN)}"
    yield from _check_own("effects", own, taken.__contains__, others, effect_needs.of_user)


def check_own_criteria(own: Any) -> Iterator[Problem]:
    """Check names and sources of the user's criteria; nothing is executed."""

    def taken(name: Any) -> bool:
        return name == "none" or name in needs.built_in() or str(name).startswith(needs.SHUFFLED)

    others = f"none, shuffled_... and {listed(needs.built_in())}"
    yield from _check_own("criteria", own, taken, others, needs.of_user)


def with_plain_paths(config: dict[str, Any]) -> dict[str, Any]:
    """Return a valid config in which paths of code have one spelling, without `./` and `//`.

    Params of jobs have them, and another spelling would rerun the jobs.
    """
    blocks = {
        key: {name: _plain(named) for name, named in config[key].items()}
        for key in ("networks", "criteria", "effects", "noises")
        if config.get(key)
    }
    return config | blocks


def _plain(named: Any) -> Any:
    path, ending, rest = named.partition(".py:") if isinstance(named, str) else ("", "", "")
    return f"{PurePosixPath(path + '.py')}:{rest}" if ending else named


def _check_own(
    key: str,
    own: Any,
    taken: Callable[[Any], bool],
    others: str,
    look: Callable[[str], object],
) -> Iterator[Problem]:
    """Check a block of the user's functions: no name is `taken`, and `look` accepts the source."""
    for name, named in mapping(own).items():
        place = (key, name)
        if taken(name):
            text = f"found {shown(name)}, which has a meaning of its own; allowed: another name"
            yield place, f"{text} than {others}"
        if isinstance(named, str) and user_files.NAMED.fullmatch(named):
            try:
                look(named)
            except ValueError as error:
                yield place, f"found {shown(named)}: {error}"
