"""Schedules: how networks are trained after pruning, as the plan and the jobs see it.

A schedule says at which points its arms are pruned, which retraining jobs train what is left, and
for how long. `schedule` chooses one by the `kind` of its entry in the config; what the jobs'
scripts do is in `pruning`. A new one is a class of this kind, an entry of `KINDS` and one in the
config's schema. Standard library only: the workflow reads this when it is parsed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from prunescape.foundations.choices import choose

Settings = Mapping[str, Any]


class Point(NamedTuple):
    """A level in its place in a schedule."""

    step: int
    level: str


class Schedule(Protocol):
    """What becomes of networks after pruning.

    A retraining job trains some points of every arm of a schedule. Its name, `part`, is "s<step>"
    for a step of a chain and "b<batch>", from 1, for points that are trained independently.
    """

    @property
    def is_chain(self) -> bool:
        """Whether each point is pruned from what the one before left, instead of from the fit."""
        ...

    @property
    def changes(self) -> Settings:
        """Settings of the fit that training after pruning has in place of the fit's own."""
        ...

    @property
    def start(self) -> str | None:
        """Where training starts, if not from the weights that were pruned: initial or redrawn."""
        ...

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return the points of an arm with these levels, decimal strings in [0, 1]."""
        ...

    def controls(self) -> tuple[Point, ...]:
        """Return the points of the dense control, which is trained alike; none without training."""
        ...

    def level(self, point: Point) -> str:
        """Return the level of the networks that a point is compared with.

        It is the point's own, but that of a chain's dense control is its step's.
        """
        ...

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return part -> the points of an arm that this retraining job trains, in order.

        Args:
            points: all points of the arm.
            size: the most points a job trains, if they are independent.
        """
        ...

    def epochs(self, part: str) -> int:
        """Return for how many epochs a retraining job trains."""
        ...

    def epochs_before(self, part: str) -> int:
        """Return how many epochs earlier jobs of the schedule have trained its networks for."""
        ...


class _Independent:
    """Points that don't depend on each other, one for each level of an arm."""

    is_chain = False

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return a point for each level."""
        return tuple(Point(0, level) for level in levels)

    def level(self, point: Point) -> str:
        """Return the point's own level."""
        return point.level


class OneShot(_Independent):
    """Pruned at each level, not trained afterwards."""

    start: str | None = None

    @property
    def changes(self) -> Settings:
        """Nothing is trained."""
        return {}

    def controls(self) -> tuple[Point, ...]:
        """There is no training to control."""
        return ()

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Nothing is trained."""
        return {}

    def epochs(self, part: str) -> int:
        """Nothing is trained."""
        return 0

    def epochs_before(self, part: str) -> int:
        """Nothing is trained."""
        return 0


class Retrain(_Independent):
    """Pruned at each level, then trained: every level by itself."""

    def __init__(self, settings: Settings) -> None:
        """`settings`: epochs; fit, start."""
        self._epochs: int = settings["epochs"]
        self.changes: Settings = settings.get("fit", {})
        self.start: str | None = settings.get("start")

    def controls(self) -> tuple[Point, ...]:
        """Return one point: whatever the level, dense training is the same."""
        return (Point(0, "0"),)

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return batches of points; the last may be smaller."""
        return {f"b{i}": list(cut) for i, cut in enumerate(batches(points, size), 1)}

    def epochs(self, part: str) -> int:
        """Return the same number for every job."""
        return self._epochs

    def epochs_before(self, part: str) -> int:
        """Return 0: every job starts from the fit."""
        return 0


class Chain:
    """Steps, each of which prunes what the one before left, and trains it."""

    is_chain = True
    start: str | None = None

    def __init__(self, settings: Settings) -> None:
        """`settings`: steps, a level and the epochs after it for each; fit."""
        self._steps: Sequence[tuple[str, int]] = settings["steps"]
        self.changes: Settings = settings.get("fit", {})

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return a point for each step; a chain has levels of its own."""
        return tuple(Point(step, level) for step, (level, _) in enumerate(self._steps))

    def controls(self) -> tuple[Point, ...]:
        """Return a point for each step."""
        return tuple(Point(step, "0") for step, _ in enumerate(self._steps))

    def level(self, point: Point) -> str:
        """Return the level of the point's step."""
        return self._steps[point.step][0]

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return a job for each step."""
        return {f"s{point.step}": [point] for point in points}

    def epochs(self, part: str) -> int:
        """Return the step's epochs."""
        return self._steps[int(part[1:])][1]

    def epochs_before(self, part: str) -> int:
        """Return the epochs of all steps before."""
        return sum(epochs for _, epochs in self._steps[: int(part[1:])])


KINDS: dict[str, Callable[[Settings], Schedule]] = {"retrain": Retrain, "chain": Chain}


def schedule(config: Mapping[str, Any], study: str, name: str) -> Schedule:
    """Return a schedule of a study; `oneshot`, and `none` of dense networks, need no entry.

    ValueError if the study has no such schedule, or its kind is unknown.
    """
    entries = config["catalogue"][study].get("schedules", {})
    key = f"catalogue.{study}.schedules"
    entry = choose({"none": None, "oneshot": None, **entries}, name, key)
    return choose(KINDS, entry["kind"], f"{key}.{name}.kind")(entry) if entry else OneShot()


def batches(points: Sequence[Point], size: int) -> list[Sequence[Point]]:
    """Cut points, in their order, into batches of `size`; the last may be smaller."""
    return [points[start : start + size] for start in range(0, len(points), size)]
