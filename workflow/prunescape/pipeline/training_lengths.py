"""For how many epochs the networks of an arm are trained until they are evaluated.

Epochs are passes over the training images, from the first step to the evaluated network: those of
the fit, of the fit that it starts from, and of the schedule. The fit's don't count where nothing of
it is used: masks that a criterion knows before training, in a schedule that starts from initial
weights. Standard library only: the workflow imports this when it is parsed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from prunescape.pipeline import fits
from prunescape.pipeline.plan import Arm
from prunescape.pipeline.schedules import AT_START, REWOUND, Schedule, schedule


class Length(NamedTuple):
    """Epochs of training of an arm's networks."""

    fit: int
    """Of the fit, with the one that it starts from; 0 if nothing of it is used."""
    steps: Mapping[int, int]
    """Step of the schedule -> epochs after its pruning; steps before it come on top."""

    @property
    def total(self) -> int:
        """Epochs up to the last step."""
        return self.fit + sum(self.steps.values())


def length(config: Mapping[str, Any], study: str, fit: str, arm: Arm, known: bool) -> Length:
    """Return the length of the training of an arm's networks.

    Args:
        config: a valid config.
        study: the study.
        fit: name of the fit.
        arm: the arm, or a dense control.
        known: whether the arm's masks are known before training, as those that keep all weights.
    """
    course = schedule(config, study, arm.schedule)
    unused = known and course.start in AT_START
    before = 0 if unused else fits.epochs_in_all(config["catalogue"][study], fit)
    jobs = course.jobs(arm.points, config["levels_per_job"])
    steps = {point.step: course.epochs(part) for part, points in jobs.items() for point in points}
    return Length(before, steps or {point.step: 0 for point in arm.points})


def epochs_before(course: Schedule, fit: int, part: str) -> int:
    """Return the number of epochs before the first of a retraining job, on the fit's clock.

    Args:
        course: the job's schedule.
        fit: epochs of the fit; a training that is rewound repeats the last of them.
        part: the job's name.
    """
    if course.start in REWOUND:
        return fit - course.epochs(part)
    return fit + course.epochs_before(part)
