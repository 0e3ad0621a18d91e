"""Schedules: how networks are trained after pruning, as the plan and the jobs see it.

A schedule decides at which points its arms are pruned, which retraining jobs train the pruned
networks, and for how many epochs. `schedule` chooses the class by the `kind` in the config. The
room `pruning` has the code that the jobs run. A new kind needs a class, an entry in `KINDS` and one
in the config's schema. Standard library only: the workflow imports this when it is parsed.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from prunescape.foundations import levels
from prunescape.foundations.choices import choose

Settings = Mapping[str, Any]


class Point(NamedTuple):
    """A level and its step in a schedule; step 0 if the schedule has no steps."""

    step: int
    level: str


class Schedule(Protocol):
    """How networks are trained after pruning.

    A retraining job trains some points of every arm of the schedule. The job's name, `part`, is
    "s<step>" for a step of a chain, "b<batch>", from 1, for points that train independently, and
    "d<level>" for those whose masks change in training.
    """

    @property
    def is_chain(self) -> bool:
        """Whether a point prunes the networks of the point before, instead of the fit's."""
        ...

    @property
    def rewires(self) -> bool:
        """Whether training changes the masks; each job then makes masks too, those of one level."""
        ...

    @property
    def dense_share(self) -> float:
        """Share of training's steps that take the gradient of all weights, held ones too."""
        ...

    @property
    def changes(self) -> Settings:
        """Settings of training after pruning that the fit has otherwise, or not at all."""
        ...

    @property
    def distillation(self) -> Settings | None:
        """Temperature and weight by which the unpruned networks teach the pruned ones, if so."""
        ...

    @property
    def start(self) -> str | None:
        """Where training starts: initial, redrawn, rewound, rewound_rate, or None: where it ended.

        `retraining.retrain` says what these words mean.
        """
        ...

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return an arm's points for its levels, which are decimal strings in [0, 1]."""
        ...

    def controls(self) -> tuple[Point, ...]:
        """Return the points of the dense control, a dense network that trains just as long.

        The tuple is empty if the schedule doesn't train.
        """
        ...

    def level(self, point: Point) -> str:
        """Return the level of the pruned networks that a point is compared with.

        It is `point.level`; for a chain, whose dense control has level "0", the level of the step.
        """
        ...

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return part -> the points of an arm that this retraining job trains, in order.

        Args:
            points: all points of the arm.
            size: the most points that a job trains, if points train independently.
        """
        ...

    def epochs(self, part: str) -> int:
        """Return the number of epochs that a retraining job trains for."""
        ...

    def epochs_before(self, part: str) -> int:
        """Return the number of epochs that the schedule's earlier jobs trained the networks for."""
        ...

    def optimiser_state(self, part: str) -> str | None:
        """Return whether a retraining job's optimiser goes on: `kept` from the job before, `fresh`.

        None means that every job's optimiser starts anew, and that none is kept.
        """
        ...


class _Independent:
    """A schedule with one point for every level of an arm; points don't depend on each other."""

    is_chain = False
    rewires = False
    dense_share = 0.0
    distillation: Settings | None = None

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return a point for each level."""
        return tuple(Point(0, level) for level in levels)

    def level(self, point: Point) -> str:
        """Return `point.level`."""
        return point.level

    def optimiser_state(self, part: str) -> str | None:
        """Return None: no job follows another."""
        return None


class OneShot(_Independent):
    """Networks are pruned to every level and not trained afterwards."""

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
    """Networks are pruned to every level, then trained, independently of other levels."""

    def __init__(self, settings: Settings) -> None:
        """`settings`: epochs; fit, start and distillation if the config has them."""
        self._epochs: int = settings["epochs"]
        self.distillation: Settings | None = settings.get("distillation")
        self.changes: Settings = settings.get("fit", {})
        self.start: str | None = settings.get("start")

    def controls(self) -> tuple[Point, ...]:
        """Return one point: dense training is the same for all levels."""
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


class Rewired(Retrain):
    """Networks are pruned to every level, then trained while kept weights change places."""

    rewires = True

    def __init__(self, settings: Settings) -> None:
        """`settings`: kind, epochs and updates; fit and start if the config has them."""
        super().__init__(settings)
        rewiring = settings["updates"] | {"growth": GROWTHS[settings["kind"]]}
        self.changes = {**self.changes, "rewiring": rewiring}
        if rewiring["growth"] == "gradient":
            self.dense_share: float = rewiring["until"] / rewiring["every"]

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return a job for every level."""
        return {f"d{point.level}": [point] for point in points}


