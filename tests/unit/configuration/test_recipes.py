"""Recipes: settings that don't go together are named."""

import pytest

from tests.helpers.configurations import FIT, lines_of, problems, problems_at

POINT = "catalogue.study.fits.point"
SGD = {"kind": "sgd", "learning_rate": 0.1}


@pytest.mark.parametrize(
    ("optimiser", "place", "line"),
    [
        (
            {"nesterov": True},
            "nesterov",
            "found true without momentum; allowed: momentum above 0",
        ),
        (
            {"warm_up": {"epochs": 2, "start": 0.1}},
            "warm_up.epochs",
            "found 2 with epochs: 2; allowed: a number below that",
        ),
        (
            {
                "warm_up": {"epochs": 1, "start": 0.1},
                "decay": {"kind": "one_cycle", "rise": 0.3, "start": 0.1, "end": 0.1},
            },
            "warm_up",
            "found with decay.kind: one_cycle, which rises by itself; allowed: one of the two",
        ),
        (
            {"decay": {"kind": "step", "epochs": [3, 2], "factor": 0.1}},
            "decay.epochs",
            "found [3, 2]; allowed: numbers that rise",
        ),
    ],
)
def test_settings_of_an_optimiser_go_together(optimiser, place, line):
    assert problems_at(f"{POINT}.optimiser", SGD | optimiser) == [
        f"{POINT}.optimiser.{place}: {line}"
    ]


def test_a_whole_recipe_is_allowed():
    decay = {"rate": 0.0005, "reaches": "weights"}
    recipe = {"momentum": 0.9, "nesterov": True, "weight_decay": decay, "clip_norm": 1.0}
    recipe |= {"average": 0.99, "warm_up": {"epochs": 1, "start": 0}, "decay": {"kind": "cosine"}}
    augmentation = {"crop": {"padding": 4}, "flip": True, "cutout": {"size": 8}}
    assert (
        problems(
            catalogue__study__fits__point__optimiser=SGD | recipe,
            catalogue__study__fits__point__augmentation=augmentation | {"mixup": {"alpha": 0.2}},
            catalogue__study__fits__point__objective={"kind": "likelihood", "label_smoothing": 0.1},
        )
        == []
    )


@pytest.mark.parametrize(
    ("key", "value"), [("weight_decay", {"rate": 0.1, "reaches": "all"}), ("average", 0.9)]
)
def test_a_posterior_has_no_decay_and_no_average(key, value):
    assert problems_at(f"{FIT}.optimiser.{key}", value) == [
        f"{FIT}.optimiser.{key}: found with objective.kind: variational; allowed: only with "
        "likelihood"
    ]


def test_preconditioned_sgd_sees_the_images_as_they_are():
    found = problems(
        catalogue__study__fits__point__optimiser={"kind": "psgd", "floor": 0.1},
        catalogue__study__fits__point__augmentation={"flip": True},
        catalogue__study__fits__point__objective={"kind": "likelihood", "label_smoothing": 0.1},
    )
    allowed = "found with optimiser.kind: psgd; allowed: only with adam, sgd"
    assert found == [
        f"{POINT}.{key}: {allowed}" for key in ("augmentation", "objective.label_smoothing")
    ]


def test_squares_are_cut_out_of_whole_images():
    (line,) = problems(
        catalogue__study__fits__point__scaling="standardised",
        catalogue__study__fits__point__augmentation={"cutout": {"size": 4}},
    )
    assert line == (
        f"{POINT}.augmentation.cutout: found with scaling: standardised, which drops pixels; "
        "allowed: another scaling"
    )


def test_a_schedule_is_longer_than_the_warm_up_of_its_fit():
    warm = {"warm_up": {"epochs": 1, "start": 0}}
    (line,) = lines_of({f"{POINT}.optimiser": SGD | warm})
    assert line == (
        "catalogue.study.arms[1].schedules[0]: found 'fine', which trains 1 epochs, with a warm-up "
        "of 1; allowed: schedules.fine.fit.optimiser with a shorter one"
    )
    own = {"catalogue.study.schedules.fine.fit": {"optimiser": SGD}}
    assert lines_of({f"{POINT}.optimiser": SGD | warm} | own) == []


def test_preconditioned_sgd_retrains_no_augmented_fit():
    own = {"catalogue.study.schedules.fine.fit": {"optimiser": {"kind": "psgd", "floor": 0.1}}}
    (line,) = lines_of({f"{POINT}.augmentation": {"flip": True}} | own)
    assert line == (
        "catalogue.study.arms[1].schedules[0]: found 'fine' with optimiser.kind: psgd, for a fit "
        "with augmentation; allowed: only with adam, sgd"
    )


@pytest.mark.parametrize(
    ("changes", "found", "allowed"),
    [
        (
            {"catalogue.study.schedules.tuned.fit": {"optimiser": {"kind": "psgd", "floor": 0.1}}},
            "optimiser.kind: psgd",
            "adam, sgd",
        ),
        ({f"{POINT}.objective.softmax": "twice"}, "objective.softmax: twice", "once"),
        (
            {f"{POINT}.objective.loss": "docs/examples/hoyer.py:hoyer"},
            "objective.loss",
            "fits without",
        ),
    ],
)
def test_a_teacher_is_heard_by_plain_likelihoods(changes, found, allowed):
    taught = {"catalogue.study.schedules.tuned.distillation": {"temperature": 4.0, "weight": 0.5}}
    arm = {"schedules": ["tuned"], "levels": ["0.50"]}
    assert lines_of(taught, **arm) == []
    assert (
        "catalogue.study.arms[1].schedules[0]: found 'tuned', which has a distillation, with "
        f"{found}; allowed: {allowed}"
    ) in lines_of(taught | changes, **arm)


def test_a_training_that_is_repeated_has_no_teacher():
    taught = {
        "catalogue.study.schedules.tuned.distillation": {"temperature": 4.0, "weight": 0.5},
        "catalogue.study.schedules.tuned.start": "rewound",
    }
    assert (
        "catalogue.study.schedules.tuned.distillation: found with start: rewound, which trains as "
        "the fit did; allowed: left out"
    ) in lines_of(taught)
