"""What the plan and the jobs read of a fit, which is trained here or has weights of the user's.

Standard library only: the workflow imports this when it is parsed.
"""

from collections.abc import Mapping
from typing import Any

Fit = Mapping[str, Any]


def is_given(fit: Fit) -> bool:
    """Return whether a fit's weights are files of the user, so that nothing is trained."""
    return fit.get("kind") == "given"


def objective(fit: Fit) -> Mapping[str, Any]:
    """Return a fit's objective; that of given weights says if they are a posterior, no more."""
    if not is_given(fit):
        found: Mapping[str, Any] = fit["objective"]
        return found
    point = {"kind": "likelihood", "softmax": "once"}
    return {"kind": "variational"} if fit["posterior"] else point


def optimiser(fit: Fit) -> str:
    """Return the kind of a fit's optimiser; `none` for given weights."""
    return "none" if is_given(fit) else str(fit["optimiser"]["kind"])


def epochs(fit: Fit) -> int:
    """Return for how many epochs a fit trains here."""
    return 0 if is_given(fit) else int(fit["epochs"])
