"""Schedules of the learning rate: its share at a point in training. Standard library only."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from prunescape.foundations.choices import choose

Settings = Mapping[str, Any]


def share(settings: Settings, epoch: float, of: int, step: float) -> float:
    """Return the factor of the learning rate at a point in training, at least 0.

    Args:
        settings: the `optimiser` block; `warm_up` and `decay` are read, both may be missing.

            warm_up {epochs: w, start: s}: the share rises linearly from s to 1 in the first w
            epochs. The decays `linear` and `cosine` are spread over the epochs that follow.

            decay {kind: linear, hold: h}: holds the rate for the share h of training, then lets it
            fall linearly to 0 at the end. {kind: exponential, factor: f}: times f after every
            epoch. {kind: step, epochs: [a, b], factor: f}: times f after a epochs and after b.
            {kind: cosine, least: l}: 1 to l by half a cosine (Loshchilov and Hutter 2017, arXiv
            1608.03983, equation 5, without restarts). {kind: one_cycle, rise: r, start: s, end: e}:
            by half a cosine from s to 1 for the share r of training, by another to e at the last
            step (Smith and Topin 2018, arXiv 1708.07120, in the form of torch's OneCycleLR;
            momentum stays).
        epoch: epochs done, a fraction within an epoch.
        of: epochs in all.
        step: how much of an epoch a step is, in (0, 1].

    Raises:
        ValueError: if the kind of decay is unknown.
    """
    warm_up, decay = settings.get("warm_up"), settings.get("decay")
    first = 0.0
    if warm_up:
        first = float(warm_up["epochs"])
        if epoch < first:
            return float(warm_up["start"] + (1 - warm_up["start"]) * epoch / first)
    if decay is None:
        return 1.0
    done = (epoch - first) / (of - first)  # of the epochs after warming up
    kinds: dict[str, Callable[[], float]] = {
        "linear": lambda: min((1 - done) / (1 - decay["hold"]), 1.0),
        "exponential": lambda: decay["factor"] ** int(epoch),
        "step": lambda: decay["factor"] ** sum(epoch >= each for each in decay["epochs"]),
        "cosine": lambda: _cosine(1.0, decay.get("least", 0.0), done),
        "one_cycle": lambda: _one_cycle(decay, epoch / step, of / step),
    }
    return choose(kinds, decay["kind"], "optimiser.decay.kind")()


def _cosine(start: float, end: float, done: float) -> float:
    """Return the point between `start` and `end` that half a cosine has at `done`, 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _one_cycle(decay: Settings, step: float, steps: float) -> float:
    """Return the share at a step, counted from 0, of so many steps."""
    top, last = decay["rise"] * steps - 1, steps - 1
    if step <= top:
        return _cosine(decay["start"], 1.0, step / top if top > 0 else 1.0)
    return _cosine(1.0, decay["end"], (step - top) / (last - top))
