"""What a study assumes of a user's module is checked before training."""

import numpy as np
import pytest

from prunescape.networks import architectures, module_checks
from prunescape.networks.module_checks import Use
from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.factories import uint8_images
from tests.helpers.own_networks import (
    MIXED,
    MODULES,
    PERCEPTRON,
    SHAPES,
    UNUSUAL,
    refusal,
    unusual,
)


@pytest.mark.parametrize("named", SHAPES)
def test_the_check_passes_what_works(named):
    built = architectures.network(named, SHAPES[named])
    module_checks.check(built, SHAPES[named], Use(built.outputs, "adam", "own"))
    summary = module_checks.summary(built)
    assert len(summary["pruned"]) == len(built.weighted)


@pytest.mark.parametrize(("name", "path"), [("Beside", "shift"), ("Held", "scales.0")])
def test_the_check_passes_a_parameter_beside_layers(name, path):
    built = ModuleNetwork(f"{MODULES}:{name}", (1, 8, 8))
    module_checks.check(built, (1, 8, 8), Use(4, "adam", "own"))
    assert path in module_checks.summary(built)["not_pruned"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("UnusedNorm", r"parameter norm\.weight is not used in training"),
        ("Mixing", "mixes the images of a batch in evaluation: alone, one has"),
        ("Reading", r"two \(Linear\) has its weight or bias read; allowed: calling the layer"),
        ("Refusing", r"Refusing can't be run .*modules.py, line \d+: ValueError: too many images"),
        ("Counting", "changes buffers that its replicates share"),
    ],
)
def test_the_check_names_what_does_not_work_for_replicates(name, message):
    built = ModuleNetwork(f"{MODULES}:{name}", (1, 8, 8))
    with pytest.raises(ValueError, match=message) as raised:
        module_checks.check(built, (1, 8, 8), Use(4, "adam"))
    assert "\n" not in str(raised.value)


def test_the_check_counts_classes_and_knows_the_optimiser():
    perceptron, mixed = (ModuleNetwork(named, SHAPES[named]) for named in (PERCEPTRON, MIXED))
    with pytest.raises(ValueError, match="returns 4 logits, expected one for each of the 3"):
        module_checks.check(perceptron, SHAPES[PERCEPTRON], Use(3, "adam"))
    with pytest.raises(ValueError, match=r"has buffers \(own\.norm\.running_mean\)"):
        module_checks.check(mixed, SHAPES[MIXED], Use(3, "psgd"))


def test_the_summary_says_what_is_frozen():
    built = unusual("Frozen")
    assert module_checks.line(built) == (
        f"{UNUSUAL}:Frozen: 182 prunable weights in 2 layers: 2 learns, 3 last; 4 other trained "
        "parameters; frozen, neither trained nor pruned: fixed.weight, fixed.bias, learns.bias, "
        "norm.weight, norm.bias"
    )
    assert module_checks.summary(built)["frozen"]["fixed.weight"] == [3, 1, 3, 3]
    assert np.prod(built.weighted[0].shape) + np.prod(built.weighted[1].shape) == 182


def test_a_network_that_ends_in_softmax_is_refused():
    with pytest.raises(ValueError, match="returns probabilities in evaluation, as after softmax"):
        module_checks.check(unusual("Probable"), (1, 8, 8), Use(4, "adam", "given"))
    module_checks.check(unusual("LogProbable"), (1, 8, 8), Use(4, "adam", "given"))


def test_a_network_is_checked_with_images_as_a_fit_scales_them():
    images = uint8_images(20, (1, 8, 8))
    images[:, :, :, 0] = 7  # which standardised drops, with the image's shape
    use = Use(4, "adam")
    network = module_checks.checked(PERCEPTRON, images, "unit", use)
    assert network.shapes["1.weight"] == (7, 64)
    with pytest.raises(ValueError, match=r"perceptron can't take images of 56: "):
        module_checks.checked(PERCEPTRON, images, "standardised", use)
    with pytest.raises(ValueError, match="returns 4 logits, expected one for each of the 5"):
        module_checks.checked(PERCEPTRON, images, "unit", Use(5, "adam"))


def test_given_weights_that_nothing_trains_need_no_training_mode():
    built = unusual("NumpyNoiseInTraining")
    module_checks.check(built, (1, 8, 8), Use(4, "none", "given"))
    for use in (Use(4, "none", "given", 64, {"schedules.fine.fit.batch_size": 8}), Use(4, "adam")):
        with pytest.raises(ValueError, match="is random in training"):
            module_checks.check(built, (1, 8, 8), use)


def test_what_is_to_be_measured_anew_must_be_there():
    mixed = architectures.network(MIXED, SHAPES[MIXED])
    module_checks.check(mixed, SHAPES[MIXED], Use(3, "none", "given", recalibrated=True))
    perceptron = architectures.network(PERCEPTRON, SHAPES[PERCEPTRON])
    line = r"perceptron has no running statistics, which effects: \[recalibrate\] measures anew"
    with pytest.raises(ValueError, match=line):
        module_checks.check(perceptron, SHAPES[PERCEPTRON], Use(4, "adam", recalibrated=True))


def test_given_weights_may_come_to_modules_that_are_made_alike():
    assert "start with the same" in refusal("SeededMemory")
    assert "start with the same" not in refusal("SeededMemory", Use(4, "none", "given"))
