"""What a module does from call to call, and what one image tells another."""

import pytest

from prunescape.networks.module_checks import Use
from tests.helpers.own_networks import refusal


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NumpyNoise", "is random in training (random numbers of numpy.random): its replicates"),
        ("OwnGenerator", "is random in training ("),
        ("OwnGenerator", "the module (OwnGenerator)): its replicates could not be computed again"),
        ("monte_carlo_dropout", "is random in evaluation ("),
        ("monte_carlo_dropout", "2 (Always)): its replicates"),
        ("Counter", "steps changes with every call in training"),
        ("History", "seen changes with every call in training"),
        ("Cached", "gives other logits for the same images when it is called again in training"),
        ("Deciding", "decides by the numbers of all images in training ("),
        ("Deciding", "the module (Deciding) looks at a tensor's value"),
        ("Scaling", "decides by the numbers of all images in training ("),
        ("InPlaceOnImages", "changes the images that it is given in training"),
        ("batch_statistics", "mixes the images of a batch in evaluation: alone, one has the logit"),
        ("Squeezing", "(Squeezing) returns [4] for 1 images, expected logits [1, classes]"),
        ("Checkpointed", "one (Linear) is run again on the way back, as by torch.utils.checkpoint"),
        ("OwnSlope", "one.weight gets another gradient in training as one of several"),
    ],
)
def test_what_depends_on_more_than_an_image_is_named(name, message):
    assert message in refusal(name)


@pytest.mark.parametrize("name", ["Guarded", "Loud", "Remembering", "InPlace"])
def test_what_only_looks_prints_or_keeps_is_let_through(name):
    assert refusal(name) == ""


def with_batches(images, **sizes):
    return Use(4, "adam", "own", images, sizes)


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        (
            {"fits.adam.batch_size": 33},
            "fits.adam.batch_size: 33 leaves one of 100 training images",
        ),
        (
            {"fits.adam.batch_size": 20, "schedules.more.fit.batch_size": 99},
            "schedules.more.fit.batch_size: 99 leaves one of 100 training images alone",
        ),
        ({"fits.adam.batch_size": 1}, "fits.adam.batch_size: 1 leaves one of 100"),
    ],
)
def test_a_batch_of_one_image_is_tried_if_a_training_has_one(sizes, found):
    message = refusal("normed", with_batches(100, **sizes))
    assert found in message
    assert "2 (BatchNorm1d): " in message
    assert "Expected more than 1 value per channel" in message


def test_other_batches_and_modules_that_can_take_one_pass():
    assert refusal("normed", with_batches(100, size=20, other=34)) == ""
    assert refusal("Frozen", with_batches(100, size=33)) == ""
