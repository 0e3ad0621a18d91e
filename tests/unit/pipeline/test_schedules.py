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
                "moving": {
                    "kind": "rigl",
                    "epochs": 4,
                    "start": "initial",
                    "updates": {"every": 100, "until": 0.75, "fraction": 0.3},
                    "fit": {"batch_size": 9},
                },
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


@pytest.mark.parametrize(("kind", "growth"), [("rigl", "gradient"), ("set", "random")])
def test_where_masks_change_a_job_trains_one_level(kind, growth):
    block = CONFIG["catalogue"]["study"]["schedules"]["moving"] | {"kind": kind}
    found = schedules.KINDS[kind](block)
    points = found.points(LEVELS)
    assert found.jobs(points, 2) == {f"d{point.level}": [point] for point in points}
    assert found.jobs(found.controls(), 2) == {"d0": [Point(0, "0")]}
    assert (found.epochs("d0.10"), found.epochs_before("d0.10"), found.start) == (4, 0, "initial")
    assert found.changes == {
        "batch_size": 9,
        "rewiring": {"growth": growth, "every": 100, "until": 0.75, "fraction": 0.3},
    }
    assert (found.rewires, found.is_chain) == (True, False)
    assert not any(named(name).rewires for name in ("oneshot", "tuned", "fine"))


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


@pytest.mark.parametrize(("level", "number"), [("0.90", 10), ("0.5", 3), ("68x", 7), ("0.8", 1)])
def test_gradual_pruning_is_zhu_and_guptas_equation(level, number):
    block = {"kind": "gradual", "level": level, "prunings": number, "every": 2, "last": 5}
    found = schedules.gradual(block)
    final = 1 - 1 / 68 if level == "68x" else float(level)
    points = found.points(())
    assert [point.step for point in points] == list(range(number))
    for t, point in enumerate(points[:-1], 1):
        # s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3 with s_i = 0, t_0 = 0, dt = 1.
        expected = final + (0 - final) * (1 - t / number) ** 3
        assert float(point.level) == pytest.approx(expected, abs=6e-7)
    assert points[-1].level == level
    assert [found.epochs(f"s{i}") for i in range(number)] == [2] * (number - 1) + [5]
    states = [found.optimiser_state(f"s{i}") for i in range(number)]
    assert states == ["fresh", *["kept"] * (number - 1)]
    assert found.is_chain
    study = {"catalogue": {"study": {"schedules": {"slow": block}}}}
    assert schedules.schedule(study, "study", "slow").points(()) == points


def test_a_chain_may_start_anew_at_every_step():
    steps = [["0.5", 3], ["0.75", 3]]
    assert schedules.Chain({"steps": steps}).start is None
    assert schedules.Chain({"steps": steps, "start": "initial"}).start == "initial"
