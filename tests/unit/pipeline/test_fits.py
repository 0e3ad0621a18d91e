"""What the plan reads of fits that are trained, and of those that are given."""

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
