"""Noise of a study: levels, networks, sparsities."""

import copy

import pytest

from prunescape.configuration import cross_checks as checks
from prunescape.configuration import validation
from prunescape.evaluation import noise_suites
from tests.helpers.configurations import NOISE, SMALL, STEPS, lines_of, problem_at, problems_at


@pytest.mark.parametrize("level", ["0", "0.0", "1.5", "-0.1", "68x"])
def test_noise_level_out_of_range(level):
    assert problem_at(f"{NOISE}.levels", ["0.10", level]).startswith(
        f"{NOISE}.levels[1]: found {level!r}; allowed: a decimal above 0 and up to 1 in quotes"
    )


@pytest.mark.parametrize("key", ["levels", "sparsities"])
def test_noise_twice_by_value(key):
    assert problem_at(f"{NOISE}.{key}", ["0.5", "0.90", "0.50"]) == (
        f"{NOISE}.{key}[2]: found '0.50', the same as '0.5' in [0]; allowed: each level once"
    )


def test_same_noise_in_two_entries():
    first = SMALL["catalogue"]["study"]["noise"][0]
    line = (
        "catalogue.study.noise[1].levels[0]: found '0.1', which [0] has for the same kind and "
        "sparsity; allowed: each once"
    )
    input_noise = "catalogue.study.noise"
    again = first | {"levels": ["0.1", "0.3"]}
    assert problems_at(input_noise, [first, again | {"sparsities": ["0.5", "0.9"]}]) == [line]
    del again["sparsities"]  # everywhere
    assert problems_at(input_noise, [first, again]) == [line]
    assert problems_at(input_noise, [first, again | {"sparsities": ["0.5"]}]) == []
    assert problems_at(input_noise, [first, again | {"kind": "gaussian"}]) == []
    assert problems_at(input_noise, [first | {"networks": ["net"]}, again]) == [line]


def test_the_same_noise_of_different_networks():
    config = copy.deepcopy(SMALL)
    study = config["catalogue"]["study"]
    study["fits"]["point"]["networks"] = ["net", "other"]
    first = study["noise"][0]
    study["noise"] = [first | {"networks": [name]} for name in ("net", "other")]
    assert list(checks.cross_checks(config)) == []


def test_networks_of_noise_are_those_of_the_fits():
    assert problem_at(f"{NOISE}.networks", ["net", "nett"]) == (
        f"{NOISE}.networks[1]: found 'nett', perhaps net is meant; "
        "allowed: a network of the study's fits (net)"
    )


def test_noise_at_the_levels_of_a_chain():
    steps = [["0", 1], ["0.50", 1], ["68x", 1]]
    levels = ["0", "0.90", "68x"]
    assert lines_of({STEPS: steps, f"{NOISE}.sparsities": levels}) == []
    assert lines_of({STEPS: steps, f"{NOISE}.sparsities": [*levels, "0.80"]}) == [
        f"{NOISE}.sparsities[3]: found '0.80'; "
        "allowed: 0 (dense) or a level of the arms (0, 0.50, 0.90, 68x)"
    ]


def test_noise_sparsity_that_no_arm_has():
    assert problem_at(f"{NOISE}.sparsities", ["0", "0.5", "0.95"]) == (
        f"{NOISE}.sparsities[2]: found '0.95'; "
        "allowed: 0 (dense) or a level of the arms (0, 0.50, 0.90)"
    )


def test_suites_stand_for_their_kinds():
    place = "catalogue.study.noise"
    assert problems_at(place, {"suite": "mnist_c", "sparsities": ["0", "0.90"]}) == []
    assert problems_at(place, {"suite": "cifar_c", "severities": [1, 5]}) == []
    both = [SMALL["catalogue"]["study"]["noise"][0], {"kind": "cifar_c", "levels": ["0.6"]}]
    assert problems_at(place, both) == []
    config = copy.deepcopy(SMALL)
    config["catalogue"]["study"]["noise"] = {"suite": "mnist_c"}
    validation.validate(config)
    kinds = [each["kind"] for each in config["catalogue"]["study"]["noise"]]
    assert kinds == list(noise_suites.SUITES["mnist_c"].kinds)
    validation.validate(config)  # as each job does


def test_an_unknown_suite_or_severity():
    place = "catalogue.study.noise"
    assert problem_at(place, {"suite": "mnist_d"}) == (
        f"{place}.suite: found 'mnist_d', perhaps mnist_c is meant; allowed: mnist_c, cifar_c"
    )
    assert problem_at(place, {"suite": "mnist_c", "severities": [3]}) == (
        f"{place}.severities[0]: found 3; allowed: 5 with mnist_c"
    )
    assert problem_at(f"{NOISE}", {"kind": "cifar_c_fog", "levels": ["0.2", "0.5"]}) == (
        f"{NOISE}.levels[1]: found '0.5' for cifar_c_fog; allowed: '0.20', '0.40', '0.60', "
        "'0.80', '1.00' (severity / 5)"
    )