class Chain:
    """Networks are pruned and trained in steps; a step prunes the networks of the step before."""

    is_chain = True
    rewires = False
    dense_share = 0.0
    distillation: Settings | None = None

    def __init__(self, settings: Settings) -> None:
        """Take the config's block.

        `settings`: steps, a list of (level, epochs after it); fit, new_optimiser and start if the
        config has them.
        """
        self._new_optimiser: Sequence[int] | None = settings.get("new_optimiser")
        self._steps: Sequence[tuple[str, int]] = settings["steps"]
        self.changes: Settings = settings.get("fit", {})
        self.start: str | None = settings.get("start")

    def points(self, levels: Sequence[str]) -> tuple[Point, ...]:
        """Return a point for every step; the levels are the chain's, not the arm's."""
        return tuple(Point(step, level) for step, (level, _) in enumerate(self._steps))

    def controls(self) -> tuple[Point, ...]:
        """Return a point for every step."""
        return tuple(Point(step, "0") for step, _ in enumerate(self._steps))

    def level(self, point: Point) -> str:
        """Return the level of the point's step."""
        return self._steps[point.step][0]

    def jobs(self, points: Sequence[Point], size: int) -> dict[str, list[Point]]:
        """Return a job for every step."""
        return {f"s{point.step}": [point] for point in points}

    def epochs(self, part: str) -> int:
        """Return the step's epochs."""
        return self._steps[int(part[1:])][1]

    def epochs_before(self, part: str) -> int:
        """Return the epochs of all steps before."""
        return sum(epochs for _, epochs in self._steps[: int(part[1:])])

    def optimiser_state(self, part: str) -> str | None:
        """Return `fresh` for the first step and those of new_optimiser, `kept` for the others."""
        if self._new_optimiser is None:
            return None
        return "fresh" if int(part[1:]) in (0, *self._new_optimiser) else "kept"


def gradual(settings: Settings) -> Chain:
    """Return the chain of a gradual schedule, through which one optimiser goes on.

    `settings`: as of `gradual_steps`; fit if the config has it.
    """
    return Chain({**settings, "steps": gradual_steps(settings), "new_optimiser": []})


def gradual_steps(
    settings: Settings, shares: Sequence[float | Fraction] | None = None
) -> list[tuple[str, int]]:
    """Return the steps of gradual pruning: level, and the epochs after it.

    Zhu and Gupta (2017), arXiv 1710.01878, equation 1: of n steps to the sparsity s the t-th prunes
    to s - s (1 - t / n)^3, from a dense network. Levels have six decimals, the last is s itself.

    Args:
        settings: level s, prunings n, every (epochs between two), last (epochs after the last).
        shares: of s that each step reaches, instead of these.
    """
    final, number = settings["level"], settings["prunings"]
    whole = levels.fraction(final)
    if shares is None:
        shares = [1 - (1 - Fraction(t, number)) ** 3 for t in range(1, number + 1)]
    rising = [whole * Fraction(share) for share in shares[:-1]]
    between = [(f"{round(share * 10**6) / 10**6:.6f}", settings["every"]) for share in rising]
    return [*between, (final, settings["last"])]


GROWTHS = {"rigl": "gradient", "set": "random"}
"""Kinds whose training changes the masks -> which weights it grows."""
KINDS: dict[str, Callable[[Settings], Schedule]] = {
    "retrain": Retrain,
    "chain": Chain,
    "gradual": gradual,
    **dict.fromkeys(GROWTHS, Rewired),
}
CHAINS = ("chain", "gradual")
"""Kinds whose steps go on from each other."""
AT_START = ("initial", "redrawn")
"""Starts that read nothing of the fit's training."""
REWOUND = ("rewound", "rewound_rate")
"""Starts of a training that repeats the last epochs of the fit's."""


def schedule(config: Mapping[str, Any], study: str, name: str) -> Schedule:
    """Return a schedule of a study; `oneshot`, and `none` for dense networks, need no entry.

    ValueError if the study has no such schedule, or its kind is unknown.
    """
    entries = config["catalogue"][study].get("schedules", {})
    key = f"catalogue.{study}.schedules"
    entry = choose({"none": None, "oneshot": None, **entries}, name, key)
    return choose(KINDS, entry["kind"], f"{key}.{name}.kind")(entry) if entry else OneShot()


def batches(points: Sequence[Point], size: int) -> list[Sequence[Point]]:
    """Cut points, in their order, into batches of `size`; the last may be smaller."""
    return [points[start : start + size] for start in range(0, len(points), size)]
