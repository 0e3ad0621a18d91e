"""Names on a label: of ways of pruning, and of numbers."""

from collections.abc import Mapping
from typing import Any

from prunescape.drawing import labels

_USUAL = {"scope": "global", "effect": "zero", "schedule": "oneshot"}
_SHORT = {"recalibrate": "statistics anew", "compensate": "biases compensate"}


def named(method: Mapping[str, Any]) -> str:
    """Return the name of a way of pruning in plain text; what is usual goes without saying.

    Args:
        method: the columns `methods.NAMES`.
    """
    parts = [labels.plain("criterion", method["criterion"])]
    parts += [
        _SHORT.get(method[column]) or labels.plain(column, method[column])
        for column, usual in _USUAL.items()
        if method[column] != usual
    ]
    return ", ".join(parts)


def answers(label: Mapping[str, Any]) -> list[str]:
    """Return the answers of a label, a line a limit."""
    found = []
    for choice in label["choices"]:
        limit = (
            f"to lose less than {choice['limit']:g} {'point' if choice['limit'] == 1 else 'points'}"
        )
        if choice["level"] is None:
            found.append(f"{limit}: {unshown(label, choice)}")
            continue
        method = named(label["methods"][choice["method"]])
        found.append(
            f"{limit}: {percent(choice['level'])} of the weights can go, by {method} (lost "
            f"{points(choice['points'])}, with 95 % confidence less than "
            f"{points(choice['at_most'])})"
        )
    return found


def unshown(label: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """Return why nothing may go, in plain text: no way passed on the first half, or its own half.

    Args:
        label: the contents of label.json.
        choice: one of its choices, without a level.
    """
    images = label["images"]
    if choice["method"] is None:
        return (
            f"no way of pruning is shown to, even at its smallest sparsity, on the "
            f"{images['choosing']:,} images that choose"
        )
    return (
        f"{named(label['methods'][choice['method']])}, which {images['choosing']:,} images chose, "
        f"isn't shown to on the other {images['stating']:,}, even at its smallest sparsity; more "
        "images narrow the bounds"
    )


def plural(points: float) -> str:
    """Return "point" or "points"."""
    return "point" if points == 1 else "points"


def percent(share: float) -> str:
    """Return a share in [0, 1] in percent: 0.95 is 95 %, 0.995 is 99.5 %."""
    return f"{100 * share:.4g}\u00a0%"


def points(value: float) -> str:
    """Return points of accuracy with two decimals."""
    return f"{value:.2f}".replace("-", "−")


def amount(number: float) -> str:
    """Return bytes or multiply-adds in thousands, millions or billions: 1.24 M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}\u00a0{unit}"
    return f"{number:.0f}"
