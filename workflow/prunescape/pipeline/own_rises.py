"""How levels rise in gradual schedules by a function in a file of the user.

The function says which share of the final level is reached after a share of the prunings. It is
arithmetic alone (`plain_functions`), so it is called when the config is read: a gradual schedule
with `rise` becomes the chain of its levels, which is what jobs depend on. Standard library only.
"""

import math
from collections.abc import Mapping
from typing import Any

from prunescape.foundations import plain_functions
from prunescape.pipeline.schedules import gradual_steps


def chain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chain that a gradual schedule with `rise` is.

    Args:
        settings: the schedule's block; rise is path/to/file.py:function, whose parameter share is
            t / n, after the t-th of n prunings.

    Raises:
        ValueError: if the function is none of arithmetic, or doesn't rise from 0 or more to 1.
    """
    function = plain_functions.load(settings["rise"], ["share"])
    shares = [function(t / settings["prunings"]) for t in range(1, settings["prunings"] + 1)]
    for share, before in zip(shares, [0, *shares], strict=False):
        number = isinstance(share, int | float) and math.isfinite(share)
        if not number or not before <= share <= 1:
            text = f"it gives {share!r} after {before!r}"
            raise ValueError(f"{text}; allowed: numbers that don't fall, from 0 to 1")
    if shares[-1] != 1:
        raise ValueError(f"it gives {shares[-1]!r} at share 1; allowed: 1, the final level")
    kept = {key: settings[key] for key in ("fit",) if key in settings}
    steps = [list(step) for step in gradual_steps(settings, shares)]
    return {"kind": "chain", "steps": steps, "new_optimiser": [], **kept}


def with_rises(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid config whose gradual schedules with `rise` are chains."""
    return {**config, "catalogue": {k: _risen(study) for k, study in config["catalogue"].items()}}


def _risen(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study with chains in place of its gradual schedules with `rise`."""
    schedules = {
        name: chain(block) if "rise" in block else block
        for name, block in study.get("schedules", {}).items()
    }
    return {**study, "schedules": schedules}
