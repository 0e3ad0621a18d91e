"""Suites of standard corruptions: their kinds and severities. Standard library only.

A severity s of 5 is the noise level s / 5, a decimal like every level: "0.2" to "1".
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple


class Suite(NamedTuple):
    """The corruptions of one publication, as kinds of noise."""

    kinds: tuple[str, ...]
    """Names of the kinds, in the publication's order."""
    severities: tuple[int, ...]
    """Severities, of 5, that its data set has."""


def _named(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in names.split())


SUITES: Mapping[str, Suite] = {
    # Mu and Gilmer (2019), arXiv 1906.02337: fifteen corruptions, each at one severity.
    "mnist_c": Suite(
        _named(
            "mnist_c",
            "shot_noise impulse_noise glass_blur motion_blur shear scale rotate brightness "
            "translate stripe fog spatter dotted_line zigzag canny_edges",
        ),
        (5,),
    ),
    # Hendrycks and Dietterich (2019), arXiv 1903.12261; of the fifteen, frost is missing: it lays
    # photographs over the images.
    "cifar_c": Suite(
        _named(
            "cifar_c",
            "gaussian_noise shot_noise impulse_noise defocus_blur glass_blur motion_blur "
            "zoom_blur snow fog brightness contrast elastic_transform pixelate jpeg_compression",
        ),
        (1, 2, 3, 4, 5),
    ),
}

KINDS: Mapping[str, Suite] = {kind: suite for suite in SUITES.values() for kind in suite.kinds}
"""Kind -> the suite that it belongs to."""

_LEVELS = {severity: f"{severity / 5:.2f}" for severity in (1, 2, 3, 4, 5)}


def levels(suite: Suite, severities: Sequence[int] | None = None) -> list[str]:
    """Return the noise levels of severities, 1 to 5; None: all that the suite has."""
    return [_LEVELS[severity] for severity in severities or suite.severities]


def severity(level: str) -> int:
    """Return the severity, 1 to 5, of a noise level; ValueError if it is none."""
    found = 5 * Fraction(level)
    if found.denominator > 1 or not 1 <= found <= 5:
        raise ValueError(f"noise level: found {level}; allowed: {', '.join(_LEVELS.values())}")
    return int(found)


def expanded(noise: Any) -> Any:
    """Return a study's `noise` as a list with an entry for each kind of its suites.

    Args:
        noise: the config's list of entries, in which a suite's name as kind stands for all its
            kinds; or a mapping {suite, severities, networks, sparsities}, of which all but the
            first may be missing. Whatever the schema doesn't allow stays as it is.
    """
    if isinstance(noise, Mapping):
        named, chosen = noise.get("suite"), noise.get("severities")
        if not isinstance(named, str) or named not in SUITES:
            return noise
        known = SUITES[named].severities
        whole = isinstance(chosen, list) and chosen and all(each in known for each in chosen)
        if chosen is not None and not whole:
            return noise
        at = levels(SUITES[named], chosen)
        rest = {key: value for key, value in noise.items() if key not in ("suite", "severities")}
        noise = [{"kind": named, "levels": at, **rest}]
    if not isinstance(noise, list):
        return noise
    return [each for entry in noise for each in _expanded(entry)]


def _expanded(entry: Any) -> list[Any]:
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str) or kind not in SUITES:
        return [entry]
    return [{**entry, "kind": each} for each in SUITES[kind].kinds]


def with_suites(config: Any) -> Any:
    """Return a config whose studies' noise is `expanded`; anything else is as it was."""
    studies = config.get("catalogue") if isinstance(config, Mapping) else None
    if not isinstance(studies, Mapping):
        return config
    found = {
        name: {**study, "noise": expanded(study["noise"])}
        if isinstance(study, Mapping) and "noise" in study
        else study
        for name, study in studies.items()
    }
    return {**config, "catalogue": found}
