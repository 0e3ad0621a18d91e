"""The version of a config file: one from before a criterion's meaning changed is refused."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from prunescape.configuration import reading
from prunescape.configuration.blocks import blocks_in, mapping, texts_of
from prunescape.configuration.own_files import claims_in
from prunescape.configuration.schema import schema
from prunescape.configuration.words import Problem, listed, shown
from prunescape.scoring import needs

CRITERIA = {
    "taylor": "averages |w g| over images; before, it was |w| times the mean gradient's size",
    "obd": "reads the Gauss-Newton matrix; with the empirical Fisher information it is called "
    "obd_empirical",
}
"""Criterion whose meaning has changed -> what it is now."""


def check_versions(config: Mapping[Any, Any], files: Sequence[str]) -> Iterator[Problem]:
    """Check that config files that name what has changed are of this version, and say so.

    config.yaml says a version, and keys of other files are merged into it. So each file that names
    such a criterion must say its own. Files of claims have no version: one that names them does.

    Args:
        config: the merged configuration.
        files: the config files that it came from; one that can't be read is left out.
    """
    if not _changed(_of_arms(config)):
        return  # a claim on what no arm has lacks its rows, which is told
    version = schema()["properties"]["version"]["const"]
    for path in files:
        try:
            found = reading.read(path)
        except ValueError:
            continue
        names = _changed({*_of_arms(found), *_of_claims(found)})
        if names and found.get("version") != version:
            said = shown(found["version"]) if "version" in found else "nothing"
            text = f"found {said} in {path}, which has {listed(names)}"
            now = "; ".join(f"{name} now {CRITERIA[name]}" for name in names)
            yield ("version",), f"{text}; allowed: {version} there, once you have read that {now}"


def _changed(criteria: Collection[str]) -> list[str]:
    """Return those whose meaning has changed."""
    return [name for name in CRITERIA if name in criteria]


def _of_arms(config: Mapping[Any, Any]) -> set[str]:
    """Return the criteria of a configuration's arms."""
    return {
        needs.base(criterion)
        for _, study in blocks_in(mapping(config).get("catalogue"))
        for _, arm in blocks_in(study.get("arms"))
        for criterion in texts_of(arm.get("criteria"))
    }


def _of_claims(config: Mapping[Any, Any]) -> set[str]:
    """Return the criteria that the claims of a configuration's files are about."""
    return {
        needs.base(str(filters.get("criterion")))
        for path in texts_of(mapping(config).get("claims"))
        for claim in claims_in(path)
        for _, filters in claim.selections()
    }
