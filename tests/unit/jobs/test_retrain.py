"""Jobs of retrain.smk: arms that train on under masks, from which checkpoint, how long."""

import json

from prunescape.configuration import validation
from prunescape.jobs import common, evaluate, retrain, targets
from prunescape.pipeline import plan
from tests.helpers.configurations import changed
from tests.helpers.given import FILES, with_given
from tests.helpers.jobs import filled, job

CONFIG = filled()
POINT = "results/small/study/digits/net/point/r1-2"


def trained(schedule, part, **names):
    return job(schedule=schedule, part=part, **{"fit": "point"} | names)


FIRST, SECOND = trained("tuned", "b1"), trained("tuned", "b2")
STEPS = [trained("fine", f"s{step}") for step in range(4)]


def test_a_batch_trains_its_levels_with_every_effect_and_the_first_the_control():
    pruned = [
        ["magnitude", "global", effect, level]
        for effect in ("zero", "freeze")
        for level in ("0.50", "0.70")
    ]
    control = ["none", "none", "none", "0"]
    assert json.loads(retrain.retrained_arms(CONFIG, FIRST)) == [control, *pruned]
    assert json.loads(retrain.retrained_arms(CONFIG, SECOND)) == [
        ["magnitude", "global", effect, "0.90"] for effect in ("zero", "freeze")
    ]


def test_masks_are_read_of_each_level_but_the_controls():
    assert retrain.retrained_levels(CONFIG, FIRST) == ["0.50", "0.70"]
    assert retrain.retrained_masks(CONFIG, FIRST) == [
        f"{POINT}/prune/exact_k/{level}/masks.safetensors" for level in ("0.50", "0.70")
    ]
    assert retrain.retrained_levels(CONFIG, STEPS[2]) == ["0.90"]
    assert retrain.retrained_masks(CONFIG, STEPS[2]) == [
        f"{POINT}/prune_step/fine/s2/masks.safetensors"
    ]


def test_a_step_goes_on_from_the_one_before():
    assert [retrain.retraining_start(CONFIG, step) for step in STEPS] == [
        f"{POINT}/train/checkpoint.safetensors",
        *(f"{POINT}/retrain/fine/s{before}/checkpoint.safetensors" for before in range(3)),
    ]


def test_a_level_whose_masks_change_starts_at_its_first_and_makes_others():
    updates = {"every": 9}
    moving = {"kind": "set", "epochs": 7, "updates": updates, "start": "initial"}
    config = filled(
        {
            "catalogue.study.schedules.moving": moving,
            "catalogue.study.arms[2].schedules": ["moving"],
            "catalogue.study.arms[2].effects": ["zero"],
        }
    )
    part = trained("moving", "d0.70")
    assert json.loads(retrain.retrained_arms(config, part)) == [
        ["magnitude", "global", "zero", "0.70"]
    ]
    first = f"{POINT}/prune/exact_k/0.70/masks.safetensors"
    assert retrain.retrained_masks(config, part) == [first]
    control = trained("moving", "d0")
    assert json.loads(retrain.retrained_arms(config, control)) == [["none", "none", "none", "0"]]
    assert retrain.retrained_masks(config, control) == []
    found = json.loads(retrain.retraining_settings(config, part))
    assert found["rewiring"] == {"growth": "random", "every": 9, "until": 0.75, "fraction": 0.3}
    assert (found["epochs"], found["start"]) == (7, "initial")
    # Whoever reads the arm's masks reads those that training made.
    made = f"{POINT}/retrain/moving/d0.70/masks.safetensors"
    [arm] = [
        each
        for each in plan.arms(config, "study", "point", "net")
        if each.scope == "global" and each.schedule == "moving"
    ]
    assert common.masks_path(config, part, arm, arm.points[1]) == made
    assert {first, made} <= set(targets.intermediates(config))
    named = {"fit": "point", "schedule": "moving", "batch": "1"}
    evaluated = job(criterion="magnitude", scope="global", selection="exact_k", **named)
    assert evaluate.evaluated_masks(config, evaluated)[1] == made
    assert evaluate.evaluated_checkpoints(config, evaluated) == [
        f"{POINT}/retrain/moving/d{level}/checkpoint.safetensors" for level in ("0.50", "0.70")
    ]


