"""Axes that several figures share: weights kept, differences in points, percent."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from prunescape.drawing import labels

LOGIT = "Vertical axis: logit, which spreads what is close to 100 %. "
"""For notes of figures with an axis of `accuracy`."""
_TICK_APART = 0.17  # inches between ticks of an axis of accuracy
_FIFTHS, _HALVES = ([each / parts for each in range(parts, 10 * parts)] for parts in (5, 2))
_LOSSES = (_FIFTHS, _HALVES, (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))  # ticks within a decade
# The first of them that fit are shown.
_PERCENTS = (
    *(90, 50, 99, 10, 95, 98, 70, 99.9, 30, 80, 97, 99.5, 96, 60, 40, 20, 99.8, 98.5, 85, 93, 94),
    *(97.5, 92, 91, 5, 1, 75, 65, 99.95, 99.99),
)


def kept_label(effects: Iterable[str]) -> str:
    """Return the name of the axis that `kept` makes; frozen weights are not zero."""
    left = labels.left(effects)
    return f"weights {left} (%)" + (" = 100 × (1 − sparsity)" if left == "kept" else "")


def kept(axes: Axes, percents: Iterable[float], width: float) -> None:
    """Make x the share of weights kept [%], from 100 on the left to few on the right, log scale.

    Where networks without any weight are drawn, the axis is linear below 1 % so that 0 has a place.

    Args:
        axes: one of the axes that share x.
        percents: the values that are drawn.
        width: width of the axes, inches; narrow axes get fewer ticks.
    """
    values = np.asarray(list(percents), float)
    least = max(values[values > 0].min(initial=50), 1e-3)
    if values.min(initial=100) <= 0:
        least = 1
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.set_xlim(120, -0.15)
    else:
        axes.set_xscale("log")
        axes.set_xlim(100 * (100 / least) ** 0.05, least / (100 / least) ** 0.06)
    decades = math.log10(100 / least)
    steps = (5, 2, 1) if width / decades > 0.9 else (1,)
    powers = [10.0**power for power in range(2, math.floor(math.log10(least) + 1e-9) - 1, -1)]
    ticks = [
        step * power for power in powers for step in steps if least <= 1.001 * step * power <= 101
    ]
    _ticks(axes, ticks if values.min(initial=100) > 0 else [*ticks, 0])


def threshold(axes: Axes, levels: Iterable[float], width: float) -> None:
    """Make x the threshold on the score: log scale, with a place for 0; linear if one is negative.

    Graves' thresholds begin at 0, which removes nothing by a score that is never negative. `width`
    is the width of the axes in inches.
    """
    values = sorted(set(levels))
    positive = [value for value in values if value > 0]
    if values[0] < 0 or not positive:
        return
    least, most = positive[0], positive[-1]
    axes.set_xscale("symlog", linthresh=least, linscale=0.5)
    axes.set_xlim(-0.25 * least if values[0] == 0 else least / 1.5, 1.6 * most)
    # The label of a smaller power would overlap the label of 0.
    low, high = math.ceil(math.log10(3 * least)), math.floor(math.log10(most))
    stride = max(1, math.ceil((high - low + 1) / (width / 0.5)))
    powers = [10.0**power for power in range(high, low - 1, -stride)] or [most]
    _ticks(axes, [0.0, *powers] if values[0] == 0 else powers)


def cost(axes: Axes, values: Iterable[float], width: float, *, log: bool) -> None:
    """Make x a cost: a log scale with room on both sides, or linear from 0; `width` in inches."""
    least, most = min(values), max(values)
    if not log:
        axes.set_xlim(0, 1.15 * most)
        return
    low, high = least / 2, most * 2
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    steps = (1, 2, 5) if width / math.log10(high / low) > 0.9 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)

    def within(steps: tuple[int, ...]) -> list[float]:
        ticks = [step * 10.0**power for power in powers for step in steps]
        return [tick for tick in ticks if low <= tick <= high]

    # A single tick tells no scale.
    _ticks(axes, within(steps) if len(within(steps)) > 1 else within((1, 2, 5)))


def powers(axes: Axes, least: float, most: float, width: float) -> None:
    """Make x a log scale from `least` to `most`, with ticks that fit `width` inches."""
    axes.set_xscale("log")
    axes.set_xlim(least, most)
    low, high = math.ceil(math.log10(least)), math.floor(math.log10(most))
    fitting = max(1, int(width / 0.45))
    if high - low >= 1:
        stride = math.ceil((high - low + 1) / fitting)
        ticks = [10.0**power for power in range(high, low - 1, -stride)]
    else:
        ticks = [
            float(f"{step}e{power}") for power in range(low - 1, high + 1) for step in (1, 2, 5)
        ]
    shown = sorted(tick for tick in ticks if least <= tick <= most)[-fitting:]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_major_formatter(FixedFormatter([_power(tick) for tick in shown]))
    axes.xaxis.set_minor_locator(NullLocator())


def _power(tick: float) -> str:
    """Return a number as it is, or as a power of ten where it is a small or large one."""
    power = math.log10(tick)
    if 0.01 <= tick < 1000 or abs(power - round(power)) > 1e-9:
        return f"{tick:g}"
    return f"$10^{{{round(power)}}}$"


def loss(axes: Axes, values: Iterable[float], height: float) -> None:
    """Make y a loss: log scale, with as many round ticks as fit; linear if one is not positive.

    `height` is the height of the axes in inches; lower axes get fewer ticks.
    """
    low, high = min(values := [*values]), max(values)
    if low <= 0:
        return
    room = max((high / low) ** 0.06, 1.05)
    low, high = low / room, high * room
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    apart = _TICK_APART * math.log10(high / low) / height
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _LOSSES:
        ticks = [float(f"{step}e{power}") for power in powers for step in steps]
        shown = [tick for tick in ticks if low <= tick <= high]
        if all(math.log10(b / a) >= apart for a, b in itertools.pairwise(shown)):
            break
    axes.yaxis.set_major_locator(FixedLocator(shown))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in shown]))
    axes.yaxis.set_minor_locator(NullLocator())


def difference(axes: Axes, values: Iterable[float]) -> None:
    """Make y a difference in points: linear within ±1, logarithmic beyond, ticks 0, 1, 3, 10 ..."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min([-1.0, *finite]), max([1.0, *finite])
    axes.set_yscale("symlog", linthresh=1, linscale=0.6)
    axes.set_ylim(1.25 * low, 1.25 * high)
    ticks = [
        t for t in (-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100) if 1.2 * low <= t <= 1.2 * high
    ]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(
        FixedFormatter([f"{t:+d}".replace("-", "−") if t else "0" for t in ticks])
    )
    axes.yaxis.set_minor_locator(NullLocator())


