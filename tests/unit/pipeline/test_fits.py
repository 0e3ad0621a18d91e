"""What the plan reads of fits that are trained, and of those that are given."""

import pytest

from prunescape.pipeline import fits
from tests.helpers.jobs import filled

TRAINED = filled()["catalogue"]["study"]["fits"]["vi"]
GIVEN = {"kind": "given", "weights": ["a.safetensors"], "posterior": False}


def test_a_fit_is_trained_unless_it_says_otherwise():
    assert not fits.is_given(TRAINED)
    assert not fits.is_given({"kind": "trained"})
    assert fits.is_given(GIVEN)


def test_given_weights_have_an_objective_but_no_training():
    assert fits.objective(GIVEN) == {"kind": "likelihood", "softmax": "once"}
    assert fits.objective(GIVEN | {"posterior": True}) == {"kind": "variational"}
    assert (fits.optimiser(GIVEN), fits.epochs(GIVEN)) == ("none", 0)


def test_a_trained_fit_has_its_own():
    assert fits.objective(TRAINED) is TRAINED["objective"]
    assert (fits.optimiser(TRAINED), fits.epochs(TRAINED)) == ("adam", 2)


POINT = {"objective": {"kind": "likelihood"}, "optimiser": {"kind": "sgd"}, "batch_size": 50}


@pytest.mark.parametrize(
    ("settings", "images", "words"),
    [
        ({}, None, ""),
        ({}, 51, ""),
        ({}, 50, "batch_size: 50, one batch with all images"),
        ({"first_epoch_batch_size": 20}, 50, ""),
        ({"first_epoch_batch_size": 60}, 50, "first_epoch_batch_size: 60, one batch with all"),
        ({"batch_size": "x"}, 50, ""),
        ({"shuffle": False}, None, "shuffle: false"),
        ({"shuffle": False, "augmentation": {"flip": False}}, None, "shuffle: false"),
        ({"shuffle": False, "augmentation": {"flip": True}}, None, ""),
        ({"shuffle": False, "objective": {"kind": "variational"}}, None, ""),
        ({"shuffle": False, "optimiser": {"kind": "psgd"}}, None, ""),
        ({"replacement": True}, 50, ""),
        ({"kind": "given"}, 50, ""),
    ],
)
def test_what_leaves_only_the_starts_apart(settings, images, words):
    found = fits.alike(POINT | settings, images)
    assert found.startswith(words)
    assert bool(found) == bool(words)