def test_a_schedule_changes_some_of_the_fits_settings():
    optimiser = {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.5}
    tuned = {"kind": "retrain", "epochs": 7, "fit": {"optimiser": optimiser}, "start": "redrawn"}
    config = changed(CONFIG, {"catalogue.study.schedules.tuned": tuned})
    assert json.loads(retrain.retraining_settings(config, FIRST)) == {
        "optimiser": optimiser,
        "batch_size": 32,
        "shuffle": True,
        "replacement": False,
        "objective": {"kind": "likelihood", "softmax": "once"},
        "epochs": 7,
        "start": "redrawn",
        "initial_weights": {"distribution": "zeros"},
    }
    assert "start" not in json.loads(retrain.retraining_settings(CONFIG, FIRST))


def test_a_teacher_is_part_of_the_objective_and_of_the_costs():
    taught = {"temperature": 4.0, "weight": 0.5}
    config = filled({"catalogue.study.schedules.tuned.distillation": taught})
    settings = json.loads(retrain.retraining_settings(config, FIRST))
    plain = json.loads(retrain.retraining_settings(CONFIG, FIRST))
    assert settings == plain | {"objective": plain["objective"] | {"distillation": taught}}
    lengths = json.loads(evaluate.training_lengths(config))
    assert {each["schedule"] for each in lengths if each["taught"]} == {"tuned"}
    assert not any(each["taught"] for each in json.loads(evaluate.training_lengths(CONFIG)))


def test_what_goes_back_trains_the_last_epochs_of_the_fit():
    tuned = {"kind": "retrain", "epochs": 1, "start": "rewound"}
    point = "catalogue.study.fits.point"
    config = changed(
        CONFIG,
        {"catalogue.study.schedules.tuned": tuned, f"{point}.first_epoch_batch_size": 8},
    )
    assert json.loads(retrain.retraining_settings(config, FIRST)) == {
        "optimiser": CONFIG["catalogue"]["study"]["fits"]["point"]["optimiser"],
        "batch_size": 32,
        "first_epoch_batch_size": 8,
        "shuffle": True,
        "replacement": False,
        "objective": {"kind": "likelihood", "softmax": "once"},
        "epochs": 2,
        "span": [1, 2],
        "start": "rewound",
        "initial_weights": {"distribution": "zeros"},
    }
    assert retrain.epochs_before(config, FIRST) == 0


def test_a_posterior_trains_on_as_a_point_and_a_point_as_it_did():
    posterior = json.loads(retrain.retraining_settings(CONFIG, trained("tuned", "b1", fit="vi")))
    assert posterior["objective"] == {"kind": "likelihood", "softmax": "once"}
    assert posterior["optimiser"] == {"kind": "adam", "learning_rate": 0.001}
    config = changed(CONFIG, {"catalogue.study.fits.point.objective.softmax": "twice"})
    point = json.loads(retrain.retraining_settings(config, FIRST))
    assert point["objective"] == {"kind": "likelihood", "softmax": "twice"}


def test_steps_train_for_their_epochs_after_all_before():
    epochs = [json.loads(retrain.retraining_settings(CONFIG, step))["epochs"] for step in STEPS]
    assert epochs == [1, 1, 2, 2]
    # 2 epochs of the fit come first.
    assert [retrain.epochs_before(CONFIG, step) for step in STEPS] == [2, 3, 4, 6]
    assert retrain.epochs_before(CONFIG, SECOND) == 2


def test_a_step_is_told_whether_its_optimiser_goes_on():
    key = f"catalogue.study.schedules.{STEPS[0].schedule}.new_optimiser"
    config = changed(CONFIG, {key: [2]})
    found = [json.loads(retrain.retraining_settings(config, step)) for step in STEPS]
    assert [each["optimiser_state"] for each in found] == ["fresh", "kept", "fresh", "kept"]
    assert "optimiser_state" not in json.loads(retrain.retraining_settings(CONFIG, STEPS[0]))


def test_given_weights_train_on_as_their_schedule_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()
    optimiser = {"kind": "adam", "learning_rate": 0.01}
    how = {"kind": "retrain", "epochs": 7, "fit": {"optimiser": optimiser, "batch_size": 8}}
    config = with_given({"catalogue.study.schedules": {"tuned": how}}, posterior=True)
    validation.validate(config)
    place = trained("tuned", "b1", fit="mine")
    assert json.loads(retrain.retraining_settings(config, place)) == {
        "optimiser": optimiser,
        "batch_size": 8,
        "shuffle": True,
        "replacement": False,
        "objective": {"kind": "likelihood", "softmax": "once"},
        "epochs": 7,
    }
    assert retrain.epochs_before(config, place) == 0