def percent(axes: Axes, values: Iterable[float]) -> None:
    """Make y a percentage: from the ten below the smallest value to just above 100."""
    finite = [value for value in values if math.isfinite(value)]
    low = max(0, 10 * math.floor(min(finite) / 10))
    axes.set_ylim(low - 0.02 * (100 - low), 100 + 0.02 * (100 - low))


def accuracy(axes: Axes, percents: Iterable[float], images: int, height: float) -> None:
    """Make y an accuracy [%] on a logit scale, on which 97 and 98 are as far apart as 50 and 60.

    Accuracies of 0 and 100 % stand where half an image is right or wrong.

    Args:
        axes: one of the axes that share y.
        percents: the values that have to be on the axis.
        images: number of images behind a value.
        height: height of the axes, inches; lower axes get fewer ticks.
    """
    least = 100 * 0.5 / images

    def to_logit(percent: np.ndarray) -> np.ndarray:
        share = np.clip(np.asarray(percent, float), least, 100 - least) / 100
        return np.asarray(np.log(share / (1 - share)))

    def to_percent(logit: np.ndarray) -> np.ndarray:
        return np.asarray(100 / (1 + np.exp(-np.asarray(logit, float))))

    finite = np.array([value for value in percents if math.isfinite(value)])
    low, high = to_logit(finite.min()), to_logit(finite.max())
    room = max(0.06 * (high - low), 0.05)
    axes.set_yscale("function", functions=(to_logit, to_percent))
    axes.set_ylim(float(to_percent(low - room)), float(to_percent(high + room)))
    apart = (high - low + 2 * room) * _TICK_APART / height
    shown: list[float] = []
    for tick in _PERCENTS:
        place = to_logit(np.array(tick))
        if low - room <= place <= high + room and all(
            abs(place - to_logit(np.array(other))) >= apart for other in shown
        ):
            shown.append(tick)
    axes.yaxis.set_major_locator(FixedLocator(sorted(shown)))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in sorted(shown)]))
    axes.yaxis.set_minor_locator(NullLocator())


def _ticks(axes: Axes, ticks: list[float]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
