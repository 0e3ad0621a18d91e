"""Replicates that don't start apart, or can't be made again, are found before training."""

import pytest

from prunescape.networks.module_checks import Use
from tests.helpers.own_networks import OWN, refusal

DRAWN = Use(4, "adam", "he_uniform")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Seeded", "seeds the random numbers of torch itself, so all replicates start with"),
        (
            "SeededInside",
            "seeds the random numbers of numpy.random itself, so all replicates start with",
        ),
        ("SeededMemory", "seeds the random numbers of torch itself"),
        ("Constant", "all replicates start with the same weights in every prunable layer (one."),
        ("Unseeded", "can't be made again: from the same random numbers, two.weight is another"),
        ("Continued", "can't be made again: from the same random numbers, two.weight is another"),
        ("RandomWidth", "makes another network every time (other parameters, shapes or"),
        ("RandomBeside", "matrix is another in every replicate, but lies beside layers"),
        ("RandomAttribute", "shift is another in every replicate, but lies beside layers or in no"),
    ],
)
def test_starts_that_a_study_can_not_use_are_named(name, message):
    assert message in refusal(name)


@pytest.mark.parametrize("name", ["ZeroHead", "Numpys", "Settings", "random_features"])
def test_constants_beside_random_weights_and_seeded_draws_pass(name):
    assert refusal(name) == ""


@pytest.mark.parametrize("name", ["Seeded", "Constant"])
def test_weights_that_the_config_draws_may_be_alike_before(name):
    assert refusal(name, DRAWN) == ""


def test_what_the_config_does_not_draw_may_not():
    assert "start with the same memory." in refusal("SeededMemory", DRAWN)
    assert "start with the same" in refusal("SeededMemory", OWN)
