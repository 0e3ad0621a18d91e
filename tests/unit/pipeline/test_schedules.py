"""Schedules: which points, which jobs, and for how long."""

import pytest

from prunescape.pipeline import schedules
from prunescape.pipeline.schedules import Point

CONFIG = {
    "catalogue": {
        "study": {
            "schedules": {
                "tuned": {"kind": "retrain", "epochs": 3, "fit": {"batch_size": 9}},
                "fresh": {"kind": "retrain", "epochs": 5, "start": "initial"},
                "fine": {"kind": "chain", "steps": [["0", 1], ["0.50", 2], ["0.50", 4]]},
            }
        },
        "plain": {},
    }
}
LEVELS = ["0.10", "0.20", "0.30"]


def named(name):
    return schedules.schedule(CONFIG, "study", name)


@pytest.mark.parametrize("name", ["oneshot", "none"])
def test_one_shot_trains_nothing(name):
    found = schedules.schedule(CONFIG, "plain", name)
    points = found.points(LEVELS)
    assert points == (Point(0, "0.10"), Point(0, "0.20"), Point(0, "0.30"))
    assert (found.controls(), found.jobs(points, 2), found.changes) == ((), {}, {})
    assert not found.is_chain


def test_retraining_goes_in_batches_of_levels_from_the_fit():
    found = named("tuned")
    points = found.points(LEVELS)
    assert found.jobs(points, 2) == {"b1": list(points[:2]), "b2": [points[2]]}
    assert found.controls() == (Point(0, "0"),)
    assert [found.epochs("b1"), found.epochs_before("b2")] == [3, 0]
    assert (found.changes, found.start, found.is_chain) == ({"batch_size": 9}, None, False)
    assert named("fresh").start == "initial"
    assert found.level(points[1]) == "0.20"


def test_a_chain_has_levels_of_its_own_and_a_job_a_step():
    found = named("fine")
    points = found.points(LEVELS)
    assert points == (Point(0, "0"), Point(1, "0.50"), Point(2, "0.50"))
    assert found.jobs(points, 2) == {f"s{i}": [point] for i, point in enumerate(points)}
    assert [found.epochs(f"s{i}") for i in range(3)] == [1, 2, 4]
    assert [found.epochs_before(f"s{i}") for i in range(3)] == [0, 1, 3]
    # The dense control is trained as long, and compared with the networks of its step.
    controls = found.controls()
    assert controls == (Point(0, "0"), Point(1, "0"), Point(2, "0"))
    assert [found.level(point) for point in controls] == ["0", "0.50", "0.50"]
    assert found.is_chain


def test_an_optimiser_goes_on_through_a_chain_that_says_where_it_starts_anew():
    steps = [["0", 1], ["0.5", 1], ["0.9", 1], ["0.9", 1]]

    def states(**settings):
        found = schedules.Chain({"steps": steps, **settings})
        return [found.optimiser_state(f"s{step}") for step in range(4)]

    assert states() == [None] * 4
    assert states(new_optimiser=[]) == ["fresh", "kept", "kept", "kept"]
    assert states(new_optimiser=[2]) == ["fresh", "kept", "fresh", "kept"]
